"""The action that writes OCI layout directories."""

load("//tools/host/python:run.bzl", "run_python")

LAYOUT_ATTRS = {
    "_layout": attr.label(default = "//tools/oci:layout"),
}

def image_arguments(image):
    """Return the documents of an image; for map_each.

    Args:
      image: ImageInfo, or a struct with `manifest` and `config`.

    Returns:
      list of strings.
    """
    return ["--image", image.manifest.path, image.config.path]

def layer_arguments(layer):
    """Return the arguments of a layer; for map_each.

    Args:
      layer: LayerInfo.

    Returns:
      list of strings.
    """
    return ["--layer", layer.metadata.path, layer.blob.path]

def image_inputs(images):
    """Return everything that an action which writes images reads.

    Args:
      images: list of structs with `manifest`, `config` and `layers`.

    Returns:
      list of Files.
    """
    documents = [file for image in images for file in (image.manifest, image.config)]
    return documents + [file for image in images for layer in image.layers for file in (layer.metadata, layer.blob)]

def write_layout(ctx, *, output, images, index = None, digest = None, annotations = {}):
    """Register the action that writes an OCI layout directory.

    The action makes hard links to the layers. A sandbox is another mount, where links are refused, and a cache or a remote
    worker would hand back copies: so it runs locally, and no cache keeps it.

    Args:
      ctx: the rule's context; its attributes include LAYOUT_ATTRS and PYTHON_ATTRS.
      output: the directory.
      images: list of structs with `manifest`, `config` and `layers`.
      index: File for the image index document, if there is to be one.
      digest: File for its digest.
      annotations: dict, of the index.
    """
    args = ctx.actions.args()
    args.use_param_file("@%s")
    args.set_param_file_format("multiline")
    args.add_all(images, map_each = image_arguments)
    args.add_all([layer for image in images for layer in image.layers], map_each = layer_arguments)
    if index:
        args.add("--index", index)
        args.add("--digest", digest)
    for key, value in annotations.items():
        args.add("--annotation").add(key).add(value)

    # As a string: an Args object would list the directory's files.
    args.add("--output", output.path)
    run_python(
        ctx,
        program = ctx.attr._layout,
        module = "tools.oci.layout",
        arguments = [args],
        inputs = image_inputs(images),
        outputs = [output] + ([index, digest] if index else []),
        mnemonic = "OciLayout",
        progress_message = "Writing OCI layout %{label}",
        execution_requirements = {"local": "1"},
    )
