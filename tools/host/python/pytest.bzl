"""pytest_test: a pytest file as a Bazel test, by the locked Python and the locked pytest."""

load(":defs.bzl", "py_test")

# Labels, not strings: in a macro a string would mean the caller's repository.
_MAIN = Label("//tools/host/python:pytest_main.py")
_PYTEST = Label("//tools/host/python:pytest")

def pytest_test(name, srcs, deps = [], data = [], size = "small", **kwargs):
    """Run pytest on `srcs`.

    Args:
      name: target name.
      srcs: *_test.py files; they import from the root of the repository.
      deps: py_library targets under test and wheel_library targets.
      data: files the tests read, reached by $(rootpath …) in args or beside the test.
      size: Bazel's test size.
      **kwargs: passed on to py_test (tags, timeout, env, …).
    """
    py_test(
        name = name,
        size = size,
        srcs = srcs + [_MAIN],
        main = _MAIN,
        args = ["$(rootpath {})".format(src) for src in srcs] + kwargs.pop("args", []),
        data = data,
        deps = deps + [_PYTEST],
        **kwargs
    )
