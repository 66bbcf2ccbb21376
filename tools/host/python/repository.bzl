"""The Python that runs our tools: bullseye's CPython 3.9, from locked .debs, run through its own dynamic loader."""

_LIBRARIES = "root/lib/x86_64-linux-gnu:root/usr/lib/x86_64-linux-gnu"

_BUILD = """\
load("@airflow_runtime_images//tools/host/python:runtime.bzl", "python_runtime")

package(default_visibility = ["//visibility:public"])

python_runtime(
    name = "runtime",
    files = glob(["runtime/**"]),
    loader = "runtime/lib/ld.so",
    interpreter = "runtime/bin/python3.9",
)

exports_files(["runtime/bin/python3"])

filegroup(
    name = "files",
    srcs = glob(["runtime/**"]),
)
"""

def _python_repository_impl(ctx):
    for deb, name in ctx.attr.debs.items():
        ctx.report_progress("unpacking " + name)
        ctx.extract(ctx.path(deb), output = "deb")
        ctx.extract("deb/data.tar.xz", output = "root")
        ctx.delete("deb")
    command = [
        "root/lib/x86_64-linux-gnu/ld-2.31.so",
        "--library-path",
        _LIBRARIES,
        "root/usr/bin/python3.9",
        "-B",
        "-s",
        ctx.path(ctx.attr._bundle),
        "root",
        "runtime",
    ]

    # The order of sets of constants is in the bytecode. -I would keep the seed out together with the user's variables.
    environment = {"LC_ALL": "C", "PYTHONHASHSEED": "0", "PYTHONHOME": "", "PYTHONPATH": ""}
    result = ctx.execute(command, environment = environment)
    if result.return_code:
        fail("the tools' Python can't be put together from {} .debs of runtime/debian/bullseye_amd64.json (is this machine amd64 Linux?):\n{}".format(
            len(ctx.attr.debs),
            result.stderr,
        ))
    ctx.delete("root")
    ctx.file("BUILD.bazel", _BUILD)

python_repository = repository_rule(
    doc = """\
Unpacks the .debs of the lock's set "python" and bundles them (tools/host/python/bundle.py) into some 60 files: loader, libraries,
interpreter, extension modules, and the standard library as one zip of compiled modules. Nothing of the host takes part.
""",
    implementation = _python_repository_impl,
    attrs = {
        "debs": attr.label_keyed_string_dict(mandatory = True, doc = "Locked .debs -> their file names."),
        "_bundle": attr.label(default = "//tools/host/python:bundle.py"),
    },
)
