"""deb_set: a lock of Debian packages as targets."""

load("//tools/lib:table.bzl", "table")
load("//tools/locks/fetch:debs.bzl", "entries_of_sets")
load(":deb_part.bzl", "deb_part")

def deb_set(*, package, locks, sets, effects = {}, reviewed_scripts = {}, path_filter = None, texts = []):
    """Declare the parts of the Debian packages of some sets: one for each package file; packages for all architectures are shared.

    Args:
      package: where they are declared, e.g. "//runtime/debian".
      locks: dict: architecture -> decoded lock.
      sets: list of package sets.
      effects: dict: package -> effects of its maintainer scripts on its own files (tools/inputs/deb/tables.bzl).
      reviewed_scripts: dict: package -> script -> list of SHA-256.
      path_filter: dpkg configuration that says which files are left out.
      texts: patterns of files that the state of the system is computed from.

    Returns:
      struct of functions. `declare(**kwargs)`, called in `package`, declares each as a deb_part, which gets kwargs (visibility,
      tags, …). `labels(arch, sets)` gives those of an architecture, in order of the packages' names; of all sets by default.
    """
    return struct(
        declare = lambda **kwargs: _declare(package, locks, sets, effects, reviewed_scripts, kwargs | {
            "path_filter": path_filter,
            "texts": texts,
        }),
        labels = lambda arch, sets = sets: [
            "{}:{}".format(package, _part_name(entry))
            for entry in entries_of_sets(locks[arch], sets)
        ],
    )

def _part_name(entry):
    return entry["file"].removesuffix(".deb")

def _declare(package, locks, sets, effects, reviewed_scripts, kwargs):
    if "//" + native.package_name() != package:
        fail("the Debian packages of {} are declared in //{}".format(package, native.package_name()))
    made = {}
    for lock in locks.values():
        for entry in entries_of_sets(lock, sets):
            name = _part_name(entry)
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
                version = entry["version"],
                **kwargs
            )
