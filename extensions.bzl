"""The module extension of workspaces that make images of projects.

    airflow_projects = use_extension("@airflow_runtime_images//:extensions.bzl", "airflow_projects")
    airflow_projects.lock(file = "//:requirements.lock")
    airflow_projects.lock(file = "//:packages.lock")

A workspace names each of its locks, so that the wheels and .debs in them can be fetched: each lazily, by its hash, from this
machine's package index and Debian mirror (docs/mirrors.md). A lock that has not been made yet is left out, so that `bazel run //:image.update` can make it.
"""

load("//tools/project/private:locks.bzl", "declare_locks")

def _airflow_projects_impl(module_ctx):
    declare_locks(module_ctx, [tag.file for module in module_ctx.modules for tag in module.tags.lock])

airflow_projects = module_extension(
    doc = "The wheels and .debs of projects' locks, one lazily fetched repository per file.",
    implementation = _airflow_projects_impl,
    tag_classes = {
        "lock": tag_class(
            doc = "A lock of a project in this workspace.",
            attrs = {"file": attr.label(mandatory = True, doc = "Its requirements.lock or packages.lock, which may be missing.")},
        ),
    },
)
