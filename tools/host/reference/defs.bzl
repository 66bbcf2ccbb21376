"""reference_pages: Markdown pages of .bzl files, from their docstrings."""

load("//tools/host/python:defs.bzl", "py_binary", "py_test")

def reference_pages(name, pages, **kwargs):
    """Declare `:update`, which writes the pages into the work tree, and a test that they are what the docstrings say.

    The package holds the pages, NAME.md, and index.md.

    Args:
      name: of the test.
      pages: dict: name of a page -> label of its bzl_library, which has the documented file NAME.bzl of the same name
        among its sources.
      **kwargs: passed on to the test.
    """
    arguments = []
    for page, library in pages.items():
        native.starlark_doc_extract(
            name = page,
            src = library + ".bzl",
            deps = [library],
        )
        arguments.append("{0}={1}.bzl=$(rootpath :{0}.textproto)".format(page, library))
    program = dict(
        srcs = ["//tools/host/reference:main.py"],
        data = [":{}.textproto".format(page) for page in pages],
        main = "//tools/host/reference:main.py",
        deps = ["//tools/host/reference"],
    )
    py_binary(
        name = "update",
        args = arguments,
        **program
    )
    program["data"] = program["data"] + native.glob(["*.md"])
    py_test(
        name = name,
        size = "small",
        args = ["--check", "--directory=" + native.package_name()] + arguments,
        **(program | kwargs)
    )
