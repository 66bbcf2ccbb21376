"""Tests of the catalogue, of what it says of bad rows, and of the layer plan."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load("//runtime:catalogue.bzl", "image_names", "image_rows", "lock_rows", "row_errors")
load("//runtime:images.bzl", "lock_error")
load("//runtime:layer_plan.bzl", "LARGE", "plan_wheel_layers")
load("//runtime:providers.bzl", "provider_errors")
load("//runtime:publish.bzl", "moving_tags", "release_tags")

_ROW = {
    "airflow": "2.8.4",
    "architectures": ["amd64", "arm64"],
    "cutoff": "2024-06-14",
    "edition": "runtime",
    "line": "10",
    "python": "3.11",
    "pythons": ["3.11", "3.9"],
    "version": "10.9.0",
}

def _rows_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, ["10_py311", "10_py39"], [row.lock for row in image_rows([_ROW])])
    asserts.equals(env, [True, False], [row.default_python for row in image_rows([_ROW])])
    return unittest.end(env)

_rows_test = unittest.make(_rows_test_impl)

def _names_test_impl(ctx):
    env = unittest.begin(ctx)
    default, other = image_rows([_ROW])
    names = image_names(default, "_base")
    asserts.equals(env, ("10_py311_base", "10_base"), (names.index, names.alias))
    asserts.equals(env, {"amd64": "10_py311_base_amd64", "arm64": "10_py311_base_arm64"}, names.images)
    asserts.equals(env, ("10_py39", None), (image_names(other, "").index, image_names(other, "").alias))
    return unittest.end(env)

_names_test = unittest.make(_names_test_impl)

def _lock_rows_test_impl(ctx):
    env = unittest.begin(ctx)
    row, _ = lock_rows([_ROW])
    asserts.equals(env, {
        "archs": ["amd64", "arm64"],
        "cutoff": "2024-06-14",
        "input": "providers/runtime_10.in",
        "lock": "10_py311",
        "python": "3.11",
    }, row)
    core = lock_rows([_ROW | {"edition": "core", "line": "core_2_8"}])
    asserts.equals(env, ["providers/core_2_8.in"] * 2, [row["input"] for row in core])
    return unittest.end(env)

_lock_rows_test = unittest.make(_lock_rows_test_impl)

def _errors_test_impl(ctx):
    env = unittest.begin(ctx)
    for change, said in [
        ({"colour": "red"}, "catalogue row 10: unknown fields [\"colour\"], missing fields []"),
        ({"architectures": ["riscv64"]}, "catalogue row 10: architecture riscv64 is not one of amd64, arm64"),
        ({"python": "3.8"}, "catalogue row 10: its default Python 3.8 is not among its pythons 3.11, 3.9"),
    ]:
        errors = row_errors([_ROW | change])
        asserts.equals(env, 1, len(errors))
        asserts.true(env, errors[0].startswith(said), errors[0])
    asserts.equals(env, ["catalogue row 10: two rows make the target 10_py311"], row_errors([_ROW, _ROW | {"pythons": ["3.11"]}]))
    asserts.true(env, row_errors([{"line": "11"}])[0].startswith("catalogue row 11: unknown fields [], missing fields [\"airflow\""))
    return unittest.end(env)

_errors_test = unittest.make(_errors_test_impl)

def _lock_errors_test_impl(ctx):
    env = unittest.begin(ctx)
    row = image_rows([_ROW])[0]
    lock = {"archs": ["amd64", "arm64"], "files": [{"name": "apache-airflow", "version": "2.8.4"}]}
    path = "requirements_lock/10_py311.json"
    asserts.equals(env, None, lock_error(row, {"10_py311": lock}))
    for locks, said in [
        ({}, "there is no lock {} (make it: tools/bazel run //requirements_lock:update -- 10_py311)".format(path)),
        ({"10_py311": lock | {"archs": ["amd64"]}}, "its lock {} is not for arm64".format(path)),
        ({"10_py311": lock | {"files": []}}, "it says Airflow 2.8.4, its lock {} has none".format(path)),
    ]:
        asserts.equals(env, "catalogue row 10: " + said, lock_error(row, locks))
    return unittest.end(env)

_lock_errors_test = unittest.make(_lock_errors_test_impl)

def _provider_errors_test_impl(ctx):
    env = unittest.begin(ctx)
    providers = [{"name": "ftp", "distribution": "apache-airflow-providers-ftp"}]
    for without, locked, said in [
        ({}, ["apache-airflow-providers-ftp"], None),
        ({"ftp": "not released then"}, [], None),
        ({}, ["ftp"], "requirements_lock/10_py311.json has no apache-airflow-providers-ftp (provider ftp): put it into providers/"),
        ({"ftp": "x"}, ["apache-airflow-providers-ftp"], "`without` names ftp, but requirements_lock/10_py311.json has"),
        ({"gopher": "x"}, ["apache-airflow-providers-ftp"], "`without` names gopher, which is not a provider of runtime/providers.bzl"),
    ]:
        errors = provider_errors(image_rows([_ROW | {"without": without}])[0], locked, providers)
        asserts.equals(env, [] if said == None else ["catalogue row 10: " + said], [error[:len("catalogue row 10: " + str(said))] for error in errors])
    return unittest.end(env)

_provider_errors_test = unittest.make(_provider_errors_test_impl)

def _tags_test_impl(ctx):
    env = unittest.begin(ctx)
    default, other = image_rows([_ROW])
    asserts.equals(env, ["10.9.0", "10.9.0-python-3.11"], release_tags(default, True))
    asserts.equals(env, ["10.9.0-base", "10.9.0-python-3.11-base"], release_tags(default, False))
    asserts.equals(env, ["10.9.0-python-3.9"], release_tags(other, True))
    asserts.equals(env, ["10-base", "10-python-3.11-base", "10.9-base", "10.9-python-3.11-base"], moving_tags(default, False))
    asserts.equals(env, ["10-python-3.9", "10.9-python-3.9"], moving_tags(other, True))
    return unittest.end(env)

_tags_test = unittest.make(_tags_test_impl)

def _entry(name, size, archs):
    return {"archs": archs, "name": name, "size": size}

def _plan_test_impl(ctx):
    env = unittest.begin(ctx)
    both = ["amd64", "arm64"]
    lock = {
        "archs": both,
        "files": [_entry("big", LARGE, both), _entry("small", 1, both), _entry("code", 1, ["amd64"]), _entry("code", 1, ["arm64"])],
        "lock": "10_py311",
    }
    parts = {arch: {"big": "//w:big", "code": "//w:code." + arch, "small": "//w:small"} for arch in both}
    plans = {arch: plan_wheel_layers(lock, parts, arch) for arch in both}
    asserts.equals(env, ["//w:big"], plans["amd64"]["big"])
    shared = [name for name in plans["amd64"] if "_pure_" in name]
    asserts.equals(env, shared, [name for name in plans["arm64"] if "_pure_" in name])
    asserts.equals(env, [["//w:small"]], [plans["arm64"][name] for name in shared])
    asserts.equals(env, [["//w:code.arm64"]], [parts for name, parts in plans["arm64"].items() if "_native_" in name])

    # Another wheel moves nothing.
    more = lock | {"files": lock["files"] + [_entry("more", 1, both)]}
    wider = {arch: parts[arch] | {"more": "//w:more"} for arch in both}
    for name, before in plans["amd64"].items():
        after = plan_wheel_layers(more, wider, "amd64")[name]
        asserts.equals(env, before, [part for part in after if part != "//w:more"])
    return unittest.end(env)

_plan_test = unittest.make(_plan_test_impl)

def catalogue_tests(name):
    """Declare the tests.

    Args:
      name: name of the suite.
    """
    unittest.suite(name, _rows_test, _names_test, _lock_rows_test, _errors_test, _lock_errors_test, _provider_errors_test, _plan_test, _tags_test)
