"""Analysis tests: what providers and output groups the rules give, and what they refuse."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//tools/oci:defs.bzl", "files_part", "image", "layer")
load("//tools/oci:providers.bzl", "ImageIndexInfo", "ImageInfo", "LayerInfo", "PartInfo")

def _names(files):
    return sorted([file.basename for file in files.to_list()])

def _groups(env, expected):
    groups = analysistest.target_under_test(env)[OutputGroupInfo]
    for name, files in expected.items():
        asserts.equals(env, files, _names(getattr(groups, name)), "output group " + name)

def _part_test_impl(ctx):
    env = analysistest.begin(ctx)
    part = analysistest.target_under_test(env)[PartInfo]
    asserts.equals(env, "greeting.deflate", part.deflate.basename)
    asserts.equals(env, "greeting.mtree", part.mtree.basename)
    asserts.equals(env, "files:greeting", part.origin)
    return analysistest.end(env)

_part_test = analysistest.make(_part_test_impl)

def _layer_test_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    info = target[LayerInfo]
    asserts.equals(env, ["files:program", "files:greeting"], [part.origin for part in info.parts])
    asserts.equals(env, "//tools/oci/tests:plain", info.created_by)
    asserts.equals(env, ["plain.tar.gz"], _names(target[DefaultInfo].files))
    _groups(env, {"layer": ["plain.tar.gz"], "metadata": ["plain.json"], "mtree": ["plain.mtree"]})
    return analysistest.end(env)

_layer_test = analysistest.make(_layer_test_impl)

def _image_test_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    info = target[ImageInfo]
    asserts.equals(env, ("arm64", "linux", ""), (info.architecture, info.os, info.variant))
    asserts.equals(env, ["//tools/oci/tests:base", "the program"], [layer.created_by for layer in info.layers])
    files = target[DefaultInfo].files.to_list()
    asserts.equals(env, ["image_arm64"], [file.basename for file in files])
    asserts.true(env, files[0].is_directory)

    # A layout is whole by itself.
    asserts.equals(env, ["image_arm64"], _names(target[DefaultInfo].default_runfiles.files))
    _groups(env, {
        "digest": ["image_arm64.digest"],
        "manifest": ["image_arm64.manifest.json"],
        "mtree": ["image_arm64.mtree"],
        "oci_image_config": ["image_arm64.config.json"],
        "oci_layout": ["image_arm64"],
        "oci_tarball": ["image_arm64.tar"],
    })
    return analysistest.end(env)

_image_test = analysistest.make(_image_test_impl)

def _no_layer_is_read_test_impl(ctx):
    env = analysistest.begin(ctx)
    for action in analysistest.target_actions(env):
        if action.mnemonic == "OciImage":
            blobs = [file.basename for file in action.inputs.to_list() if file.basename.endswith((".tar.gz", ".deflate"))]
            asserts.equals(env, [], blobs)
    return analysistest.end(env)

_no_layer_is_read_test = analysistest.make(_no_layer_is_read_test_impl)

def _index_test_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    asserts.equals(env, ["amd64", "arm64"], [info.architecture for info in target[ImageIndexInfo].images])
    asserts.equals(env, ["index"], _names(target[DefaultInfo].files))
    _groups(env, {
        "digest": ["index.digest"],
        "index": ["index.index.json"],
        "mtree": ["image_amd64.mtree", "image_arm64.mtree"],
        "oci_image_config": ["image_amd64.config.json", "image_arm64.config.json"],
        "oci_layout": ["index"],
    })
    return analysistest.end(env)

_index_test = analysistest.make(_index_test_impl)

def _refusal_test(message):
    def impl(ctx):
        env = analysistest.begin(ctx)
        asserts.expect_failure(env, message)
        return analysistest.end(env)

    return analysistest.make(impl, expect_failure = True)

_no_parts_test = _refusal_test("does not have mandatory providers: 'PartInfo'")
_no_layers_test = _refusal_test("does not have mandatory providers: 'LayerInfo'")
_many_files_test = _refusal_test("files_part: @@//tools/oci/tests:base_and_top gives 2 files")

def rules_test_suite(name):
    """Declare all tests of this file.

    Args:
      name: of the test suite.
    """
    _part_test(name = "part_test", target_under_test = ":greeting")
    _layer_test(name = "layer_test", target_under_test = ":plain")
    _image_test(name = "image_test", target_under_test = ":image_arm64")
    _no_layer_is_read_test(name = "no_layer_is_read_test", target_under_test = ":image_arm64")
    _index_test(name = "index_test", target_under_test = ":index")

    layer(name = "layer_of_a_layer", parts = [":base"], tags = ["manual"])
    _no_parts_test(name = "layer_of_a_layer_test", target_under_test = ":layer_of_a_layer")
    image(name = "image_of_a_part", architecture = "amd64", layers = [":system"], tags = ["manual"])
    _no_layers_test(name = "image_of_a_part_test", target_under_test = ":image_of_a_part")
    native.filegroup(name = "base_and_top", srcs = [":base", ":top"])
    files_part(name = "part_of_many_files", files = {":base_and_top": "x"}, tags = ["manual"])
    _many_files_test(name = "part_of_many_files_test", target_under_test = ":part_of_many_files")

    native.test_suite(
        name = name,
        tests = [
            ":image_of_a_part_test",
            ":image_test",
            ":index_test",
            ":layer_of_a_layer_test",
            ":layer_test",
            ":no_layer_is_read_test",
            ":part_of_many_files_test",
            ":part_test",
        ],
    )
