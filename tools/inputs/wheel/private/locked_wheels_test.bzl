"""Which parts a lock gives, and which of them architectures share."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load(":locked_wheels.bzl", "wheel_set")

def _entry(name, file, archs, tags, requested = False):
    kind = "wheel" if tags else "sdist"
    return {"archs": archs, "file": file, "kind": kind, "name": name, "requested": requested, "tags": tags}

_LOCK = {
    "archs": ["amd64", "arm64"],
    "files": [
        _entry("pure", "pure-1-py3-none-any.whl", ["amd64", "arm64"], ["py2-none-any", "py3-none-any"]),
        _entry("asked", "asked-1-py3-none-any.whl", ["amd64", "arm64"], ["py3-none-any"], requested = True),
        _entry("native", "native-1-x86_64.whl", ["amd64"], ["cp311-cp311-manylinux_2_17_x86_64"]),
        _entry("native", "native-1-aarch64.whl", ["arm64"], ["cp311-cp311-manylinux_2_17_aarch64"]),
        _entry("only-arm", "only_arm-1-py3-none-any.whl", ["arm64"], ["py3-none-any"]),
        _entry("built", "built-1.tar.gz", ["amd64", "arm64"], []),
        _entry("built-native", "built-native-1.tar.gz", ["amd64", "arm64"], []),
    ],
    "lock": "line_py311",
    "python": "3.11",
}

def _sdist_wheel(entry, python, arch):
    native = "." + arch if "native" in entry["name"] else ""
    return "//sdists:{}.{}{}".format(entry["name"], python, native)

def _labels_test_impl(ctx):
    env = unittest.begin(ctx)
    wheels = wheel_set(package = "//wheels", locks = [_LOCK], pythons = {"3.11": "//python"}, sdist_wheel = _sdist_wheel)
    shared = {
        "asked": "//wheels:asked-1-py3-none-any.whl.py311.requested",
        "built": "//wheels:built-1.tar.gz.py311",
        "pure": "//wheels:pure-1-py3-none-any.whl.py311",
    }
    asserts.equals(env, shared | {
        "built-native": "//wheels:built-native-1.tar.gz.py311.amd64",
        "native": "//wheels:native-1-x86_64.whl.py311.amd64",
    }, wheels.labels(_LOCK, "amd64"))
    asserts.equals(env, shared | {
        "built-native": "//wheels:built-native-1.tar.gz.py311.arm64",
        "native": "//wheels:native-1-aarch64.whl.py311.arm64",
        "only-arm": "//wheels:only_arm-1-py3-none-any.whl.py311",
    }, wheels.labels(_LOCK, "arm64"))
    return unittest.end(env)

labels_test = unittest.make(_labels_test_impl)
