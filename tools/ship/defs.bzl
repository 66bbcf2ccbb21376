"""Images to registries and into engines, by `bazel run`.

Example:

    load("//tools/ship:defs.bzl", "image_load", "image_push")

    image_push(name = "airflow.push", image = ":airflow", image_tags = ["2.8.4"])
    image_load(name = "airflow.load", image = ":airflow", image_name = "airflow:2.8.4")

    bazel run //:airflow.push -- REGISTRY/REPOSITORY
    bazel run //:airflow.load
"""

load("//tools/host/python:defs.bzl", "py_binary")
load("//tools/ship/private:published_image.bzl", "published_image")

# Labels, not strings: in a macro a string would mean the caller's repository.
_CLIENT = Label("//tools/ship:client")

def _program(name, module, image, arguments, data, **kwargs):
    published_image(
        name = name + ".image",
        image = image,
        tags = ["manual"],
        testonly = kwargs.get("testonly", False),
        visibility = ["//visibility:private"],
    )
    program = Label("//tools/ship:{}.py".format(module))
    py_binary(
        name = name,
        srcs = [program],
        args = ["@$(rootpath :{}.image)".format(name)] + arguments,
        data = [":{}.image".format(name)] + data,
        main = program,
        deps = [Label("//tools/ship:" + module)],
        **kwargs
    )

def image_push(name, image, image_tags, moving_tags = [], **kwargs):
    """Push an image, or an index with all its images: `bazel run //:NAME -- REGISTRY/REPOSITORY [option …]`.

    A tag that already has the image is left alone; one that has another image is an error, unless it is a moving tag or `--replace`
    is given. Blobs that the registry has are not sent. The push then reads each tag back and fails if its digest is not the built
    one. push.py describes the options.

    Args:
      name: target name, by convention IMAGE.push.
      image: an `image` or `image_index`.
      image_tags: tags that it gets, in this order.
      moving_tags: tags that it also gets with `--moving`.
      **kwargs: passed on to py_binary (visibility, testonly, …).
    """
    _program(
        name,
        "push",
        image,
        ["--release-tag=" + tag for tag in image_tags] + ["--moving-tag=" + tag for tag in moving_tags] +
        ["--client=$(rootpath {})".format(_CLIENT)],
        [_CLIENT],
        **kwargs
    )

def image_load(name, image, image_name, **kwargs):
    """Load an image into podman or docker: `bazel run //:NAME [-- option …]`.

    Of an index, load the image of the engine's architecture. load.py describes the options.

    Args:
      name: target name, by convention IMAGE.load.
      image: an `image` or `image_index`.
      image_name: its name there, NAME:TAG.
      **kwargs: passed on to py_binary (visibility, testonly, …).
    """
    _program(name, "load", image, ["--name=" + image_name], [], **kwargs)
