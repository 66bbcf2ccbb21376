"""Labels of the .debs in a lock, by package or by set of packages.

    load("@locked//:locks.bzl", "DEBIAN")
    load("//tools/locks/fetch:debs.bzl", "debs")

    debs(DEBIAN["amd64"], ["busybox-static"])
"""

def debs(lock, packages):
    """Return the labels of packages' .debs.

    Args:
      lock: a decoded lock of Debian packages (`DEBIAN["amd64"]` of `@locked//:locks.bzl`).
      packages: names.

    Returns:
      list of labels in the order of `packages`; fails, naming the package and the lock, if the lock has none.
    """
    files = {entry["package"]: entry["file"] for entry in lock["files"]}
    for package in packages:
        if package not in files:
            fail("the lock of Debian packages for {} has no {}: add it to runtime/debian/packages.bzl".format(lock["arch"], package))
    return ["@locked//debian:" + files[package] for package in packages]

def entries_of_sets(lock, sets):
    """Return the entries of a lock that are in any of some package sets.

    Args:
      lock: as of `debs`.
      sets: list of package sets (runtime/debian/packages.bzl).

    Returns:
      list of dicts, in order of the packages' names; fails, naming the set and the lock, if the lock has no such set.
    """
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

def debs_of_sets(lock, sets):
    """Return the labels of the .debs of package sets: see `entries_of_sets`.

    Args:
      lock: as of `debs`.
      sets: list of package sets.

    Returns:
      list of labels, in order of the packages' names.
    """
    return ["@locked//debian:" + entry["file"] for entry in entries_of_sets(lock, sets)]
