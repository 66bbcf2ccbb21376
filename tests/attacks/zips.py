"""Wheels with one thing in them that is wrong, or nearly."""

from __future__ import annotations

import random
import stat
import struct
import warnings
import zipfile
from pathlib import Path

from tests.attacks.mutate import damaged
from tools.inputs.wheel.samples import make_wheel, record_row

FILES: dict[str, str | bytes] = {
    "sample/__init__.txt": "x = 1\n" * 100,
    "sample/data.bin": bytes(range(256)) * 9,
    "sample/é.txt": "é",
    "sample/empty": b"",
    "sample-1.0.data/scripts/run": "#!python\nprint()\n",
    "sample-1.0.data/data/share/x": "x",
}
MARKS = (b"PK\1\2", b"PK\3\4", b"PK\5\6")

_NUMBERS = (0, 1, 0xFFFF, 0x7FFF)
_LONG_NUMBERS = (0, 1, 299, 0xFFFFFFFF, 0xFFFFFFFE, 0x7FFFFFFF, 1 << 30)
# Offset and width of the fields of a central header, a local header, an end record.
_FIELDS = {
    b"PK\1\2": ((4, 2), (6, 2), (8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (34, 2), (38, 4), (42, 4)),
    b"PK\3\4": ((4, 2), (6, 2), (8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2)),
    b"PK\5\6": ((4, 2), (6, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2)),
}  # fmt: skip


def names(outside: str) -> list[str]:
    """Return names that lead out, mean something else, or are invalid."""
    found = [
        "../x",
        "a/../../x",
        "a/../b",
        "/x",
        "//x",
        "./a",
        "a//b",
        "a/.",
        "a\nb",
        "a\\b",
        "C:\\x",
        "a\x7f",
        "",
        " ",
        ".",
    ]
    found += ["x" * 256, "d/" * 3000 + "x", "sample/../sample/x", "sample", "sample/data.bin/x", f"{outside}/x"]
    return [
        *found,
        f"../../..{outside}/x",
        "../outside/x",
        "sample-1.0.data/x/y",
        "sample-1.0.data/data/../../x",
        ".wh.x",
    ]


def evil(rng: random.Random, folder: Path, outside: str) -> Path:
    """Make a wheel in a folder."""
    kind = rng.randrange(12)
    name = rng.choice(names(outside))
    if kind == 0:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return make_wheel(folder, {**FILES, name: "evil"})
    if kind == 1:
        modes = (stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK, stat.S_IFDIR, 0, stat.S_ISUID)
        mode = rng.choice(modes) | 0o777
        return make_wheel(folder, {**FILES, "sample/link": outside}, modes={"sample/link": mode})
    if kind == 2:
        return _twice(rng, make_wheel(folder, FILES))
    if kind == 3:
        method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
        return make_wheel(folder, FILES, method=method)
    if kind == 4:
        return _evil_record(rng, folder)
    if kind == 5:
        texts: tuple[str, ...] = (
            "[console_scripts]\n",
            "[console_scripts]\nx = a:b\n[x\n",
            "x",
            "[console_scripts]\n../x = a:b\n",
            "[a]\n[a]\n",
        )
        texts += (
            "[console_scripts]\nx = a:b\nx = c:d\n",
            "[console_scripts]\n%(x)s = a:b\n",
            "\ufeff[a]\n",
            "[console_scripts]\nx\n",
        )
        return make_wheel(folder, FILES, entry_points=rng.choice(texts))
    if kind == 6:
        texts = (
            "",
            "Wheel-Version: 2.0\n",
            "Wheel-Version: 1.0\n",
            "Wheel-Version: 1.0\nTag: x\n",
            "\0",
            "Tag: " + "a.b." * 30 + "-c-d\n",
        )
        texts += ("Wheel-Version: 1.0\nTag: " + "-".join([".".join("ab" for _ in range(60))] * 3) + "\n", ": x\n")
        return make_wheel(folder, FILES, wheel_text=rng.choice(texts))
    path = make_wheel(folder, FILES, method=rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))
    if kind in (7, 8):
        path.write_bytes(_other_field(rng, path.read_bytes()))
    elif kind == 9:
        content = path.read_bytes()
        path.write_bytes(content[: rng.randrange(len(content))])
    else:
        path.write_bytes(damaged(rng, path.read_bytes(), MARKS))
    return path


def _twice(rng: random.Random, path: Path) -> Path:
    with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr(
            rng.choice(sorted([*FILES, "sample-1.0.dist-info/RECORD", "sample-1.0.dist-info/WHEEL"])), "again"
        )
    return path


def _evil_record(rng: random.Random, folder: Path) -> Path:
    rows = [
        "../x,sha256=,1\n", "sample/data.bin,sha256=AAAA,1\n", "sample/data.bin,md5=AAAA,1\n", "sample/data.bin,,\n", "a,b\n",
        '"a\n', "a\0b,sha256=x,1\n", "x" * 200_000 + ",,\n", ",,\n", "sample/data.bin,sha256=é,1\n", "sample/data.bin,sha256,x\n",
        "sample/data.bin,sha999=x,1\n", record_row("sample/empty", b"other"), "\r\r\r\n",
    ]  # fmt: skip
    if rng.randrange(2):
        return make_wheel(folder, FILES, record_extra=rng.choice(rows))
    good = "".join(record_row(name, text.encode() if isinstance(text, str) else text) for name, text in FILES.items())
    return make_wheel(folder, FILES, record=damaged(rng, good.encode()).decode("utf-8", "replace"))


def _other_field(rng: random.Random, content: bytes) -> bytes:
    """Another number in a header; half the time in all headers that have the old one, so that they agree."""
    mark = rng.choice(MARKS)
    places = [at for at in range(len(content)) if content[at : at + 4] == mark]
    offset, width = rng.choice(_FIELDS[mark])
    at = rng.choice(places) + offset
    pattern = "<H" if width == 2 else "<I"
    new = struct.pack(pattern, rng.choice(_NUMBERS if width == 2 else _LONG_NUMBERS))
    old = content[at : at + width]
    if rng.randrange(2) and width == 4 and old != bytes(4):
        return content.replace(old, new)
    return content[:at] + new + content[at + width :]
