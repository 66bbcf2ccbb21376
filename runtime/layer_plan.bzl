"""Which wheels share a layer.

The plan depends on names and on the sizes in the lock only, so a change of one wheel never moves another one:
  * a wheel of LARGE bytes or more has a layer to itself, shared by every image that holds that very wheel;
  * the others fall by a hash of their name into PURE_BUCKETS layers of architecture-independent wheels, shared by both
    architectures, or NATIVE_BUCKETS layers of the architecture's own.
Measured in docs/performance.md.
"""

LARGE = 4000000
PURE_BUCKETS = 8
NATIVE_BUCKETS = 3

def _bucket(name, count):
    # Starlark's hash() of a string is Java's String.hashCode: specified, so stable.
    return hash(name) % count

def plan_wheel_layers(entries, arch):
    """Groups a lock's entries for one architecture.

    Args:
      entries: list of dicts of a requirements lock ("files").
      arch: "amd64" or "arm64".

    Returns:
      List of (name, shared, entries): `name` is unique within the lock and architecture; `shared` is "wheel" (one large
      wheel; `name` is its file name), "pure" (the same for every architecture of the lock) or "native". In order of name.
    """
    groups = {}
    for entry in entries:
        if arch not in entry["archs"]:
            continue
        if entry["size"] >= LARGE:
            key = ("wheel", entry["file"])
        elif len(entry["archs"]) > 1:
            key = ("pure", "pure_{}".format(_bucket(entry["name"], PURE_BUCKETS)))
        else:
            key = ("native", "native_{}".format(_bucket(entry["name"], NATIVE_BUCKETS)))
        groups.setdefault(key, []).append(entry)
    return [
        (key[1], key[0], sorted(groups[key], key = lambda entry: entry["name"]))
        for key in sorted(groups.keys())
    ]
