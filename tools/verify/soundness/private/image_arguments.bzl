"""image_facts_arguments: which image the tests are to look at."""

load("//tools/oci:providers.bzl", "ImageInfo")
load("//tools/verify/soundness/private:layer_facts.bzl", "layer_facts")
load("//tools/verify/soundness/private/providers:image_facts_info.bzl", "ImageFactsInfo")

def _image_facts_arguments_impl(ctx):
    image = ctx.attr.image[ImageInfo]
    facts = ctx.attr.image[ImageFactsInfo].facts
    blobs = [layer.blob for layer in image.layers]
    lines = ["--name=" + ctx.attr.image.label.name, "--arch=" + image.architecture, "--config=" + image.config.short_path]
    for layer, blob in zip(facts, blobs):
        lines += ["--layer", layer.short_path, blob.short_path]
    output = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(output, "\n".join(lines) + "\n")
    return [DefaultInfo(
        files = depset([output]),
        runfiles = ctx.runfiles([output, image.config] + list(facts) + blobs),
    )]

image_facts_arguments = rule(
    implementation = _image_facts_arguments_impl,
    doc = "Writes the arguments of tools.verify.soundness.main that name an image; brings its config, its layers and their facts along.",
    attrs = {
        "image": attr.label(
            aspects = [layer_facts],
            doc = "The image.",
            mandatory = True,
            providers = [ImageInfo],
        ),
    },
)
