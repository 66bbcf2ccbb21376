"""Taking libraries and programs out of wheels."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tools.formats.elf_samples import elf_file
from tools.inputs.wheel import unpack
from tools.inputs.wheel.samples import Content, make_wheel

FILES: dict[str, Content] = {
    "sample/__init__.py": "x = 1\n",
    "sample-1.0.data/scripts/tool": elf_file(),
    "sample/tool.txt": "t",
}


def run(wheel: Path, *options: str) -> int:
    return unpack.main(["--wheel", str(wheel), "--python", "3.9", "--arch", "amd64", *options])


def test_library(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, FILES, entry_points="[console_scripts]\nrun = sample:main\n")
    assert run(wheel, "--into", str(tmp_path / "site")) == 0
    found = {
        path.relative_to(tmp_path / "site").as_posix() for path in (tmp_path / "site").rglob("*") if path.is_file()
    }
    info = "sample-1.0.dist-info"
    assert found == {
        "sample/__init__.py",
        "sample/tool.txt",
        *(f"{info}/{name}" for name in ("INSTALLER", "METADATA", "WHEEL", "entry_points.txt")),
    }


def test_program(tmp_path: Path) -> None:
    file = tmp_path / "tool"
    assert run(make_wheel(tmp_path, FILES), "--entry", "{data}/scripts/tool", "--file", str(file)) == 0
    assert file.read_bytes() == elf_file()
    assert stat.S_IMODE(file.stat().st_mode) == 0o755


def test_program_of_a_wheel_for_musl(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wheel = make_wheel(tmp_path, FILES, tag="py3-none-musllinux_1_2_x86_64")
    assert run(wheel, "--entry", "{data}/scripts/tool", "--file", str(tmp_path / "tool")) == 0
    assert run(wheel, "--into", str(tmp_path / "site")) == 1
    wheel = make_wheel(tmp_path, FILES, tag="py3-none-musllinux_1_2_aarch64")
    assert run(wheel, "--entry", "{data}/scripts/tool", "--file", str(tmp_path / "tool")) == 1
    assert "do not fit programs on amd64" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (elf_file(interpreter="/lib64/ld-linux-x86-64.so.2"), "asks for the machine's loader, /lib64/ld-linux-x86-64"),
        (b"#!/usr/bin/python3\n", "is not a program"),
    ],
)
def test_program_that_needs_the_machine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, reason: str
) -> None:
    wheel = make_wheel(tmp_path, {**FILES, "sample-1.0.data/scripts/tool": content})
    assert run(wheel, "--entry", "{data}/scripts/tool", "--file", str(tmp_path / "tool")) == 1
    assert f"sample-1.0.data/scripts/tool {reason}" in capsys.readouterr().err
    assert not (tmp_path / "tool").exists()


def test_no_such_entry(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wheel = make_wheel(tmp_path, FILES)
    assert run(wheel, "--entry", "bin/tool", "--file", str(tmp_path / "tool")) == 1
    said = f"wheel_unpack: {wheel.name}: has no entry bin/tool; there is sample-1.0.data/scripts/tool\n"
    assert capsys.readouterr().err == said


def test_not_fitting(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wheel = make_wheel(tmp_path, FILES, tag="cp311-cp311-manylinux2014_x86_64")
    assert run(wheel, "--into", str(tmp_path / "site")) == 1
    assert "do not fit Python 3.9 on amd64" in capsys.readouterr().err
