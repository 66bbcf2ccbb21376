"""Reads locks, and says which lock is wrong and how to fix it."""

load(":locked_file.bzl", "REGISTRIES")

# Key of an entry -> its type in JSON.
_KEYS = {"file": "string", "path": "string", "registry": "string", "sha256": "string", "size": "int"}

def _problem(entry):
    """Return what is wrong with an entry, or None."""
    missing = [key for key, kind in _KEYS.items() if type(entry.get(key)) != kind]
    if missing:
        return "lacks " + ", ".join(missing)
    if entry["registry"] not in REGISTRIES:
        return "names the registry '{}'; known are {}".format(entry["registry"], ", ".join(REGISTRIES))
    if len(entry["sha256"]) != 64 or entry["sha256"].strip("0123456789abcdef"):
        return "has no whole sha256: '{}'".format(entry["sha256"])
    return None

def read_lock(module_ctx, label):
    """Decode a lock.

    Args:
      module_ctx: the extension's context.
      label: Label of the lock (JSON).
    Returns:
      its dict; every entry of "files" has file, path, registry, sha256 and size.
    """
    remedy = "remake it: tools/bazel run //{}:update".format(label.package)
    content = json.decode(module_ctx.read(label), default = None)
    if type(content) != "dict" or type(content.get("files")) != "list":
        fail("{}/{}: no lock (JSON with a list 'files'); {}".format(label.package, label.name, remedy))
    for entry in content["files"]:
        problem = _problem(entry)
        if problem:
            fail("{}/{}: the entry {} {}; {}".format(
                label.package,
                label.name,
                entry.get("file", entry),
                problem,
                remedy,
            ))
    return content
