"""files_part: a part of our own files."""

load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")
load("//tools/oci/private/providers:part_info.bzl", "PartInfo")

_DOC = """\
Make a part of files, links and directories that are listed one by one.

    files_part(
        name = "entrypoint",
        files = {":entrypoint.sh": "entrypoint"},
        attributes = {"entrypoint": "0755 0:0"},
        directories = {"usr/local/airflow/logs": "0775 50000:0"},
        symlinks = {"clean-logs": "usr/local/bin/clean-airflow-logs"},
    )

Modes and owners are those given here, never those on disk; the defaults are 0644 and 0:0 for files, 0755 and 0:0 for
directories. All times are one constant.
"""

def _source(target):
    files = target.files.to_list()
    if len(files) != 1:
        fail("files_part: {} gives {} files; name a target of one file or of one directory".format(target.label, len(files)))
    return files[0]

def _files_part_impl(ctx):
    files = [(path, _source(target)) for target, path in ctx.attr.files.items()]
    spec = ctx.actions.declare_file(ctx.label.name + ".spec.json")
    deflate = ctx.actions.declare_file(ctx.label.name + ".deflate")
    mtree = ctx.actions.declare_file(ctx.label.name + ".mtree")
    ctx.actions.write(spec, json.encode({
        "attributes": ctx.attr.attributes,
        "content": ctx.attr.content,
        "directories": ctx.attr.directories,
        "files": [[path, file.path] for path, file in files],
        "symlinks": ctx.attr.symlinks,
    }))
    args = ctx.actions.args()
    args.add("--spec", spec)
    args.add("--deflate", deflate)
    args.add("--mtree", mtree)
    run_python(
        ctx,
        program = ctx.attr._program,
        module = "tools.oci.files_part",
        arguments = [args],
        inputs = [spec] + [file for _, file in files],
        outputs = [deflate, mtree],
        mnemonic = "OciFilesPart",
        progress_message = "Packing files of %{label}",
    )
    return [
        DefaultInfo(files = depset([deflate, mtree])),
        PartInfo(
            deflate = deflate,
            mtree = mtree,
            inputs = [file for _, file in files],
            kind = "files",
            name = ctx.attr.title or ctx.label.name,
            version = "",
        ),
    ]

files_part = rule(
    implementation = _files_part_impl,
    doc = _DOC,
    attrs = {
        "attributes": attr.string_dict(
            doc = "Mode and owner, like `0755 0:0`, of a path, or of all files below `directory/**`. The last match counts; an entry that matches nothing is an error.",
        ),
        "content": attr.string_dict(
            doc = "Path and text of small files.",
        ),
        "directories": attr.string_dict(
            doc = "Path, and mode and owner like `01777 0:0`, of directories that are empty, or not 0755 and 0:0.",
        ),
        "files": attr.label_keyed_string_dict(
            allow_files = True,
            doc = "A target of one file or of one directory, and its path in the image.",
        ),
        "symlinks": attr.string_dict(
            doc = "Path and target of symbolic links.",
        ),
        "title": attr.string(
            doc = "Name of this part in messages; by default the target's.",
        ),
        "_program": attr.label(default = "//tools/oci:files_part"),
    } | PYTHON_ATTRS,
    provides = [PartInfo],
)
