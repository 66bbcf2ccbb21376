"""The plugin as a wheel.

    load("//runtime/ui:defs.bzl", "plugin_wheel")
"""

load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")

def _plugin_wheel_impl(ctx):
    name = "{}-{}-py3-none-any.whl".format(ctx.attr.distribution.replace("-", "_"), ctx.attr.version)
    output = ctx.actions.declare_file(name)
    args = ctx.actions.args()
    args.add(ctx.file.pyproject)
    args.add(output)
    run_python(
        ctx,
        program = ctx.attr._program,
        module = "runtime.ui.build_wheel",
        arguments = [args],
        inputs = ctx.files.srcs + [ctx.file.pyproject],
        outputs = [output],
        mnemonic = "PluginWheel",
        progress_message = "Packing %{output}",
    )
    return [DefaultInfo(files = depset([output]))]

plugin_wheel = rule(
    implementation = _plugin_wheel_impl,
    doc = "A wheel of a pure project of this repository that is built by flit.",
    attrs = {
        "distribution": attr.string(
            doc = "Its name, as in pyproject.toml.",
            mandatory = True,
        ),
        "pyproject": attr.label(
            allow_single_file = ["pyproject.toml"],
            doc = "pyproject.toml, beside the package.",
            mandatory = True,
        ),
        "srcs": attr.label_list(
            allow_files = True,
            doc = "The files of the package.",
            mandatory = True,
        ),
        "version": attr.string(
            doc = "Its version, as in pyproject.toml.",
            mandatory = True,
        ),
        "_program": attr.label(default = "//runtime/ui:build_wheel"),
    } | PYTHON_ATTRS,
)
