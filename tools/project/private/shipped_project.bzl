"""shipped_project: what .push and .load need to know about a project's image."""

load("//tools/oci:providers.bzl", "ImageInfo")

def _shipped_project_impl(ctx):
    lines = []
    files = []
    layers = {}
    for target, base in zip(ctx.attr.images, ctx.attr.bases):
        image = target[ImageInfo]
        lines += ["--image", "{}={}".format(image.architecture, base.label), image.manifest.short_path, image.config.short_path]
        files += [image.manifest, image.config]
        for layer in image.layers[len(base[ImageInfo].layers):]:
            layers[layer.blob] = layer
    for layer in layers.values():
        lines += ["--layer", layer.created_by, layer.metadata.short_path, layer.blob.short_path]
        files += [layer.metadata, layer.blob]
    output = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(output, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([output]), runfiles = ctx.runfiles([output] + files))]

shipped_project = rule(
    doc = "Write the arguments of tools.project.publish that name an image; bring its documents and its own layers along, not the base's.",
    implementation = _shipped_project_impl,
    attrs = {
        "bases": attr.label_list(mandatory = True, providers = [ImageInfo], doc = "The base of each image."),
        "images": attr.label_list(mandatory = True, providers = [ImageInfo], doc = "The images, one for each architecture."),
    },
)
