"""Tests of the functions that turn a lock into labels, and of what deb_part gives."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")
load("//tools/inputs/deb/private/providers:deb_info.bzl", "DebInfo")
load("//tools/locks/fetch:debs.bzl", "debs", "debs_of_sets")
load("//tools/oci:providers.bzl", "PartInfo")
load(":deb_part.bzl", "deb_part")
load(":deb_set.bzl", "deb_set")

_LOCK = {
    "arch": "amd64",
    "files": [
        {"file": "a_1_amd64.deb", "package": "a", "sets": ["base"]},
        {"file": "b_1_all.deb", "package": "b", "sets": ["base", "system"]},
        {"file": "c_1_amd64.deb", "package": "c", "sets": ["build"]},
    ],
    "suite": "bullseye",
}

def _labels_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, ["@locked//debian:a_1_amd64.deb", "@locked//debian:b_1_all.deb"], debs_of_sets(_LOCK, ["base"]))
    asserts.equals(env, ["//x:b_1_all"], deb_set(package = "//x", locks = {"amd64": _LOCK}, sets = ["base", "system"]).labels("amd64", ["system"]))
    asserts.equals(env, 3, len(debs_of_sets(_LOCK, ["base", "system", "build"])))
    asserts.equals(env, ["@locked//debian:c_1_amd64.deb", "@locked//debian:a_1_amd64.deb"], debs(_LOCK, ["c", "a"]))
    return unittest.end(env)

_labels_test = unittest.make(_labels_test_impl)

def _providers_test_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    asserts.equals(env, "deb:sample=1.0-1", target[PartInfo].origin)
    asserts.equals(env, "sample", target[DebInfo].package)
    actions = [action for action in analysistest.target_actions(env) if action.mnemonic == "DebPart"]
    asserts.equals(env, 1, len(actions))
    asserts.true(env, target[DebInfo].facts in actions[0].outputs.to_list())
    return analysistest.end(env)

_providers_test = analysistest.make(_providers_test_impl)

def _unknown_impl(ctx):
    # The label functions fail while they are called, so the call has to be in an analysis that is expected to fail.
    if ctx.attr.set:
        debs_of_sets(_LOCK, [ctx.attr.set])
    else:
        debs(_LOCK, [ctx.attr.package])
    return []

_unknown = rule(implementation = _unknown_impl, attrs = {"package": attr.string(), "set": attr.string()})

def _unknown_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ctx.attr.message)
    return analysistest.end(env)

_unknown_test = analysistest.make(_unknown_test_impl, attrs = {"message": attr.string()}, expect_failure = True)

def deb_set_test_suite(name, deb):
    """Declare the tests.

    Args:
      name: of the test suite.
      deb: any package file; it is not read.
    """
    deb_part(name = name + "_sample", deb = deb, package = "sample", tags = ["manual"], version = "1.0-1")
    _unknown(name = name + "_unknown_set", set = "devel", tags = ["manual"])
    _unknown(name = name + "_unknown_package", package = "d", tags = ["manual"])
    _labels_test(name = name + "_labels")
    _providers_test(name = name + "_providers", target_under_test = ":" + name + "_sample")
    _unknown_test(
        name = name + "_set",
        message = "the lock of bullseye for amd64 has no package set devel; there are base, build, system",
        target_under_test = ":" + name + "_unknown_set",
    )
    _unknown_test(
        name = name + "_package",
        message = "the lock of Debian packages for amd64 has no d: add it to runtime/debian/packages.bzl",
        target_under_test = ":" + name + "_unknown_package",
    )
    native.test_suite(
        name = name,
        tests = [name + "_labels", name + "_package", name + "_providers", name + "_set"],
    )
