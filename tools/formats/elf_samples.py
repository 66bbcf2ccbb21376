"""For tests: small ELF files with a dynamic section, as a linker would lay them out."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

_BASE = 64 + 3 * 56  # behind the file header and three program headers


class _Strings:
    def __init__(self) -> None:
        self.data = b"\0"

    def add(self, text: str) -> int:
        self.data += text.encode() + b"\0"
        return len(self.data) - len(text) - 1


def elf_file(
    machine: int = 62,
    needed: Sequence[str] = (),
    soname: str = "",
    rpath: str = "",
    runpath: str = "",
    interpreter: str = "",
    versions: Mapping[str, Sequence[str]] | None = None,
    weak: Mapping[str, Sequence[str]] | None = None,
    defines: Sequence[str] = (),
    sections: Mapping[str, bytes] | None = None,
) -> bytes:
    """Return an ELF file.

    Args:
        machine: e_machine.
        needed: DT_NEEDED.
        soname: DT_SONAME.
        rpath: DT_RPATH.
        runpath: DT_RUNPATH.
        interpreter: PT_INTERP.
        versions: versions that it needs, by the name of the library.
        weak: the same, of symbols that may be missing.
        defines: versions of its own symbols.
        sections: contents of sections by name; None makes a file without any.
    """
    strings = _Strings()
    dynamic = [(1, strings.add(name)) for name in needed]
    dynamic += [(tag, strings.add(text)) for tag, text in ((14, soname), (15, rpath), (29, runpath)) if text]
    needs: dict[str, list[tuple[str, int]]] = {}
    for wanted, flags in ((versions, 0), (weak, 2)):
        for library, names in (wanted or {}).items():
            needs.setdefault(library, []).extend((name, flags) for name in names)
    verneed = _verneed(needs, strings)
    verdef = _verdef(defines, strings)
    at_verneed = _BASE
    at_verdef = at_verneed + len(verneed)
    at_interpreter = at_verdef + len(verdef)
    at_strings = at_interpreter + len(interpreter) + 1
    if verneed:
        dynamic += [(0x6FFFFFFE, at_verneed), (0x6FFFFFFF, len(needs))]
    if verdef:
        dynamic += [(0x6FFFFFFC, at_verdef), (0x6FFFFFFD, len(defines))]
    dynamic += [(5, at_strings), (0, 0)]
    at_dynamic = at_strings + len(strings.data)
    size = at_dynamic + 16 * len(dynamic)
    headers = [(1, 0, size), (2, at_dynamic, 16 * len(dynamic))]
    headers.append((3, at_interpreter, len(interpreter) + 1) if interpreter else (0, 0, 0))
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    contents, at_sections, count = _sections(sections, size)
    head = ident + struct.pack(
        "<HHIQQQIHHHHHH", 3, machine, 1, 0, 64, at_sections, 0, 64, 56, 3, 64, count, max(count - 1, 0)
    )
    head += b"".join(struct.pack("<IIQQQQQQ", kind, 4, at, at, at, length, length, 8) for kind, at, length in headers)
    body = verneed + verdef + interpreter.encode() + b"\0" + strings.data
    return head + body + b"".join(struct.pack("<qQ", tag, value) for tag, value in dynamic) + contents


def _sections(sections: Mapping[str, bytes] | None, start: int) -> tuple[bytes, int, int]:
    """Return sections and their headers to put at `start`, the place of the headers, and their number."""
    if sections is None:
        return b"", 0, 0
    names = _Strings()
    headers, contents = [bytes(64)], b""
    for name, content in sections.items():
        headers.append(
            struct.pack("<IIQQQQ", names.add(name), 1, 0, 0, start + len(contents), len(content)) + bytes(24)
        )
        contents += content
    label = names.add(".shstrtab")
    headers.append(struct.pack("<IIQQQQ", label, 3, 0, 0, start + len(contents), len(names.data)) + bytes(24))
    contents += names.data
    return contents + b"".join(headers), start + len(contents), len(headers)


def _verneed(needs: Mapping[str, Sequence[tuple[str, int]]], strings: _Strings) -> bytes:
    records = []
    for library, names in needs.items():
        after = 16 + 16 * len(names)
        record = struct.pack("<HHIII", 1, len(names), strings.add(library), 16, after)
        for number, (name, flags) in enumerate(names, 1):
            following = 16 if number < len(names) else 0
            record += struct.pack("<IHHII", 0, flags, number, strings.add(name), following)
        records.append(record)
    return b"".join(records)


def _verdef(defines: Sequence[str], strings: _Strings) -> bytes:
    return b"".join(
        struct.pack("<HHHHIII", 1, 0, number, 1, 0, 20, 28) + struct.pack("<II", strings.add(name), 0)
        for number, name in enumerate(defines, 1)
    )


def loader_cache(libraries: Mapping[str, str]) -> bytes:
    """Return an /etc/ld.so.cache: soname -> path."""
    strings = b""
    start = 48 + 24 * len(libraries)
    entries = b""
    for name, path in libraries.items():
        at = start + len(strings)
        entries += struct.pack("<iIIIQ", 0x303, at, at + len(name) + 1, 0, 0)
        strings += f"{name}\0{path}\0".encode()
    return b"glibc-ld.so.cache1.1" + struct.pack("<II", len(libraries), len(strings)) + bytes(20) + entries + strings
