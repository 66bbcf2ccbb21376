"""Tests of names and recipes of locked source archives."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load("@locked//:locks.bzl", "REQUIREMENTS")
load("//tools/inputs/sdist/private:locked_sdists.bzl", "filled_recipe", "recipe_of", "sdist_wheel_name")
load(":recipes.bzl", "RECIPES")

def _entry(name, version):
    return {"file": "{}-{}.tar.gz".format(name, version), "name": name, "version": version}

def _names_test_impl(ctx):
    env = unittest.begin(ctx)
    pure, native = _entry("future", "0.18.3"), _entry("psutil", "5.9.8")
    names = {sdist_wheel_name(pure, python, arch): True for python in ["3.9", "3.11"] for arch in ["amd64", "arm64"]}
    asserts.equals(env, ["future-0.18.3.tar.gz.wheel"], names.keys())
    asserts.equals(env, "psutil-5.9.8.tar.gz.wheel.py311_arm64", sdist_wheel_name(native, "3.11", "arm64"))
    asserts.equals(env, "psutil-5.9.8.tar.gz.wheel.py39_amd64", sdist_wheel_name(native, "3.9", "amd64"))
    return unittest.end(env)

def _recipe_test_impl(ctx):
    env = unittest.begin(ctx)
    row = {
        "backends": ["setuptools"],
        "env": {"VERSION": "{version}"},
        "extensions": ["p/x.{soabi}.so"],
        "libraries": ["libx.so.1"],
        "packages": ["libx-dev"],
        "tag": "{cp}-{cp}-linux_{machine}",
    }
    taken = filled_recipe(row, "1.2", "3.11", "arm64")
    asserts.equals(env, ["env", "extensions", "libraries", "tag"], sorted(taken))
    asserts.equals(env, {"VERSION": "1.2"}, taken["env"])
    asserts.equals(env, ["p/x.cpython-311-aarch64-linux-gnu.so"], taken["extensions"])
    asserts.true(env, "libc.so.6" in taken["libraries"] and "libx.so.1" in taken["libraries"])
    asserts.equals(env, "cp311-cp311-linux_aarch64", taken["tag"])
    return unittest.end(env)

def _data_test_impl(ctx):
    """Each row is sound: what is built once is pure, what compiles says what must come out."""
    env = unittest.begin(ctx)
    for key, row in RECIPES.items():
        pure = row["tag"].endswith("-any")
        asserts.equals(env, not pure, bool(row.get("extensions")), key)
        asserts.true(env, pure or row.get("interpreter", "target") == "target", key)
        asserts.equals(env, row, recipe_of(key.partition("==")[0], key.partition("==")[2]), key)
    return unittest.end(env)

# Locks whose source archives no build takes: //tests/acceptance hands them to pip in an image.
_BUILT_BY_PIP = ["embedding"]

def _complete_test_impl(ctx):
    """There is a recipe for each source archive of each lock, also of lines that are not in the catalogue yet."""
    env = unittest.begin(ctx)
    locks = [lock for name, lock in REQUIREMENTS.items() if name not in _BUILT_BY_PIP]
    entries = [entry for lock in locks for entry in lock["files"] if entry["kind"] == "sdist"]
    missing = {entry["file"]: True for entry in entries if entry["name"] not in RECIPES and "{name}=={version}".format(**entry) not in RECIPES}
    asserts.equals(env, [], missing.keys())
    return unittest.end(env)

_complete_test = unittest.make(_complete_test_impl)
_names_test = unittest.make(_names_test_impl)
_recipe_test = unittest.make(_recipe_test_impl)
_data_test = unittest.make(_data_test_impl)

def locked_sdists_tests(name):
    """Declare the tests.

    Args:
      name: of the suite.
    """
    unittest.suite(name, _complete_test, _data_test, _names_test, _recipe_test)
