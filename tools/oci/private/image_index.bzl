"""image_index: images for several platforms under one digest."""

load("//tools/host/python:run.bzl", "PYTHON_ATTRS")
load("//tools/oci/private:layout.bzl", "LAYOUT_ATTRS", "write_layout")
load("//tools/oci/private/providers:image_index_info.bzl", "ImageIndexInfo")
load("//tools/oci/private/providers:image_info.bzl", "ImageInfo")

_DOC = """\
Make a multi-arch index of images.

    image_index(
        name = "airflow",
        images = [":airflow_amd64", ":airflow_arm64"],
    )

The output is an OCI layout directory whose `index.json` names one image index: use `skopeo copy --all oci:DIR …` or
`crane push DIR …` (without `--index`, which would wrap it in another one).

Output groups: `oci_layout` (also the default output), `digest` (of the index), `index` (its blob), and `oci_image_config`
and `mtree` of all images.
"""

def _image_index_impl(ctx):
    images = [target[ImageInfo] for target in ctx.attr.images]
    layout = ctx.actions.declare_directory(ctx.label.name)
    index = ctx.actions.declare_file(ctx.label.name + ".index.json")
    digest = ctx.actions.declare_file(ctx.label.name + ".digest")
    write_layout(ctx, output = layout, images = images, index = index, digest = digest, annotations = ctx.attr.annotations)
    return [
        DefaultInfo(
            files = depset([layout]),
            runfiles = ctx.runfiles([layout]),
        ),
        OutputGroupInfo(
            digest = depset([digest]),
            index = depset([index]),
            mtree = depset([image.mtree for image in images]),
            oci_image_config = depset([image.config for image in images]),
            oci_layout = depset([layout]),
        ),
        ImageIndexInfo(digest = digest, images = tuple(images), index = index, layout = layout),
    ]

image_index = rule(
    implementation = _image_index_impl,
    doc = _DOC,
    attrs = {
        "annotations": attr.string_dict(
            doc = "Annotations of the index.",
        ),
        "images": attr.label_list(
            doc = "The images, one per platform, in the order of the index.",
            mandatory = True,
            providers = [ImageInfo],
        ),
    } | LAYOUT_ATTRS | PYTHON_ATTRS,
    provides = [ImageIndexInfo],
)
