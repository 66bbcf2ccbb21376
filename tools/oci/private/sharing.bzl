"""sharing: how many bytes images share."""

load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")
load("//tools/oci/private/providers:image_info.bzl", "ImageInfo")

_DOC = """\
Report how many bytes images have in common, layer by layer and part by part.

    sharing(
        name = "sharing",
        images = [":10_py311_amd64", ":10_py311_arm64"],
    )

The outputs are NAME.txt (default) for people and NAME.json (output group `json`): number and size of the images' layers, of
distinct layers, and of the parts in these, in bytes of compressed layers.
"""

def _sharing_impl(ctx):
    images = [target[ImageInfo] for target in ctx.attr.images]
    text = ctx.actions.declare_file(ctx.label.name + ".txt")
    json = ctx.actions.declare_file(ctx.label.name + ".json")
    args = ctx.actions.args().use_param_file("@%s", use_always = True).set_param_file_format("multiline")
    args.add("--text", text).add("--figures", json)
    parts = {}
    metadata = {}
    for target, image in zip(ctx.attr.images, images):
        for layer in image.layers:
            args.add("--layer").add(target.label.name).add(layer.metadata)
            metadata[layer.metadata] = True
            for part in layer.parts:
                parts[part.deflate] = True
    args.add_all(parts.keys(), before_each = "--part")
    run_python(
        ctx,
        program = ctx.attr._program,
        module = "tools.oci.sharing",
        arguments = [args],
        inputs = metadata.keys() + parts.keys(),
        outputs = [text, json],
        mnemonic = "Sharing",
        progress_message = "Adding up what images share in %{label}",
    )
    return [
        DefaultInfo(files = depset([text])),
        OutputGroupInfo(json = depset([json])),
    ]

sharing = rule(
    implementation = _sharing_impl,
    doc = _DOC,
    attrs = {
        "images": attr.label_list(doc = "The images.", mandatory = True, providers = [ImageInfo]),
        "_program": attr.label(default = "//tools/oci:sharing"),
    } | PYTHON_ATTRS,
)
