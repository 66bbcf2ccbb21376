"""Odd wheels installed by the pips of our images and by us: the same files, or a refusal that says why.

What pip installs and we refuse is listed here with the reason (`REFUSED`), as is the one thing that we do otherwise.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
import stat
import subprocess
import sys
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Union

import pytest

from tools.inputs.wheel import part
from tools.inputs.wheel.samples import make_wheel
from tools.inputs.wheel.wheel_error import REMEDY

PYTHON = ".".join(map(str, sys.version_info[:2]))
SITE = f"usr/local/lib/python{PYTHON}/site-packages"
PIPS = os.environ.get("PIPS", "").split()
DRIVER = Path(__file__).with_name("pip_driver.py")
EXECUTABLE = stat.S_IFREG | 0o755

SOURCE = {"sample/text.txt": "x = 1\n"}
SHA512 = base64.urlsafe_b64encode(hashlib.sha512(b"x = 1\n").digest()).decode().rstrip("=")
POINTS = "[console_scripts]\nrun = sample:main\n"
INFO = "sample-1.0.dist-info"


def data(directory: str, **options: Any) -> Callable[[Path], Path]:
    """Return a wheel with a script, a header and files for every other place in a .data directory."""
    files = {
        **SOURCE,
        f"{directory}/scripts/tool": "#!python\nprint()\n",
        f"{directory}/headers/sample.h": "int x;\n",
        f"{directory}/data/share/sample/x": "x",
        f"{directory}/purelib/pure.txt": "",
        f"{directory}/platlib/plat.txt": "",
    }
    return lambda folder: make_wheel(folder, files, modes={f"{directory}/scripts/tool": EXECUTABLE}, **options)


def wheel(files: dict[str, str | bytes] = {}, **options: Any) -> Callable[[Path], Path]:  # noqa: B006 (not changed)
    return lambda folder: make_wheel(folder, {**SOURCE, **files}, **options)


def script(content: bytes, name: str = "tool", mode: int = EXECUTABLE, **options: Any) -> Callable[[Path], Path]:
    path = f"sample-1.0.data/scripts/{name}"
    return wheel({path: content}, modes={path: mode}, **options)


def record(change: Callable[[str], str]) -> Callable[[Path], Path]:
    """Return a wheel whose RECORD was changed."""

    def make(folder: Path) -> Path:
        with zipfile.ZipFile(make_wheel(folder, SOURCE)) as archive:
            text = archive.read(f"{INFO}/RECORD").decode()
        return make_wheel(folder, SOURCE, record=change(text))

    return make


def zipped(change: Callable[[zipfile.ZipFile], object]) -> Callable[[Path], Path]:
    """Return a wheel to whose archive something was added."""

    def make(folder: Path) -> Path:
        path = make_wheel(folder, SOURCE)
        with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            change(archive)
        return path

    return make


def _add(archive: zipfile.ZipFile, *names: str) -> None:
    for name in names:
        archive.writestr(name, "" if name.endswith("/") else "x")


class _Pipe(io.RawIOBase):
    """A stream that can't seek: zipfile then writes sizes behind the data."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = path.open("wb")

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        return self._file.write(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def descriptors(folder: Path) -> Path:
    path = make_wheel(folder, SOURCE)
    with zipfile.ZipFile(path) as archive:
        contents = [(info.filename, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(_Pipe(path), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents:
            archive.writestr(name, content)
    return path


def zip64(folder: Path) -> Path:
    path = make_wheel(folder, SOURCE)
    with zipfile.ZipFile(path) as archive:
        contents = [(info.filename, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents:
            with archive.open(name, "w", force_zip64=True) as stream:
                stream.write(content)
    return path


METADATA = "Metadata-Version: 2.1\nName: sample\nVersion: 1.0\n"
WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"

SAME: dict[str, Callable[[Path], Path]] = {
    "data spelled with a hyphen": data("sample-lib-1.0.data", name="sample_lib"),
    "data spelled in capitals": data("Sample-1.0.data"),
    "data of another version": data("sample-1.0.0.data"),
    "data of another name": data("demo.data"),
    "two data directories": wheel({"sample-1.0.data/data/a": "1", "Sample-1.0.data/data/b": "2"}),
    "dist-info spelled in capitals": wheel(dist_info="Sample-1.0.dist-info"),
    "dist-info spelled with a dot": lambda folder: make_wheel(
        folder, SOURCE, name="sample_lib", dist_info="sample.lib-1.0.dist-info"
    ),
    "dist-info of another spelling of the version": wheel(dist_info="sample-1.0.0.dist-info"),
    "version not normal": wheel(metadata=METADATA.replace("1.0", "v1.0.0")),
    "root is platlib": wheel({"sample-1.0.data/purelib/more.txt": ""}, wheel_text=WHEEL.replace("true", "false")),
    "newer minor Wheel-Version": wheel(wheel_text=WHEEL.replace("1.0", "1.9")),
    "short Wheel-Version": wheel(wheel_text=WHEEL.replace("1.0", "1")),
    "no Tag": wheel(wheel_text="Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"),
    "CRLF in WHEEL and METADATA": wheel(
        wheel_text=WHEEL.replace("\n", "\r\n"), metadata=METADATA.replace("\n", "\r\n")
    ),
    "licence of two lines without indent": wheel(metadata=METADATA + "License: MIT\nsecond line\n"),
    "folded METADATA": wheel(metadata=METADATA + "License: MIT\n        second line: yes\n\nText: more\n"),
    "entry points with extras, comments and blank lines": wheel(
        entry_points="# comment\n\n[console_scripts]\n\nrun = sample:main [extra]\n# other\nold=sample:A.b\n\n[other]\nx = y\n"
    ),
    "entry point in both groups": wheel(entry_points=POINTS + "[gui_scripts]\nshow = sample:gui\n"),
    "entry points with CRLF": wheel(entry_points=POINTS.replace("\n", "\r\n")),
    "RECORD unsorted": record(lambda text: "".join(sorted(text.splitlines(True), reverse=True))),
    "RECORD with CRLF": record(lambda text: text.replace("\n", "\r\n")),
    "RECORD with quotes": record(lambda text: text.replace("sample/text.txt", '"sample/text.txt"')),
    "RECORD written on Windows": record(lambda text: text.replace("sample/text.txt", "sample\\text.txt")),
    "RECORD with ./": record(lambda text: text.replace("sample/text.txt", "./sample/text.txt")),
    "RECORD with a row twice": record(lambda text: text + text.splitlines(True)[0]),
    "RECORD with sizes left out": record(
        lambda text: "".join(line.rpartition(",")[0] + ",\n" for line in text.splitlines())
    ),
    "RECORD with sha512": record(
        lambda text: "sample/text.txt,sha512=" + SHA512 + ",6\n" + "".join(text.splitlines(True)[1:])
    ),
    "names with a comma and a quote": wheel({"sample/a,b.txt": "x", 'sample/a"b.txt': "y"}),
    "name beyond ASCII": wheel({"sample/é.txt": "x"}),
    "signatures": zipped(lambda archive: _add(archive, f"{INFO}/RECORD.jws", f"{INFO}/RECORD.p7s")),
    "licence files in dist-info": wheel({f"{INFO}/licenses/LICENSE": "x"}),
    "direct_url.json and INSTALLER of the wheel": wheel({f"{INFO}/INSTALLER": "conda\n"}),
    "directories": zipped(lambda archive: _add(archive, "sample/", "sample/empty/")),
    "stored": wheel(method=zipfile.ZIP_STORED),
    "data descriptors": descriptors,
    "zip64": zip64,
    "empty files": wheel({"sample/py.typed": ""}),
    "executable in site-packages": wheel({"sample/tool": "#!/bin/sh\n"}, modes={"sample/tool": EXECUTABLE}),
    "execute bits without a file type": wheel({"sample/tool": "#!/bin/sh\n"}, modes={"sample/tool": 0o755}),
    "script for python": script(b"#!python\nprint()\n"),
    "script for pythonw": script(b"#!pythonw\nprint()\n"),
    "script with options": script(b"#!python -u\nprint()\n"),
    "script with CRLF": script(b"#!python\r\nprint()\r\n"),
    "script of one line": script(b"#!python"),
    "script for another interpreter": script(b"#!/usr/bin/env python\nprint()\n"),
    "script for the shell": script(b"#!/bin/sh\n"),
    "script that is a program": script(b"\x7fELF\0\1"),
    "script of an entry point": script(b"#!python\n", "run", entry_points=POINTS),
    "script of an entry point, for Windows": script(b"MZ", "run.exe", entry_points=POINTS),
    "script of an entry point, by setuptools": script(b"#!python\n", "run-script.py", entry_points=POINTS),
    "script in a directory": script(b"#!python\n", "more/tool"),
    "other file beside a script": script(b"MZ", "other.exe", entry_points=POINTS),
}

# What pip installs and we refuse, and our reason.
REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "file without a row in RECORD": (
        record(lambda text: "".join(text.splitlines(True)[1:])),
        "RECORD has no hash of it",
    ),
    "row without a hash": (
        record(lambda text: "sample/text.txt,,\n" + "".join(text.splitlines(True)[1:])),
        "RECORD has no hash of it",
    ),
    "row of a missing file": (record(lambda text: text + "sample/gone.py,,\n"), "which is not in the wheel"),
    "weak hash": (
        record(lambda text: "sample/text.txt,md5=x,6\n" + "".join(text.splitlines(True)[1:])),
        "which is too weak",
    ),
    "two entries of one name": (
        zipped(lambda archive: archive.writestr("sample/text.txt", "y")),
        "occurs twice in the wheel",
    ),
    "two entries for one path": (wheel({"sample-1.0.data/purelib/sample/text.txt": ""}), "would both be installed as"),
    "bzip2": (wheel(method=zipfile.ZIP_BZIP2), "compression method 12 is not allowed"),
    "lzma": (wheel(method=zipfile.ZIP_LZMA), "compression method 14 is not allowed"),
    "symbolic link": (wheel({"sample/link": "x"}, modes={"sample/link": stat.S_IFLNK | 0o777}), "is a symbolic link"),
}

# What neither installs.
NOBODY: dict[str, tuple[Callable[[Path], Path], str]] = {
    "unknown scheme": (wheel({"sample-1.0.data/docs/x": ""}), "'docs' is not an installation scheme"),
    "unknown scheme in a data directory spelled otherwise": (
        wheel({"Sample-1.0.data/docs/x": ""}),
        "'docs' is not an installation scheme",
    ),
    "file in place of a scheme": (wheel({"sample-1.0.data/scripts": ""}), "'scripts' is not an installation scheme"),
    "two dist-info directories": (wheel({"other-2.0.dist-info/METADATA": ""}), "must have one .dist-info directory"),
    "Wheel-Version 2": (wheel(wheel_text=WHEEL.replace("1.0", "2.0")), "Wheel-Version '2.0' is not supported"),
    "entry point without a function": (
        wheel(entry_points="[console_scripts]\nrun = sample\n"),
        "is not a script entry point",
    ),
}

Tree = dict[str, tuple[int, bytes]]
Made = dict[str, Union[Tree, str]]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return every wheel, by case."""
    makers = {**SAME, **{case: maker for cases in (REFUSED, NOBODY) for case, (maker, _) in cases.items()}}
    return {case: maker(tmp_path_factory.mktemp("wheel")) for case, maker in makers.items()}


@pytest.fixture(scope="module", params=PIPS or [""], ids=[pip.rpartition("/")[2] for pip in PIPS] or ["none"])
def pip(request: pytest.FixtureRequest, wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return what one pip makes of every wheel: the files, or what it says."""
    assert request.param, "PIPS names no pip"
    roots = {case: tmp_path_factory.mktemp("root") for case in wheels}
    cases = [(case, _name(path), str(path), str(roots[case])) for case, path in wheels.items()]
    command = [sys.executable, "-W", "ignore", str(DRIVER), request.param]
    done = subprocess.run(command, input=json.dumps(cases), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    return {case: _tree(root) if said[case] is None else said[case] for case, root in roots.items()}


@pytest.fixture(scope="module")
def ours(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return what we make of every wheel."""
    return {case: _ours(path, tmp_path_factory.mktemp("ours")) for case, path in wheels.items()}


def _name(path: Path) -> str:
    return path.name.partition("-")[0]


def _tree(root: Path) -> Tree:
    return {
        path.relative_to(root).as_posix(): (stat.S_IMODE(path.lstat().st_mode), path.read_bytes())
        for path in root.rglob("*")
        if path.is_file()
    }


def _ours(path: Path, folder: Path) -> Tree | str:
    """Return what we make of a wheel."""
    arguments = ["--wheel", str(path), "--name", _name(path), "--version", "1.0", "--python", PYTHON, "--requested"]
    arguments += ["--interpreter", sys.executable, "--deflate", str(folder / "d"), "--mtree", str(folder / "m")]
    said, sys.stderr = sys.stderr, io.StringIO()
    try:
        status, message = part.main(arguments), sys.stderr.getvalue()
    finally:
        sys.stderr = said
    if status:
        return message
    raw = zlib.decompressobj(-15).decompress((folder / "d").read_bytes() + b"\x03\x00")
    with tarfile.open(fileobj=io.BytesIO(raw + bytes(1024))) as archive:
        members = [(member, archive.extractfile(member)) for member in archive]
        return {member.name: (member.mode, stream.read()) for member, stream in members if stream}


def _comparable(tree: Tree, points: bool) -> dict[str, tuple[int, object]]:
    """Drop what differs by installer: its name, the text of its scripts, rows of files that do not exist."""
    found: dict[str, tuple[int, object]] = {}
    for path, (mode, content) in tree.items():
        name = path.rpartition("/")[2]
        if name.endswith(".pyc"):
            continue
        said: object = content
        if name == "RECORD":
            rows = [row[0].replace("\\", "/") for row in csv.reader(content.decode().splitlines())]
            said = {os.path.normpath(f"{SITE}/{row}") for row in rows if not row.endswith(".pyc")} & tree.keys()
        elif name == "INSTALLER":
            said = "who"
        elif path.startswith("usr/local/bin/") and points:
            said = content.splitlines()[0]
        found[path] = (mode, said)
    return found


@pytest.mark.parametrize("case", SAME)
def test_same_as_pip(case: str, ours: Made, pip: Made) -> None:
    our, their = ours[case], pip[case]
    assert isinstance(their, dict), f"pip refuses it: {their}"
    assert isinstance(our, dict), our
    points = any(path.endswith("entry_points.txt") for path in their)
    assert _comparable(our, points) == _comparable(their, points)


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_a_way_on(case: str, ours: Made, pip: Made) -> None:
    assert isinstance(pip[case], dict), f"pip refuses it as well: {pip[case]}"
    assert REFUSED[case][1] in ours[case] and REMEDY in ours[case]


@pytest.mark.parametrize("case", NOBODY)
def test_refused_by_both(case: str, ours: Made, pip: Made) -> None:
    assert isinstance(pip[case], str), "pip installs it"
    assert NOBODY[case][1] in ours[case]


def test_script_without_execute_bits(tmp_path: Path) -> None:
    """pip leaves it 0644, so it can't be run. The wheel format asks installers to set the bit; we do."""
    ours = _ours(script(b"#!python\n", mode=stat.S_IFREG | 0o644)(tmp_path), tmp_path)
    assert isinstance(ours, dict) and ours["usr/local/bin/tool"][0] == 0o755
