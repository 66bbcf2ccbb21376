"""PythonRuntimeInfo and the rule that describes the tools' Python to other rules."""

PythonRuntimeInfo = provider(
    doc = "A CPython that needs nothing of the host: run `loader --library-path DIR interpreter …` with PYTHONHOME.",
    fields = {
        "files": "depset of Files: all of it.",
        "home": "string: execution path of PYTHONHOME.",
        "interpreter": "File: the interpreter (ELF, started through the loader).",
        "loader": "File: its dynamic loader.",
    },
)

def _python_runtime_impl(ctx):
    files = depset(ctx.files.files)
    return [
        DefaultInfo(files = files),
        PythonRuntimeInfo(
            files = files,
            home = ctx.file.interpreter.path.removesuffix("/bin/" + ctx.file.interpreter.basename),
            interpreter = ctx.file.interpreter,
            loader = ctx.file.loader,
        ),
    ]

python_runtime = rule(
    doc = "An unpacked CPython with its own loader and libraries.",
    implementation = _python_runtime_impl,
    attrs = {
        "files": attr.label_list(allow_files = True, mandatory = True, doc = "Every file of it."),
        "interpreter": attr.label(allow_single_file = True, mandatory = True, doc = "bin/python3.X below its home."),
        "loader": attr.label(allow_single_file = True, mandatory = True, doc = "The dynamic loader."),
    },
    provides = [PythonRuntimeInfo],
)
