"""The Python of an image, as its own files tell it."""

from __future__ import annotations

import re
from typing import NamedTuple

from tools.lib.architectures import ARCHITECTURES
from tools.verify.soundness.merge import Image

_SOURCE = re.compile(r"usr/local/lib/python(3\.\d+)/importlib/_bootstrap_external\.py")


class InterpreterMissingError(Exception):
    """The image has no CPython in /usr/local, or more than one."""


class Interpreter(NamedTuple):
    """A CPython.

    Attributes:
        version: "3.11".
        full_version: "3.11.2".
        magic: magic number of its bytecode.
    """

    version: str
    full_version: str
    magic: int

    @property
    def library(self) -> str:
        """Directory of its standard library."""
        return f"usr/local/lib/python{self.version}"

    @property
    def site_packages(self) -> str:
        """Directory of installed distributions."""
        return f"{self.library}/site-packages"

    @property
    def tag(self) -> str:
        """As in names of bytecode files (PEP 3147)."""
        return "cpython-" + self.version.replace(".", "")

    def markers(self, architecture: str) -> dict[str, str]:
        """Return the values of environment markers (PEP 508) in the image."""
        return {
            "extra": "",
            "implementation_name": "cpython",
            "implementation_version": self.full_version,
            "os_name": "posix",
            "platform_machine": ARCHITECTURES[architecture].machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": self.full_version,
            "python_version": self.version,
            "sys_platform": "linux",
        }


def find(image: Image) -> Interpreter:
    """Find the interpreter of an image.

    Raises:
        InterpreterMissingError: there is none, there are several, or its own files don't say version and magic number.
    """
    found = {
        match[1]: node for match, node in ((_SOURCE.fullmatch(p), n) for p, n in image.tree.nodes.items()) if match
    }
    if len(found) != 1:
        raise InterpreterMissingError(
            f"{image.name}: {len(found)} interpreters in /usr/local instead of one: {sorted(found)}"
        )
    ((version, node),) = found.items()
    header = image.tree.nodes.get(f"usr/local/include/python{version}/patchlevel.h")
    if "magic" not in node.extra or header is None or not header.extra.get("text", "").startswith(version):
        raise InterpreterMissingError(f"{image.name}: Python {version}: its sources say no magic number or version")
    return Interpreter(version, header.extra["text"].rstrip("+"), node.extra["magic"])
