"""The tools' Python in the place of an image's, which takes minutes to compile."""

load("@airflow_runtime_images//tools/host/python:run.bzl", "PYTHON_ATTRS")
load("@airflow_runtime_images//tools/host/python:runtime.bzl", "PythonRuntimeInfo")
load("@airflow_runtime_images//tools/inputs/wheel:defs.bzl", "TargetPythonInfo")

def _target_python_impl(ctx):
    files = {file.basename: file for file in ctx.attr._python[PythonRuntimeInfo].files.to_list()}
    return [TargetPythonInfo(
        executable = files["python3.9"],
        extensions = [file for name, file in files.items() if name.endswith(".so")],
        stdlib = files["python39.zip"],
        version = "3.9",
    )]

target_python = rule(
    doc = "Give the tools' Python as TargetPythonInfo.",
    implementation = _target_python_impl,
    attrs = PYTHON_ATTRS,
)
