"""image: an image for one platform."""

load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")
load("//tools/oci/private:image_attrs.bzl", "CONFIG_ATTRS")
load("//tools/oci/private:image_documents.bzl", "DOCUMENTS_ATTRS", "write_documents")
load("//tools/oci/private:layout.bzl", "LAYOUT_ATTRS", "image_arguments", "image_inputs", "layer_arguments", "write_layout")
load("//tools/oci/private/providers:image_info.bzl", "ImageInfo")
load("//tools/oci/private/providers:layer_info.bzl", "LayerInfo")

_DOC = """\
Make an image of layers and a configuration.

    image(
        name = "airflow_arm64",
        architecture = "arm64",
        layers = [":base", ":python", ":wheels"],
        entrypoint = ["/entrypoint"],
        env = {"PATH": "/usr/local/bin:/usr/bin:/bin"},
        user = "50000",
    )

The output is an OCI layout directory, which `skopeo copy oci:DIR …`, `podman pull oci:DIR` and `crane push DIR …` read. Its
layers are hard links to the `layer`s' files, so it needs no disk space of its own; `cp -R` copies it like any directory.

A file that two layers own, or a directory to which they give different owners or modes, is an error that names both.

Output groups, with names that other rule sets' test and push rules look for:

* `oci_layout`: the layout directory (also the default output)
* `oci_tarball`: one tar file for `docker load` and `podman load`; written on request only
* `oci_image_config`: the config blob
* `mtree`: the listing of the whole file system; written on request only
* `digest`: the manifest's digest
* `manifest`: the manifest blob
"""

def _write_tarball(ctx, image):
    """Declare the action that makes the docker-archive, which is large and so in no default output."""
    output = ctx.actions.declare_file(ctx.label.name + ".tar")
    args = ctx.actions.args()
    args.add_all([image], map_each = image_arguments)
    args.add_all(image.layers, map_each = layer_arguments)
    args.add_all(ctx.attr.repo_tags, before_each = "--tag")
    args.add("--output", output)
    run_python(
        ctx,
        program = ctx.attr._docker_archive,
        module = "tools.oci.docker_archive",
        arguments = [args],
        inputs = image_inputs([image]),
        outputs = [output],
        mnemonic = "OciTarball",
        progress_message = "Writing docker-archive of %{label}",
        # Hundreds of megabytes that are quickly made again of what is in the cache anyway.
        execution_requirements = {"no-remote": "1"},
    )
    return output

def _image_impl(ctx):
    layers = tuple([target[LayerInfo] for target in ctx.attr.layers])
    documents = write_documents(ctx, layers)
    image = ImageInfo(
        architecture = ctx.attr.architecture,
        config = documents.config,
        digest = documents.digest,
        layers = layers,
        layout = ctx.actions.declare_directory(ctx.label.name),
        manifest = documents.manifest,
        mtree = documents.mtree,
        os = ctx.attr.os,
        variant = ctx.attr.variant,
    )
    write_layout(ctx, output = image.layout, images = [image])
    return [
        DefaultInfo(
            files = depset([image.layout]),
            runfiles = ctx.runfiles([image.layout]),
        ),
        OutputGroupInfo(
            digest = depset([image.digest]),
            manifest = depset([image.manifest]),
            mtree = depset([image.mtree]),
            oci_image_config = depset([image.config]),
            oci_layout = depset([image.layout]),
            oci_tarball = depset([_write_tarball(ctx, image)]),
        ),
        image,
    ]

image = rule(
    implementation = _image_impl,
    doc = _DOC,
    attrs = CONFIG_ATTRS | {
        "layers": attr.label_list(
            doc = "The layers, lowest first. Not sorted.",
            mandatory = True,
            providers = [LayerInfo],
        ),
        "repo_tags": attr.string_list(
            doc = "Names, as `NAME:TAG`, that the image gets when its `oci_tarball` is loaded.",
        ),
        "_docker_archive": attr.label(default = "//tools/oci:docker_archive"),
    } | DOCUMENTS_ATTRS | LAYOUT_ATTRS | PYTHON_ATTRS,
    provides = [ImageInfo],
)
