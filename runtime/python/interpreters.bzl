"""Which interpreters and wheels the images take, as labels."""

load("//tools/inputs/sdist:defs.bzl", "sdist_wheel_name")
load("//tools/lib:architectures.bzl", "ARCHITECTURES", "BUILD_ARCHITECTURE")
load(":recipes.bzl", "RECIPES")

# Python version -> architecture -> its cpython.
INTERPRETERS = {
    version: {arch: "//runtime/python:{}_{}".format(version, arch) for arch in ARCHITECTURES}
    for version in RECIPES
}

# Python version -> what compiles bytecode for it.
TARGET_PYTHONS = {version: interpreters[BUILD_ARCHITECTURE] for version, interpreters in INTERPRETERS.items()}

def interpreter_part(python, arch):
    """Return the part with an interpreter.

    Args:
      python: "3.11".
      arch: architecture of the image.

    Returns:
      the label; fails naming the versions and architectures that there are.
    """
    if python not in INTERPRETERS:
        fail("Python {} has no recipe in runtime/python/recipes.bzl; there are {}".format(python, ", ".join(INTERPRETERS)))
    if arch not in INTERPRETERS[python]:
        fail("Python {} is not built for {}, only for {}".format(python, arch, ", ".join(INTERPRETERS[python])))
    return INTERPRETERS[python][arch] + ".part"

def built_wheel(entry, python, arch):
    """Return the wheel that is built from a locked sdist.

    Args:
      entry: the lock's entry.
      python: "3.11".
      arch: architecture of the image.

    Returns:
      the label; the same for all architectures if the wheel is pure.
    """
    return "//runtime/python/sdists:" + sdist_wheel_name(entry, python, arch)
