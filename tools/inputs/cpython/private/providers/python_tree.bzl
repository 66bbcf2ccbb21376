"""PythonTreeInfo: a CPython of the images."""

PythonTreeInfo = provider(
    doc = "A CPython as it is installed in images of one architecture.",
    fields = {
        "arch": "string: \"amd64\" or \"arm64\".",
        "build_root_debs": "tuple of Files: packages that the amd64 interpreter of this version needs to run, and a shell.",
        "release": "string: \"3.11.2\".",
        "tree": "File: tar of usr/local.",
        "version": "string: \"3.11\".",
    },
)
