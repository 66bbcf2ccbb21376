"""Python packages of this repository as wheels, and as parts of images.

    load("//runtime/own_wheels:defs.bzl", "own_wheel")
"""

load("//runtime/python:interpreters.bzl", "TARGET_PYTHONS")
load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")
load("//tools/inputs/wheel:defs.bzl", "wheel_part")

def own_wheel(name, distribution, version, srcs):
    """Declare the wheel NAME_wheel of a pure package that is built by flit, and a part NAME_pyXY for each Python.

    Args:
      name: prefix of the targets.
      distribution: its name, as in the pyproject.toml of this folder.
      version: its version, as there.
      srcs: files of the package.
    """
    flit_wheel(
        name = name + "_wheel",
        srcs = srcs,
        distribution = distribution,
        pyproject = "pyproject.toml",
        version = version,
    )
    for python, target in TARGET_PYTHONS.items():
        wheel_part(
            name = "{}_py{}".format(name, python.replace(".", "")),
            distribution = distribution,
            python = target,
            requested = True,
            version = version,
            wheel = name + "_wheel",
        )

def _flit_wheel_impl(ctx):
    name = "{}-{}-py3-none-any.whl".format(ctx.attr.distribution.replace("-", "_"), ctx.attr.version)
    output = ctx.actions.declare_file(name)
    args = ctx.actions.args()
    args.add(ctx.file.pyproject)
    args.add(output)
    run_python(
        ctx,
        program = ctx.attr._program,
        module = "runtime.own_wheels.build_wheel",
        arguments = [args],
        inputs = ctx.files.srcs + [ctx.file.pyproject],
        outputs = [output],
        mnemonic = "OwnWheel",
        progress_message = "Packing %{output}",
    )
    return [DefaultInfo(files = depset([output]))]

flit_wheel = rule(
    implementation = _flit_wheel_impl,
    doc = "A wheel of a pure project of this repository that is built by flit.",
    attrs = {
        "distribution": attr.string(
            doc = "Its name, as in pyproject.toml.",
            mandatory = True,
        ),
        "pyproject": attr.label(
            allow_single_file = ["pyproject.toml"],
            doc = "pyproject.toml, beside the package.",
            mandatory = True,
        ),
        "srcs": attr.label_list(
            allow_files = True,
            doc = "The files of the package.",
            mandatory = True,
        ),
        "version": attr.string(
            doc = "Its version, as in pyproject.toml.",
            mandatory = True,
        ),
        "_program": attr.label(default = "//runtime/own_wheels:build_wheel"),
    } | PYTHON_ATTRS,
)
