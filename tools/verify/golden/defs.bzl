"""Accepted digests of images: tests that builds match them bit by bit, and the command that accepts new ones.

Example:

    load("//tools/verify/golden:defs.bzl", "golden_test", "golden_update")

    golden_test(
        name = "10_py311_arm64_test",
        accepted = [":accepted"],
        images = ["//runtime:10_py311_arm64"],
    )
"""

load("//tools/host/python:defs.bzl", "py_binary", "py_test")
load("//tools/verify/golden/private:arguments.bzl", "golden_arguments")

# Labels, not strings: in a macro a string would mean the caller's repository.
_CHECK = Label("//tools/verify/golden:check.py")
_EXPLAIN = Label("//tools/verify/golden:explain.py")
_UPDATE = Label("//tools/verify/golden:update.py")

def golden_test(name, images, accepted, complete = False, size = "small", **kwargs):
    """Compare digests, down to the parts of the layers, with the accepted ones; a failure says what differs and how.

    Args:
      name: target name.
      images: images, or indexes: of an index only its own document is compared.
      accepted: all files of accepted digests; one that is missing makes the test fail, not the build.
      complete: do not compare; require that every image, index and layer has a file, and every file one of these.
      size: Bazel's test size.
      **kwargs: passed on to py_test.
    """
    golden_arguments(
        name = name + ".arguments",
        accepted = accepted,
        all_accepted = complete,
        images = images,
        only = not complete,
        tags = ["manual"],
        testonly = True,
    )
    py_test(
        name = name,
        size = size,
        srcs = [_CHECK],
        args = ["@$(rootpath :{}.arguments)".format(name), "--package=" + native.package_name()] + (["--complete"] if complete else []),
        data = [":{}.arguments".format(name)],
        main = _CHECK,
        deps = [Label("//tools/verify/golden:check")],
        **kwargs
    )

def golden_update(name, images, **kwargs):
    """Declare a program that writes the digests of what was built into this package's directory of the work tree.

    Args:
      name: target name.
      images: all images and indexes; files of others are removed.
      **kwargs: passed on to py_binary.
    """
    golden_arguments(
        name = name + ".arguments",
        images = images,
        tags = ["manual"],
    )
    py_binary(
        name = name,
        srcs = [_UPDATE],
        args = ["@$(rootpath :{}.arguments)".format(name), "--package=" + native.package_name()],
        data = [":{}.arguments".format(name)],
        main = _UPDATE,
        deps = [Label("//tools/verify/golden:check")],
        **kwargs
    )

def golden_explain(name, images, accepted, **kwargs):
    """Declare a program that names the files in which parts differ from the accepted ones.

    Args:
      name: target name.
      images: all images and indexes.
      accepted: all files of accepted digests.
      **kwargs: passed on to py_binary.
    """
    golden_arguments(
        name = name + ".arguments",
        accepted = accepted,
        images = images,
        parts = True,
        tags = ["manual"],
    )
    py_binary(
        name = name,
        srcs = [_EXPLAIN],
        args = ["@$(rootpath :{}.arguments)".format(name), "--package=" + native.package_name()],
        data = [":{}.arguments".format(name)],
        main = _EXPLAIN,
        deps = [Label("//tools/verify/golden:explain")],
        **kwargs
    )
