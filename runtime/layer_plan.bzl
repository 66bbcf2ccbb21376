"""Which wheels share a layer.

The plan depends on the names and sizes in the lock only, so a change of one wheel never moves another one:
  * a wheel of LARGE bytes or more has a layer to itself, shared by every image that holds that very part;
  * the others fall by a hash of their name into PURE_BUCKETS layers of parts that all architectures of the lock share,
    or into NATIVE_BUCKETS layers of the architecture's own.
Measured in docs/performance.md.
"""

LARGE = 2000000
PURE_BUCKETS = 8
NATIVE_BUCKETS = 3

def _bucket(name, count):
    # hash() of a string is specified by Starlark (as Java's String.hashCode), so it is stable.
    return hash(name) % count

def plan_wheel_layers(lock, parts, arch):
    """Group the parts of a lock's wheels into layers for one architecture.

    Args:
      lock: the decoded lock; its "files" give the sizes.
      parts: dict: architecture -> dict: distribution -> label of its part.
      arch: the architecture.

    Returns:
      dict: name of the layer -> sorted list of labels of parts; in order of name. Two locks or architectures that give
      a layer the same name give it the same parts.
    """
    sizes = {entry["name"]: entry["size"] for entry in lock["files"] if arch in entry["archs"]}
    layers = {}
    for name, part in parts[arch].items():
        if sizes[name] >= LARGE:
            layer = part.rpartition(":")[2]
        elif all([parts[other].get(name) == part for other in lock["archs"]]):
            layer = "{}_pure_{}".format(lock["lock"], _bucket(name, PURE_BUCKETS))
        else:
            layer = "{}_{}_native_{}".format(lock["lock"], arch, _bucket(name, NATIVE_BUCKETS))
        layers.setdefault(layer, []).append(part)
    return {layer: sorted(layers[layer]) for layer in sorted(layers.keys())}
