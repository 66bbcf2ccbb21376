"""Scripts: generated for entry points, or brought by a wheel with a `#!python` line."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tools.inputs.wheel.metadata import normalize

_TEMPLATE = """\
#!{interpreter}
import sys
{imports}
if __name__ == "__main__":
    sys.exit({attribute}())
"""


_IN_CONTEXT = """\
from {context_module} import {context}
with {context}():
    {imports}"""


def entry_point_script(interpreter: str, module: str, attribute: str, context: str = "") -> bytes:
    """Return the text of a script that calls `attribute` of `module`.

    Args:
        interpreter: its absolute path.
        module: the entry point's module.
        attribute: its attribute; may have dots.
        context: `module:name` of a context manager in which the module is imported; "" for none.
    """
    imports = f"from {module} import {attribute.split('.')[0]}"
    if context:
        context_module, _, name = context.partition(":")
        imports = _IN_CONTEXT.format(context_module=context_module, context=name, imports=imports)
    return _TEMPLATE.format(interpreter=interpreter, imports=imports, attribute=attribute).encode()


def wrapped_entry_point(file: str) -> str:
    """Return the entry point that a file of .data/scripts starts: old setuptools made such files, and pip skips them."""
    name = file.rpartition("/")[2]
    for suffix in (".exe", "-script.py", ".pya"):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


def rewrite_shebang(content: bytes, interpreter: str) -> bytes:
    """Return a wheel's script with its `#!python` line (also `#!pythonw`) naming the interpreter; others unchanged."""
    first, _, rest = content.partition(b"\n")
    if not first.startswith(b"#!python"):
        return content
    return b"#!" + interpreter.encode() + b"\n" + rest


def for_python(
    distribution: str, scripts: Iterable[tuple[str, str, str]], python: str
) -> tuple[tuple[str, str, str], ...]:
    """Return the scripts that pip generates for a distribution's entry points and a Python version.

    The script names of pip's own wheel (and of old setuptools) have the Python version of the build; pip replaces them with
    names for the Python of the installation.
    """
    kept = {script: (script, module, attribute) for script, module, attribute in scripts}
    name = normalize(distribution)
    if name == "pip" and "pip" in kept:
        _, module, attribute = kept["pip"]
        kept = {script: spec for script, spec in kept.items() if not re.fullmatch(r"pip\d+(\.\d+)?", script)}
        for script in ("pip3", f"pip{python}"):
            kept[script] = (script, module, attribute)
    if name == "setuptools" and "easy_install" in kept:
        _, module, attribute = kept["easy_install"]
        kept = {script: spec for script, spec in kept.items() if not re.fullmatch(r"easy_install-\d+\.\d+", script)}
        kept[f"easy_install-{python}"] = (f"easy_install-{python}", module, attribute)
    return tuple(kept[script] for script in sorted(kept))
