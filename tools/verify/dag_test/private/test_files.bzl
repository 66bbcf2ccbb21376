"""test_files: the files of a project's tests, for the program."""

def _test_files_impl(ctx):
    package = ctx.label.package
    files = []
    for file in ctx.files.srcs:
        path = file.short_path.split("/", 2)[2] if file.short_path.startswith("../") else file.short_path
        files.append([path.removeprefix(package + "/") if package else path, file.short_path])
    output = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(output, json.encode({"env": ctx.attr.env, "files": files}))
    return [DefaultInfo(files = depset([output]), runfiles = ctx.runfiles([output] + ctx.files.srcs))]

test_files = rule(
    implementation = _test_files_impl,
    doc = "Write the table of tests and variables for tools.verify.dag_test.main; bring the tests along.",
    attrs = {
        "env": attr.string_dict(doc = "Variables."),
        "srcs": attr.label_list(allow_files = True, doc = "The tests and what they read."),
    },
)
