"""Macros that make targets of the sdists in locks."""

load("//tools/cpython:defs.bzl", "debs")
load("//tools/sdist:recipes.bzl", "BACKENDS", "RECIPES")
load(":sdist_wheel.bzl", "sdist_wheel")

def sdist_wheel_name(entry, python, arch):
    """Name of the target that builds a locked sdist.

    Args:
      entry: the lock's entry.
      python: "3.11".
      arch: architecture of the image.

    Returns:
      the name; one for all architectures if the wheel is pure.
    """
    name = "{}-{}.py{}".format(entry["name"], entry["version"], python.replace(".", ""))
    return name + "_" + arch if RECIPES.get(entry["name"], {}).get("native") else name

def locked_sdists(locks, pythons, debian, tools, zig, **kwargs):
    """Declares a sdist_wheel for each sdist that the locks hold, however many locks share it.

    Args:
      locks: list of decoded locks.
      pythons: dict: Python version -> dict: architecture -> label of its cpython.
      debian: dict: architecture -> decoded lock of Debian packages.
      tools: the decoded lock that holds the build backends.
      zig: label of the ziglang wheel.
      **kwargs: passed on to each target (visibility, …).
    """
    backends = {entry["name"]: "@locked//pypi:" + entry["file"] for entry in tools["files"]}
    missing = [name for name in BACKENDS if name not in backends]
    if missing:
        fail("the lock {} lacks the build backends {}".format(tools["lock"], ", ".join(missing)))
    made = {}
    for lock in locks:
        for entry in lock["files"]:
            if entry["kind"] != "sdist":
                continue
            recipe = RECIPES.get(entry["name"], {})
            for arch in entry["archs"]:
                name = sdist_wheel_name(entry, lock["python"], arch)
                if name in made:
                    continue
                made[name] = True
                native_code = recipe.get("native", False)
                sdist_wheel(
                    name = name,
                    backends = [backends[backend] for backend in BACKENDS],
                    debs = debs(debian[arch], recipe.get("packages", [])),
                    distribution = entry["name"],
                    programs = recipe.get("programs", []),
                    python = pythons[lock["python"]]["amd64"],
                    recipe = json.encode(recipe),
                    sdist = "@locked//pypi:" + entry["file"],
                    target_python = pythons[lock["python"]][arch] if native_code else None,
                    version = entry["version"],
                    zig = zig if native_code else None,
                    **kwargs
                )
