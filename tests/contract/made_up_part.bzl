"""made_up_part: a kind of part that the product does not have, with attribute names that no other rule uses."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//tools/oci:defs.bzl", "PACK_TAR_ATTRS", "pack_tar")
load("//tools/oci:providers.bzl", "PartInfo")

def _made_up_part_impl(ctx):
    return pack_tar(
        ctx,
        src = ctx.file.parcel,
        kind = "made-up",
        name = ctx.label.name,
        version = "1",
    )

made_up_part = rule(
    implementation = _made_up_part_impl,
    doc = "Make a part of a tar.",
    attrs = {
        "parcel": attr.label(allow_single_file = True, mandatory = True, doc = "The tar."),
    } | PACK_TAR_ATTRS,
)

def _forgetful_part_impl(ctx):
    file = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(file, "")
    return [PartInfo(
        deflate = file,
        kind = "made-up",
        mtree = file,
        name = ctx.attr.title,
        version = "",
        **({"inputs": []} if ctx.attr.complete else {})
    )]

_forgetful_part = rule(
    implementation = _forgetful_part_impl,
    doc = "Return a PartInfo that is not valid.",
    attrs = {
        "complete": attr.bool(doc = "Whether every field is given."),
        "title": attr.string(default = "title", doc = "Name of the part."),
    },
)

def _refusal_test(message):
    def impl(ctx):
        env = analysistest.begin(ctx)
        asserts.expect_failure(env, message)
        return analysistest.end(env)

    return analysistest.make(impl, expect_failure = True)

_missing_field_test = _refusal_test("inputs")
_bad_name_test = _refusal_test("""PartInfo: name is "a b":""")

def refusals(name):
    """Declare the tests of what PartInfo refuses.

    Args:
      name: of the test suite.
    """
    _forgetful_part(name = "missing_field", tags = ["manual"])
    _missing_field_test(name = "missing_field_test", target_under_test = ":missing_field")
    _forgetful_part(name = "bad_name", complete = True, tags = ["manual"], title = "a b")
    _bad_name_test(name = "bad_name_test", target_under_test = ":bad_name")
    native.test_suite(
        name = name,
        tests = [
            ":bad_name_test",
            ":missing_field_test",
        ],
    )
