"""table: data of Starlark as a file for a program, which reads it by tools/lib/decode.py into a dataclass."""

load("@bazel_skylib//rules:write_file.bzl", "write_file")

def table(name, value, **kwargs):
    """Declare NAME, the file NAME.json.

    Args:
      name: target name.
      value: a dict or struct; rows are made by constructor functions with named arguments, which refuse a misspelt one.
      **kwargs: passed on (visibility, tags, …).
    """
    write_file(
        name = name,
        out = name + ".json",
        content = json.encode_indent(value, indent = " ").split("\n") + [""],
        **kwargs
    )
