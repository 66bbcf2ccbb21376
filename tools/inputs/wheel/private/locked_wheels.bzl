"""Macros that make targets of whole locks: parts for images, libraries for our own programs."""

load(":wheel_library.bzl", "wheel_library")
load(":wheel_part.bzl", "wheel_part")

def _built(entry, lock, arch, sdist_wheel):
    """Return the label of a locked file's wheel for an architecture, and whether that is the file itself."""
    if entry["kind"] == "wheel":
        return "@locked//pypi:" + entry["file"]
    if not sdist_wheel:
        fail("lock {}: {} has to be built from source, but no sdist_wheel is given".format(lock["lock"], entry["file"]))
    return sdist_wheel(entry, lock["python"], arch)

def _parts(entry, lock, sdist_wheel):
    """Return the parts of one locked file: structs of name, wheel and archs ([]: one for all)."""
    base = "{}.py{}".format(entry["file"], lock["python"].replace(".", ""))
    if entry["requested"]:
        base += ".requested"
    if entry["kind"] == "wheel" and all([tag.endswith("-any") for tag in entry["tags"]]):
        return [struct(name = base, wheel = _built(entry, lock, None, sdist_wheel), archs = [], serves = entry["archs"])]
    wheels = {}
    for arch in entry["archs"]:
        wheel = _built(entry, lock, arch, sdist_wheel)
        wheels.setdefault(wheel, []).append(arch)
    if entry["kind"] == "sdist" and len(entry["archs"]) > 1 and len(wheels) == 1:
        # Built once for all architectures: it is pure, and wheel_part checks that.
        return [struct(name = base, wheel = wheels.keys()[0], archs = [], serves = entry["archs"])]
    return [
        struct(name = "{}.{}".format(base, "_".join(archs)), wheel = wheel, archs = archs, serves = archs)
        for wheel, archs in wheels.items()
    ]

def wheel_set(*, package, locks, pythons, sdist_wheel = None, leave_out = {}, script_contexts = {}):
    """Declare the parts of the wheels that some locks need: one for each wheel and Python minor version.

    Args:
      package: where they are declared, e.g. "//runtime/wheels".
      locks: list of decoded locks (`REQUIREMENTS["10_py311"]` of `@locked//:locks.bzl`).
      pythons: dict: Python version as in the locks -> label of its target_python.
      sdist_wheel: function(entry, python, arch) -> label of the wheel that is built from a locked sdist; the same label
        for every architecture when that wheel is pure.
      leave_out: dict: distribution -> paths in site-packages that another one installs.
      script_contexts: dict: distribution -> context manager in which its scripts import.

    Returns:
      struct of functions. `declare(**kwargs)`, called in `package`, declares each as a wheel_part, which gets kwargs (visibility,
      tags, …). `labels(lock, arch)` gives those of an image of a lock, as a dict: normalised name of the distribution -> label.
    """
    return struct(
        declare = lambda **kwargs: _declare(package, locks, pythons, sdist_wheel, leave_out, script_contexts, kwargs),
        labels = lambda lock, arch: _labels(package, lock, arch, sdist_wheel),
    )

def _declare(package, locks, pythons, sdist_wheel, leave_out, script_contexts, kwargs):
    if "//" + native.package_name() != package:
        fail("the wheels of {} are declared in //{}".format(package, native.package_name()))
    made = {}
    for lock in locks:
        if lock["python"] not in pythons:
            fail("lock {}: no interpreter is given for Python {}; there are {}".format(lock["lock"], lock["python"], ", ".join(pythons)))
        for entry in lock["files"]:
            for part in _parts(entry, lock, sdist_wheel):
                if part.name in made:
                    continue
                made[part.name] = True
                wheel_part(
                    name = part.name,
                    archs = part.archs,
                    distribution = entry["name"],
                    leave_out = leave_out.get(entry["name"], []),
                    python = pythons[lock["python"]],
                    requested = entry["requested"],
                    script_context = script_contexts.get(entry["name"], ""),
                    version = entry["version"],
                    wheel = part.wheel,
                    **kwargs
                )

def _labels(package, lock, arch, sdist_wheel):
    if arch not in lock["archs"]:
        fail("lock {} is not for {}, only for {}".format(lock["lock"], arch, ", ".join(lock["archs"])))
    labels = {}
    for entry in lock["files"]:
        for part in _parts(entry, lock, sdist_wheel):
            if arch in part.serves:
                labels[entry["name"]] = "{}:{}".format(package, part.name)
    return labels

def locked_libraries(lock, prefix = "", **kwargs):
    """Declare a wheel_library, named like its distribution, for each wheel of a lock of our own tools.

    Args:
      lock: the decoded lock.
      prefix: of the names.
      **kwargs: passed on to each wheel_library.
    """
    for entry in lock["files"]:
        wheel_library(
            name = prefix + entry["name"],
            python = lock["python"],
            wheel = "@locked//pypi:" + entry["file"],
            deps = [":" + prefix + name for name in entry["requires"]],
            **kwargs
        )

def locked_file_of(lock, distribution):
    """Return the label of the only file that a lock has of a distribution, such as a wheel with a program in it.

    Args:
      lock: the decoded lock.
      distribution: normalised name.

    Returns:
      the label.
    """
    found = [entry["file"] for entry in lock["files"] if entry["name"] == distribution]
    if len(found) != 1:
        fail("lock {} has {} files of {}".format(lock["lock"], len(found), distribution))
    return "@locked//pypi:" + found[0]
