"""project_image: an image on top of a base."""

load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")
load("//tools/oci:defs.bzl", "LAYOUT_ATTRS", "write_layout")
load("//tools/oci:providers.bzl", "ImageInfo", "LayerInfo")

def _layer_arguments(layer):
    return ["--layer", layer.created_by, layer.metadata.path]

def _arguments(ctx):
    args = ctx.actions.args()
    args.use_param_file("@%s")
    args.set_param_file_format("multiline")
    return args

def _documents(ctx, base, layers):
    """Declare the action that makes config, manifest and digest."""
    made = struct(**{
        name: ctx.actions.declare_file("{}.{}".format(ctx.label.name, file))
        for name, file in {"config": "config.json", "digest": "digest", "manifest": "manifest.json"}.items()
    })
    args = _arguments(ctx)
    args.add("--base").add(base.manifest).add(base.config)
    args.add_all(layers, map_each = _layer_arguments)
    for name in ["config", "digest", "manifest"]:
        args.add("--" + name, getattr(made, name))
    run_python(
        ctx,
        program = ctx.attr._image,
        module = "tools.project.image",
        arguments = [args],
        inputs = [base.manifest, base.config] + [layer.metadata for layer in layers] + ctx.files.checks,
        outputs = [made.config, made.digest, made.manifest],
        mnemonic = "ProjectImage",
        progress_message = "Making image %{label}",
    )
    return made

def _listing(ctx, base, layers):
    """Declare the action that lists the whole file system; only people want it."""
    output = ctx.actions.declare_file(ctx.label.name + ".mtree")
    args = _arguments(ctx)
    args.add("--base", base.mtree)
    args.add_all([layer.mtree for layer in layers], before_each = "--layer")
    args.add("--output", output)
    run_python(
        ctx,
        program = ctx.attr._listing,
        module = "tools.project.listing",
        arguments = [args],
        inputs = [base.mtree] + [layer.mtree for layer in layers],
        outputs = [output],
        mnemonic = "ProjectListing",
        progress_message = "Listing %{label}",
    )
    return output

def _project_image_impl(ctx):
    base = ctx.attr.base[ImageInfo]
    layers = [target[LayerInfo] for target in ctx.attr.layers]
    documents = _documents(ctx, base, layers)
    image = ImageInfo(
        architecture = base.architecture,
        config = documents.config,
        digest = documents.digest,
        layers = base.layers + tuple(layers),
        layout = ctx.actions.declare_directory(ctx.label.name),
        manifest = documents.manifest,
        mtree = _listing(ctx, base, layers),
        os = base.os,
        variant = base.variant,
    )
    write_layout(ctx, output = image.layout, images = [image])
    return [
        DefaultInfo(files = depset([image.layout]), runfiles = ctx.runfiles([image.layout])),
        OutputGroupInfo(
            digest = depset([image.digest]),
            manifest = depset([image.manifest]),
            mtree = depset([image.mtree]),
            oci_image_config = depset([image.config]),
            oci_layout = depset([image.layout]),
        ),
        image,
    ]

project_image = rule(
    doc = """\
Put layers on top of an image. Its configuration is the base's without ONBUILD, whose work is done.

Output groups: `oci_layout` (also the default output), `oci_image_config`, `manifest`, `digest`, and `mtree` on request.
""",
    implementation = _project_image_impl,
    attrs = {
        "base": attr.label(mandatory = True, providers = [ImageInfo], doc = "The image below."),
        "checks": attr.label_list(allow_files = True, doc = "What must have been made, or there is no image."),
        "layers": attr.label_list(providers = [LayerInfo], doc = "The layers above it, lowest first."),
        "_image": attr.label(default = "//tools/project:image"),
        "_listing": attr.label(default = "//tools/project:listing"),
    } | LAYOUT_ATTRS | PYTHON_ATTRS,
    provides = [ImageInfo],
)
