"""TargetPythonInfo: the interpreter of an image, runnable on the machine that builds."""

TargetPythonInfo = provider(
    doc = "An interpreter of the images, in the form in which the build runs it to compile bytecode.",
    fields = {
        "executable": "File: the interpreter for the machine that builds (started through the loader of the tools' Python).",
        "extensions": "list of Files: extension modules that compiling needs, in the directory of `stdlib`.",
        "stdlib": "File: its standard library as a zip archive with stored entries.",
        "version": "string: \"3.11\".",
    },
)
