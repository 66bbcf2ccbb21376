"""Targets for the source archives of locks, and the labels of their wheels."""

load("//tools/host/python:pytest.bzl", "pytest_test")
load("//tools/inputs/sdist:recipes.bzl", "C_LIBRARY", "RECIPES")
load("//tools/lib:architectures.bzl", "ARCHITECTURES", "BUILD_ARCHITECTURE")
load("//tools/lib:table.bzl", "table")
load("//tools/locks/fetch:debs.bzl", "debs")
load(":sdist_wheel.bzl", "sdist_wheel")

# Build root of the tools' Python, which brings its own libraries: a shell.
_ROOT = ["busybox-static"]

# What Python.h includes besides the C library's headers (before 3.11).
_HEADERS = ["libcrypt-dev"]

# What recipe keys the program doesn't take: they become attributes.
_FOR_THE_RULE = ["backends", "interpreter", "packages", "programs"]

def recipe_of(name, version):
    """Return a project's row of recipes.bzl; fail with the remedy if there is none.

    Args:
      name: normalised name of the distribution.
      version: its version.

    Returns:
      the row.
    """
    row = RECIPES.get("{}=={}".format(name, version), RECIPES.get(name))
    if not row:
        fail("{} {} has no wheel and no recipe: add a row to tools/inputs/sdist/recipes.bzl (tools/inputs/sdist/README.md)".format(name, version))
    return row

def _is_shared(row):
    return row.get("interpreter", "target") == "tools"

def _is_pure(row):
    return row["tag"].endswith("-any")

def sdist_wheel_name(entry, python, arch):
    """Return the name of the target that builds a locked source archive.

    Args:
      entry: of a lock, of kind "sdist".
      python: Python version, "3.11".
      arch: architecture.

    Returns:
      the name; the same for every architecture if the wheel is pure, and for every Python if it is built once.
    """
    row = recipe_of(entry["name"], entry["version"])
    suffix = "" if _is_shared(row) else ".py" + python.replace(".", "")
    return "{}.wheel{}{}".format(entry["file"], suffix, "" if _is_pure(row) else "_" + arch)

def _filled(value, words):
    if type(value) == "list":
        return [item.format(**words) for item in value]
    if type(value) == "dict":
        return {key: item.format(**words) for key, item in value.items()}
    return value.format(**words)

def filled_recipe(row, version, python, arch):
    """Expand a recipe for the build program.

    Args:
      row: of recipes.bzl.
      version: of the distribution.
      python: "3.11".
      arch: "amd64" or "arm64".

    Returns:
      the row without placeholders and without what is for the rule.
    """
    minor, architecture = python.replace(".", ""), ARCHITECTURES[arch]
    words = {
        "cp": "cp" + minor,
        "machine": architecture.machine,
        "soabi": "cpython-{}-{}".format(minor, architecture.triplet),
        "triplet": architecture.triplet,
        "version": version,
    }
    taken = {key: _filled(value, words) for key, value in row.items() if key not in _FOR_THE_RULE}
    if row.get("extensions"):
        taken["libraries"] = C_LIBRARY + taken.get("libraries", [])
    return taken

def _attributes(shared, row, python, arch, pythons, debian, zig):
    """Return the attributes of an sdist_wheel for a row: the Python that builds, and what it needs."""
    native = {} if _is_pure(row) else {"zig": zig}
    packages = debs(debian[arch], row.get("packages", []) + ([] if _is_pure(row) else _HEADERS))
    if shared:
        return native | {"debs": debs(debian[BUILD_ARCHITECTURE], _ROOT) + packages}
    if python not in pythons:
        fail("Python {} is to build, and no such interpreter is given; there are {}".format(python, ", ".join(pythons)))
    return native | {
        "debs": packages,
        "python": pythons[python][BUILD_ARCHITECTURE],
        "target_python": pythons[python][arch],
    }

def _independence_test(name, wheel, again):
    """Tests that a wheel that is built once is the one that a Python of the images makes too."""
    pytest_test(
        name = name,
        srcs = ["//tools/inputs/sdist:same_wheel_test.py"],
        data = [wheel, again],
        env = {"SDIST_WHEELS": "$(rootpath {}) $(rootpath {})".format(wheel, again)},
    )

def locked_sdists(locks, pythons, debian, tools, zig, **kwargs):
    """Declare an sdist_wheel, named by sdist_wheel_name, for each wheel that has to be built for the locks.

    For a wheel that is built once for all Pythons, also declare a test for each Python that builds the same file by it.

    Args:
      locks: list of decoded locks (`REQUIREMENTS["10_py311"]` of `@locked//:locks.bzl`).
      pythons: dict: Python version -> dict: architecture -> label of that interpreter (cpython of //tools/inputs/cpython).
      debian: dict: architecture -> decoded lock of Debian packages.
      tools: the decoded lock that contains the build backends.
      zig: label of the compiler (zig_archive).
      **kwargs: passed on to each sdist_wheel (visibility, tags, …).
    """
    backends = {entry["name"]: True for entry in tools["files"]}
    made = {}
    for lock in locks:
        for entry in lock["files"]:
            if entry["kind"] != "sdist":
                continue
            row, python = recipe_of(entry["name"], entry["version"]), lock["python"]
            missing = [backend for backend in row["backends"] if backend not in backends]
            if missing:
                fail("the recipe of {} takes {}: add it to requirements_lock/{}.in".format(entry["name"], ", ".join(missing), tools["lock"]))
            for arch in [BUILD_ARCHITECTURE] if _is_pure(row) else entry["archs"]:
                name = sdist_wheel_name(entry, python, arch)
                again = "{}.py{}".format(name, python.replace(".", ""))
                for target, shared in [(name, True), (again, False)] if _is_shared(row) else [(name, False)]:
                    if target in made:
                        continue
                    made[target] = True
                    filled = filled_recipe(row, entry["version"], python, arch)
                    table(name = target + ".recipe", value = filled)
                    sdist_wheel(
                        name = target,
                        arch = arch,
                        backends = ["//requirements_lock:" + backend for backend in row["backends"]],
                        distribution = entry["name"],
                        programs = row.get("programs", []),
                        recipe = target + ".recipe",
                        sdist = "@locked//pypi:" + entry["file"],
                        tag = filled["tag"],
                        version = entry["version"],
                        **(_attributes(shared, row, python, arch, pythons, debian, zig) | kwargs)
                    )
                    if target == again:
                        _independence_test(again + "_test", name, again)
