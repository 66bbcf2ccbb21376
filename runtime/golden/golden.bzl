"""Tests that the images of the catalogue are those that were accepted, and the commands around them."""

load("//runtime:catalogue.bzl", "VARIANTS", "image_names", "image_rows")
load("//tools/verify/golden:defs.bzl", "golden_explain", "golden_test", "golden_update")

def runtime_golden(name, accepted):
    """Declare IMAGE_test for each image and index, complete_test, and the programs :update and :explain.

    Args:
      name: name of the test suite of all of them.
      accepted: all files of accepted digests.
    """
    indexes = []
    images = []
    for row in image_rows():
        for variant in VARIANTS:
            names = image_names(row, variant)
            indexes.append(names.index)
            images += names.images.values()
    everything = ["//runtime:" + index for index in indexes]
    for image in indexes + images:
        golden_test(
            name = image + "_test",
            accepted = accepted,
            images = ["//runtime:" + image],
        )
    golden_test(
        name = "complete_test",
        accepted = accepted,
        complete = True,
        images = everything,
    )
    golden_update(
        name = "update",
        images = everything,
    )
    golden_explain(
        name = "explain",
        accepted = accepted,
        images = everything,
    )
    native.test_suite(
        name = name,
        tests = [image + "_test" for image in indexes + images] + ["complete_test"],
    )
