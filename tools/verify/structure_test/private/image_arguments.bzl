"""image_arguments: which image the test runner is to look at."""

load("//tools/oci:providers.bzl", "ImageInfo")

def _image_arguments_impl(ctx):
    image = ctx.attr.image[ImageInfo]
    blobs = [layer.blob for layer in image.layers]
    lines = ["--arch=" + image.architecture, "--config=" + image.config.short_path]
    lines += ["--layer=" + blob.short_path for blob in blobs]
    output = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(output, "\n".join(lines) + "\n")
    return [DefaultInfo(
        files = depset([output]),
        runfiles = ctx.runfiles([output, image.config] + blobs),
    )]

image_arguments = rule(
    implementation = _image_arguments_impl,
    doc = "Write the arguments of tools.verify.structure_test.main that name an image; add its config and layers to the runfiles.",
    attrs = {
        "image": attr.label(
            doc = "The image.",
            mandatory = True,
            providers = [ImageInfo],
        ),
    },
)
