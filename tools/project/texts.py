"""The project's files that the ONBUILD steps read: packages.txt, requirements.txt."""

from __future__ import annotations

import codecs
from pathlib import Path

from tools.project.errors import ProjectError

# Longest first: UTF-32's mark begins with UTF-16's.
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def read(file: Path) -> str:
    """Return the text of a file, empty if there is none: UTF-8, or what its byte order mark says.

    Raises:
        ProjectError: it is in another encoding, or can't be read.
    """
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ProjectError(f"{file.name} can't be read: {error.strerror}") from None
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "utf-8-sig")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ProjectError(f"{file.name} is not UTF-8 (byte {error.start}): save it as UTF-8") from None


def lines(text: str) -> list[tuple[int, str]]:
    """Return (number, line) of the lines that are not empty nor comments."""
    found = ((number, line.replace("\u200b", " ").strip()) for number, line in enumerate(text.splitlines(), 1))
    return [(number, line) for number, line in found if line and not line.startswith("#")]
