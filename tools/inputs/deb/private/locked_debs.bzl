"""Macros and functions that turn a lock of Debian packages into targets and labels."""

load("//tools/lib:table.bzl", "table")
load(":deb_part.bzl", "deb_part")

def _entries(lock, sets):
    known = {name: True for entry in lock["files"] for name in entry["sets"]}
    for name in sets:
        if name not in known:
            fail("the lock of {} for {} has no package set {}; there are {}".format(
                lock["suite"],
                lock["arch"],
                name,
                ", ".join(sorted(known)),
            ))
    return [entry for entry in lock["files"] if [name for name in entry["sets"] if name in sets]]

def locked_debs(lock, sets):
    """Return the labels of a lock's .deb files, for rules that use the packages as they are.

    Args:
      lock: a decoded lock (`DEBIAN["amd64"]` of `@locked//:locks.bzl`).
      sets: list of package sets (runtime/debian/packages.bzl).

    Returns:
      list of labels, in order of the packages' names.
    """
    return ["@locked//debian:" + entry["file"] for entry in _entries(lock, sets)]

def locked_deb_parts(locks, sets, effects, reviewed_scripts, path_filter = None, texts = [], **kwargs):
    """Declare one deb_part for each package file of some sets; packages for all architectures are shared.

    Args:
      locks: list of decoded locks.
      sets: list of package sets.
      effects: dict: package -> effects of its maintainer scripts on its own files.
      reviewed_scripts: dict: package -> script -> list of SHA-256.
      path_filter: dpkg configuration that says which files are left out.
      texts: patterns of files from which the state of the system is computed.
      **kwargs: passed on to each deb_part.
    """
    made = {}
    for lock in locks:
        for entry in _entries(lock, sets):
            name = entry["file"].removesuffix(".deb")
            if name in made:
                continue
            made[name] = True
            declaration = {
                "effects": effects.get(entry["package"], []),
                "scripts": reviewed_scripts.get(entry["package"], {}),
            }
            declared = any(declaration.values())
            if declared:
                table(name = name + ".declaration", value = declaration)
            deb_part(
                name = name,
                deb = "@locked//debian:" + entry["file"],
                declaration = name + ".declaration" if declared else None,
                package = entry["package"],
                path_filter = path_filter,
                texts = texts,
                version = entry["version"],
                **kwargs
            )

def locked_deb_part_labels(lock, sets, package):
    """Return the labels of the parts that `locked_deb_parts` declares for one architecture.

    Args:
      lock: the decoded lock.
      sets: list of package sets.
      package: where `locked_deb_parts` was called, e.g. "//runtime/debian".

    Returns:
      list of labels, in order of the packages' names.
    """
    return ["{}:{}".format(package, entry["file"].removesuffix(".deb")) for entry in _entries(lock, sets)]
