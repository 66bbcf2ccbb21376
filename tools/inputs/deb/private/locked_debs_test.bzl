"""Tests of the functions that turn a lock into labels, and of what deb_part gives."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")
load("//tools/inputs/deb/private/providers:deb_info.bzl", "DebInfo")
load("//tools/oci:providers.bzl", "PartInfo")
load(":deb_part.bzl", "deb_part")
load(":locked_debs.bzl", "deb_set", "locked_debs")

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
    asserts.equals(env, ["@locked//debian:a_1_amd64.deb", "@locked//debian:b_1_all.deb"], locked_debs(_LOCK, ["base"]))
    asserts.equals(env, ["//x:b_1_all"], deb_set(package = "//x", locks = {"amd64": _LOCK}, sets = ["base", "system"]).labels("amd64", ["system"]))
    asserts.equals(env, 3, len(locked_debs(_LOCK, ["base", "system", "build"])))
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

def _unknown_set_impl(ctx):
    # The label functions fail while they are called, so the call has to be in an analysis that is expected to fail.
    locked_debs(_LOCK, [ctx.attr.set])
    return []

_unknown_set = rule(implementation = _unknown_set_impl, attrs = {"set": attr.string()})

def _unknown_set_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, "the lock of bullseye for amd64 has no package set devel; there are base, build, system")
    return analysistest.end(env)

_unknown_set_test = analysistest.make(_unknown_set_test_impl, expect_failure = True)

def locked_debs_test_suite(name, deb):
    """Declare the tests.

    Args:
      name: of the test suite.
      deb: any package file; it is not read.
    """
    deb_part(name = name + "_sample", deb = deb, package = "sample", tags = ["manual"], version = "1.0-1")
    _unknown_set(name = name + "_unknown_set", set = "devel", tags = ["manual"])
    _labels_test(name = name + "_labels")
    _providers_test(name = name + "_providers", target_under_test = ":" + name + "_sample")
    _unknown_set_test(name = name + "_unknown", target_under_test = ":" + name + "_unknown_set")
    native.test_suite(
        name = name,
        tests = [name + "_labels", name + "_providers", name + "_unknown"],
    )
