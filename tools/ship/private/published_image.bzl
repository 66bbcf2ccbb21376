"""published_image: what the programs of this folder need to know about an image."""

load("//tools/oci:providers.bzl", "ImageIndexInfo", "ImageInfo")

def _published_image_impl(ctx):
    target = ctx.attr.image
    if ImageIndexInfo in target:
        whole = target[ImageIndexInfo]
        images = list(whole.images)
    else:
        whole = target[ImageInfo]
        images = [whole]
    layouts = [whole.layout] + [image.layout for image in images]
    lines = ["--layout=" + whole.layout.short_path]
    lines += ["--image={}={}".format(image.architecture, image.layout.short_path) for image in images]
    output = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(output, "\n".join(lines) + "\n")
    return [DefaultInfo(
        files = depset([output]),
        runfiles = ctx.runfiles([output] + layouts),
    )]

published_image = rule(
    implementation = _published_image_impl,
    doc = "Writes the arguments of tools.ship.push and tools.ship.load that name an image; brings its layouts along.",
    attrs = {
        "image": attr.label(
            doc = "The image or index.",
            mandatory = True,
            providers = [[ImageInfo], [ImageIndexInfo]],
        ),
    },
)
