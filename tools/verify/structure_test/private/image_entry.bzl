"""image_entry: how a test enters an image."""

load(":image_arguments.bzl", "image_arguments")

_ROOTLESS_TOOLS = Label("//tools/host/rootless:tools")

def image_entry(name, image, method):
    """Declare the arguments that name an image, for a test.

    Args:
      name: of the test; NAME.image is declared.
      image: an `image`.
      method: how the image is entered: "namespace", "proot", or "auto" (the first that works).

    Returns:
      struct of `args` and `data`, which the test's program needs.
    """
    image_arguments(
        name = name + ".image",
        image = image,
        tags = ["manual"],
        testonly = True,
    )
    return struct(
        args = [
            "@$(rootpath :{}.image)".format(name),
            "--method=" + method,
            "--proot=$(rootpath {})".format(_ROOTLESS_TOOLS),
            "--qemu-aarch64=$(rootpath {})/usr/bin/qemu-aarch64-static".format(_ROOTLESS_TOOLS),
        ],
        data = [":{}.image".format(name), _ROOTLESS_TOOLS],
    )
