"""Which layers the images of the catalogue have, each once."""

load("//runtime:catalogue.bzl", "image_names")
load("//runtime:layers.bzl", "image_layers")

def new_layers(rows):
    """Divide all layers among the images: each goes to the first image that has it.

    Args:
      rows: list of image_rows().

    Returns:
      dict: name of the image -> list of labels; without the images that have no layer of their own.
    """
    seen = {}
    result = {}
    for row in rows:
        for arch, image in image_names(row, "").images.items():
            layers = [label for label in image_layers(row, arch) if label not in seen]
            seen.update([(label, True) for label in layers])
            if layers:
                result[image] = layers
    return result
