"""golden_arguments: which documents the programs of tools/verify/golden are to look at."""

load("//tools/oci:providers.bzl", "ImageIndexInfo")
load("//tools/verify/golden/private:documents.bzl", "golden_documents")
load("//tools/verify/golden/private/providers:golden_info.bzl", "GoldenInfo")

def _accepted(ctx, wanted):
    """Place and file of the accepted documents; only the `wanted` ones, or all if it is None."""
    found = []
    for file in ctx.files.accepted:
        # Not by the package: the files may lie in a package of their own.
        name = file.basename if file.dirname.rpartition("/")[2] != "layers" else "layers/" + file.basename
        if wanted == None or name in wanted:
            found.append(struct(file = file, name = name))
    return found

def _documents(target, only):
    documents = target[GoldenInfo].documents
    if only and ImageIndexInfo in target:
        return depset([document for document in documents.to_list() if document.name == target.label.name + ".golden"])
    return documents

def _golden_arguments_impl(ctx):
    built = depset(transitive = [_documents(target, ctx.attr.only) for target in ctx.attr.images]).to_list()
    names = {}
    for document in built:
        if document.name in names:
            fail("two layers or images of the same name, {} and {}: rename one, their accepted digests would be one file".format(names[document.name].short_path, document.file.short_path))
        names[document.name] = document.file
    accepted = _accepted(ctx, None if ctx.attr.all_accepted else names)

    lines = []
    for option, documents in [("--built", built), ("--accepted", accepted)]:
        for document in documents:
            lines += [option, document.name, document.file.short_path]
    files = [document.file for document in built + accepted]
    if ctx.attr.parts:
        for entry in depset(transitive = [target[GoldenInfo].parts for target in ctx.attr.images]).to_list():
            part = entry.part
            lines += ["--part", entry.layer, part.origin, entry.label, part.deflate.short_path, part.mtree.short_path]
            files += [part.deflate, part.mtree]
    output = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(output, "\n".join(lines) + "\n")
    return [DefaultInfo(
        files = depset([output]),
        runfiles = ctx.runfiles([output] + files),
    )]

golden_arguments = rule(
    implementation = _golden_arguments_impl,
    doc = "Writes the arguments that name documents of what was built and what was accepted; brings these files along.",
    attrs = {
        "accepted": attr.label_list(
            # Any: before the first are accepted there are none, and a rule that asks for a suffix refuses an empty filegroup.
            allow_files = True,
            doc = "All files of accepted digests.",
        ),
        "all_accepted": attr.bool(
            doc = "Name all accepted files, also those without an image.",
        ),
        "images": attr.label_list(
            aspects = [golden_documents],
            doc = "Images and indexes.",
            mandatory = True,
        ),
        "only": attr.bool(
            doc = "Leave out what is below an index: its images have tests of their own.",
        ),
        "parts": attr.bool(
            doc = "Also name the parts, and bring them along.",
        ),
    },
)
