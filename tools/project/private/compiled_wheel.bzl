"""compiled_wheel: a source archive that compiles code, built in the root of an image."""

load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")
load("//tools/oci:providers.bzl", "ImageInfo", "LayerInfo")

# Begins the names of layers of Python packages; interpreter.py has the same word for the directory.
_WHEELS = "wheels: "

_CompiledInfo = provider(
    doc = "How a wheel was compiled, so that a test can do it again.",
    fields = {
        "facts": "dict: option of the program -> string",
        "files": "dict: option of the program -> list of Files",
        "wheel": "File: what was made.",
    },
)

def _compiled_wheel_impl(ctx):
    base = ctx.attr.base[ImageInfo]
    file = "{}-{}-{}.whl".format(ctx.attr.distribution.replace("-", "_"), ctx.attr.version, ctx.attr.tag)

    # In its own directory: the wheel's name is not the target's.
    wheel = ctx.actions.declare_file("{}/{}".format(ctx.label.name, file))
    below = [layer for layer in base.layers if not layer.created_by.startswith(_WHEELS)]
    layers = [layer.blob for layer in below + [layer[LayerInfo] for layer in ctx.attr.layers]]
    made = _CompiledInfo(
        facts = {
            "--arch": base.architecture,
            "--name": ctx.attr.distribution,
            "--python": ctx.attr.python,
            "--version": ctx.attr.version,
        },
        files = {
            "--backend": ctx.files.backends,
            "--layer": layers,
            "--proot": [ctx.file._rootless],
            "--sdist": [ctx.file.sdist],
        },
        wheel = wheel,
    )
    args = ctx.actions.args()
    for option, value in made.facts.items():
        args.add(option, value)
    for option, files in made.files.items():
        args.add_all(files, before_each = option, expand_directories = False)
    args.add("--wheel", wheel)
    run_python(
        ctx,
        program = ctx.attr._program,
        module = "tools.project.compiled",
        arguments = [args],
        inputs = [ctx.file.sdist] + layers + ctx.files.backends,
        tools = [ctx.file._rootless],
        outputs = [wheel],
        mnemonic = "CompiledWheel",
        progress_message = "Compiling {} of {}".format(file, ctx.file.sdist.basename),
    )
    return [DefaultInfo(files = depset([wheel])), made]

compiled_wheel = rule(
    doc = """\
Build a source archive that compiles code by its own build backend (PEP 517), in the root of an image.

Without network or privileges: by a user namespace, else by proot. Code for arm64 is compiled by emulation.
""",
    implementation = _compiled_wheel_impl,
    attrs = {
        "backends": attr.label_list(allow_files = True, doc = "wheel_library targets of the build backends."),
        "base": attr.label(mandatory = True, providers = [ImageInfo], doc = "The image; its Python packages are left out."),
        "distribution": attr.string(mandatory = True, doc = "Normalised name of the distribution."),
        "layers": attr.label_list(providers = [LayerInfo], doc = "What comes on top of the image: compilers, and what is compiled against."),
        "python": attr.string(mandatory = True, doc = "Version of the image's Python, such as 3.11."),
        "sdist": attr.label(allow_single_file = True, mandatory = True, doc = "The source archive."),
        "tag": attr.string(mandatory = True, doc = "The wheel's tag, such as cp311-cp311-linux_x86_64."),
        "version": attr.string(mandatory = True, doc = "Version of the distribution."),
        "_program": attr.label(default = "//tools/project:compiled"),
        "_rootless": attr.label(allow_single_file = True, default = "//tools/host/rootless:tools"),
    } | PYTHON_ATTRS,
)

def _compiled_again_arguments_impl(ctx):
    made = ctx.attr.wheel[_CompiledInfo]
    lines = ["{}={}".format(option, value) for option, value in made.facts.items()]
    for option, files in made.files.items():
        lines += ["{}={}".format(option, file.short_path) for file in files]
    lines += ["--wheel={}".format(made.wheel.basename), "--compare={}".format(made.wheel.short_path)]
    output = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(output, "\n".join(lines) + "\n")
    runfiles = [output, made.wheel] + [file for files in made.files.values() for file in files]
    return [DefaultInfo(files = depset([output]), runfiles = ctx.runfiles(runfiles))]

compiled_again_arguments = rule(
    doc = "Write the arguments of the program that compiles a wheel once more and compares it; add what they name to the runfiles.",
    implementation = _compiled_again_arguments_impl,
    attrs = {"wheel": attr.label(mandatory = True, providers = [_CompiledInfo], doc = "A compiled_wheel.")},
)
