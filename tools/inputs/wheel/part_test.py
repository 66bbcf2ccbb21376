"""Installing wheels into parts: what lies in the image afterwards."""

from __future__ import annotations

import csv
import hashlib
import importlib
import io
import marshal
import os
import py_compile
import stat
import subprocess
import sys
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tools.inputs.wheel import part
from tools.inputs.wheel.bytecode import Compiler
from tools.inputs.wheel.samples import Content, make_wheel
from tools.lib.epoch import EPOCH
from tools.oci import mtree

PYTHON = ".".join(map(str, sys.version_info[:2]))
CACHE = f"cpython-{PYTHON.replace('.', '')}"
SITE = f"usr/local/lib/python{PYTHON}/site-packages"
FILES: dict[str, Content] = {
    "sample/__init__.py": "value = {1, 2, 'three'}\n" * 50,
    "sample/broken.py": "def (:\n",
    "sample/data.bin": b"\0\1" * 500,
    "sample/tool": "#!/bin/sh\n",
    "sample-1.0.data/scripts/hello": "#!python -u\nprint('hello')\n",
    "sample-1.0.data/scripts/shell": "#!/bin/sh\necho\n",
    "sample-1.0.data/headers/sample.h": "int x;\n",
    "sample-1.0.data/data/share/man/man1/sample.1": ".TH\n",
    "sample-1.0.data/purelib/extra.py": "",
    "sample-1.0.data/platlib/native.so": b"\x7fELF",
}
POINTS = "[console_scripts]\nrun = sample.cli:Main.run\n"


def install(wheel: Path, folder: Path, *options: str) -> int:
    arguments = ["--wheel", str(wheel), "--name", "sample", "--version", "1.0", "--python", PYTHON]
    arguments += ["--interpreter", sys.executable, "--deflate", str(folder / "d"), "--mtree", str(folder / "m")]
    return part.main([*arguments, *options])


def _archive(folder: Path) -> tarfile.TarFile:
    raw = zlib.decompressobj(-15).decompress((folder / "d").read_bytes() + b"\x03\x00")
    return tarfile.open(fileobj=io.BytesIO(raw + bytes(1024)))


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return what a part holds: path → (mode, content); check the listing against it."""
    found = {}
    with _archive(folder) as archive:
        for member in archive:
            assert member.isreg()
            assert (member.uid, member.gid, member.mtime) == (0, 0, EPOCH)
            stream = archive.extractfile(member)
            assert stream is not None
            found[member.name] = (member.mode, stream.read())
    listed = {entry.path: entry for entry in mtree.parse((folder / "m").read_text()) if entry.type == mtree.FILE}
    assert listed.keys() == found.keys()
    for path, (mode, content) in found.items():
        entry = listed[path]
        assert (entry.mode, entry.size, entry.sha256) == (mode, len(content), hashlib.sha256(content).hexdigest())
    return found


def test_installation(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, FILES, entry_points=POINTS, modes={"sample/tool": stat.S_IFREG | 0o755})
    assert install(wheel, tmp_path, "--requested") == 0
    found = contents(tmp_path)
    interpreter = f"/usr/local/bin/python{PYTHON}"
    script = f"#!{interpreter}\nimport sys\nfrom sample.cli import Main\n"
    script += 'if __name__ == "__main__":\n    sys.exit(Main.run())\n'
    info = f"{SITE}/sample-1.0.dist-info"
    assert set(found) == {
        f"{SITE}/sample/__init__.py",
        f"{SITE}/sample/__pycache__/__init__.{CACHE}.pyc",
        f"{SITE}/sample/broken.py",
        f"{SITE}/sample/data.bin",
        f"{SITE}/sample/tool",
        f"{SITE}/extra.py",
        f"{SITE}/__pycache__/extra.{CACHE}.pyc",
        f"{SITE}/native.so",
        "usr/local/bin/hello",
        "usr/local/bin/shell",
        "usr/local/bin/run",
        f"usr/local/include/python{PYTHON}/sample/sample.h",
        "usr/local/share/man/man1/sample.1",
        *(f"{info}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "INSTALLER", "REQUESTED", "entry_points.txt")),
    }
    assert found["usr/local/bin/hello"] == (0o755, f"#!{interpreter}\nprint('hello')\n".encode())
    assert found["usr/local/bin/shell"] == (0o755, b"#!/bin/sh\necho\n")
    assert found["usr/local/bin/run"] == (0o755, script.encode())
    assert found[f"{SITE}/sample/tool"][0] == 0o755
    assert found[f"{SITE}/sample/data.bin"] == (0o644, FILES["sample/data.bin"])
    assert found[f"{info}/INSTALLER"][1] == b"bazel\n"
    assert found[f"{info}/REQUESTED"][1] == b""


def test_scripts_import_in_a_context(tmp_path: Path) -> None:
    assert (
        install(make_wheel(tmp_path, FILES, entry_points=POINTS), tmp_path, "--script-context", "start.around:quick")
        == 0
    )
    _, script = contents(tmp_path)["usr/local/bin/run"]
    text = "from start.around import quick\nwith quick():\n    from sample.cli import Main\n"
    text += 'if __name__ == "__main__":\n    sys.exit(Main.run())\n'
    assert script.decode() == f"#!/usr/local/bin/python{PYTHON}\nimport sys\n{text}"


def test_record_lists_exactly_what_is_installed(tmp_path: Path) -> None:
    assert install(make_wheel(tmp_path, FILES, entry_points=POINTS), tmp_path) == 0
    found = contents(tmp_path)
    assert f"{SITE}/sample-1.0.dist-info/REQUESTED" not in found
    record = found[f"{SITE}/sample-1.0.dist-info/RECORD"][1].decode()
    rows = list(csv.reader(record.splitlines()))
    assert rows == sorted(rows)
    paths = set()
    for path, digest, size in rows:
        where = Path("/", SITE, path).resolve().relative_to("/").as_posix()
        paths.add(where)
        if path != "sample-1.0.dist-info/RECORD":
            content = found[where][1]
            assert digest.startswith("sha256=")
            assert size == str(len(content))
    assert paths == set(found)
    assert "../../../bin/run" in {path for path, _, _ in rows}


def test_left_out_for_another_distribution(tmp_path: Path) -> None:
    """Neither installed nor in RECORD; a path that the wheel doesn't have is none of its business."""
    wheel = make_wheel(tmp_path, FILES)
    assert install(wheel, tmp_path, "--leave-out", "sample/data.bin", "--leave-out", "absent") == 0
    found = contents(tmp_path)
    assert f"{SITE}/sample/data.bin" not in found
    assert f"{SITE}/sample/__init__.py" in found
    assert b"data.bin" not in found[f"{SITE}/sample-1.0.dist-info/RECORD"][1]


def test_bytecode_is_what_py_compile_makes(tmp_path: Path) -> None:
    assert install(make_wheel(tmp_path, FILES), tmp_path) == 0
    source = tmp_path / "source.py"
    source.write_text(str(FILES["sample/__init__.py"]))
    os.utime(source, (EPOCH, EPOCH))
    compiled = py_compile.compile(
        str(source),
        cfile=str(tmp_path / "source.pyc"),
        dfile=f"/{SITE}/sample/__init__.py",
        invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP,
    )
    assert compiled
    ours = contents(tmp_path)[f"{SITE}/sample/__pycache__/__init__.{CACHE}.pyc"][1]
    theirs = Path(compiled).read_bytes()
    assert ours[:16] == theirs[:16]
    # The order of a set in a .pyc follows the hash seed, which py_compile here has from this process; marks may differ as well.
    assert len(ours) == len(theirs)


def test_an_edited_module_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As installed, bytecode is what runs; after an edit it isn't, whether the size changed or only the time."""
    assert install(make_wheel(tmp_path, {"sample/edited.py": "value = 1\n"}), tmp_path) == 0
    with _archive(tmp_path) as archive:
        archive.extractall(tmp_path / "root")
    site = tmp_path / "root" / SITE
    source = site / "sample/edited.py"
    cached = site / f"sample/__pycache__/edited.{CACHE}.pyc"
    monkeypatch.syspath_prepend(site)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def value() -> int:
        for name in ("sample", "sample.edited"):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        return importlib.import_module("sample.edited").value

    code = marshal.dumps(compile("value = 2", "", "exec"))
    cached.write_bytes(cached.read_bytes()[:16] + code)
    assert value() == 2
    source.write_text("value = 3\n")
    assert value() == 3
    os.utime(source, (EPOCH, EPOCH))
    assert value() == 2
    source.write_text("value = 40\n")
    os.utime(source, (EPOCH, EPOCH))
    assert value() == 40


def test_bytecode_whatever_else_the_interpreter_holds() -> None:
    """By itself marshal.dumps sets another mark if a name of the code is also held elsewhere."""
    program = (
        "import marshal, runpy, sys; {}; print(marshal.dumps(compile(b'some_name', '', 'exec')), file=sys.stderr); "
        "sys.argv = sys.argv[5:]; sys.path.insert(0, ''); runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    marshalled, made = set(), set()
    for statement in ("pass", "held = sys.intern('some_' + 'name')"):
        command = [sys.executable, "-c", program.format(statement)]
        made.add(Compiler(command, {}).compile(PYTHON, [("/f.py", b"some_name")])["/f.py"])
        marshalled.add(subprocess.run(command, capture_output=True, check=False).stderr.splitlines()[0])
    assert (len(marshalled), len(made)) == (2, 1)


def test_same_bits_whatever_the_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = make_wheel(tmp_path, FILES, entry_points=POINTS)
    parts = []
    for folder, seed in ((tmp_path / "a", "1"), (tmp_path / "b/deep", "2")):
        folder.mkdir(parents=True)
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        monkeypatch.setenv("TZ", f"X{seed}")
        monkeypatch.chdir(folder)
        assert install(wheel, folder) == 0
        parts.append((folder / "d").read_bytes() + (folder / "m").read_bytes())
    assert parts[0] == parts[1]


@pytest.mark.parametrize("name", ["sample/data.txt", "sample-1.0.data/scripts/not-of-python"])
def test_streams_are_copied(tmp_path: Path, name: str) -> None:
    """The wheel's own deflate stream lies in the part, but for its last block's first bit and its end."""
    wheel = make_wheel(tmp_path, {name: "".join(str(n * n) for n in range(5000))})
    with zipfile.ZipFile(wheel) as archive:
        info = archive.getinfo(name)
        with wheel.open("rb") as stream:
            stream.seek(info.header_offset + 30 + len(info.filename))
            raw = stream.read(info.compress_size)
    assert install(wheel, tmp_path) == 0
    assert raw[1:-2] in (tmp_path / "d").read_bytes()


@pytest.mark.parametrize(
    ("files", "points", "reason"),
    [
        (
            {"sample/a.txt": "1", "sample-1.0.data/purelib/sample/a.txt": "2"},
            "",
            "sample-1.0.data/purelib/sample/a.txt and sample/a.txt would both be installed as",
        ),
        ({"sample-1.0.data/docs/a.txt": "1"}, "", "sample-1.0.data/docs/a.txt: 'docs' is not an installation scheme"),
        ({"sample/.wh.gone": "1"}, "", ".wh."),
        ({"../gone": "1"}, "", "../gone: escapes"),
    ],
)
def test_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], files: dict[str, str], points: str, reason: str
) -> None:
    wheel = make_wheel(tmp_path, files, entry_points=points)
    assert install(wheel, tmp_path) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"wheel_part: {wheel.name}: ")
    assert reason in said
    assert sorted(path.name for path in tmp_path.iterdir()) == [wheel.name]


def test_wrong_distribution_tags_and_interpreter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wheel = make_wheel(tmp_path, FILES)
    assert install(wheel, tmp_path, "--version", "2.0") == 1
    assert "is sample 1.0, the lock says sample 2.0" in capsys.readouterr().err
    native = make_wheel(tmp_path, FILES, tag=f"cp{PYTHON.replace('.', '')}-none-manylinux_2_17_x86_64")
    assert install(native, tmp_path, "--arch", "arm64") == 1
    assert "do not fit" in capsys.readouterr().err
    assert install(native, tmp_path, "--arch", "amd64") == 0
    assert install(wheel, tmp_path, "--python", "3.7") == 1
    assert f"it is Python {PYTHON}, wanted is 3.7" in capsys.readouterr().err
    assert install(wheel, tmp_path, "--interpreter", "nonsense") == 1
    capsys.readouterr()


def test_interpreter_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--wheel", str(make_wheel(tmp_path, FILES)), "--name", "sample", "--version", "1.0"]
    arguments += ["--python", PYTHON, "--interpreter", "/nowhere/python", "--deflate", "d", "--mtree", "m"]
    assert part.main(arguments) == 1
    assert "can't run the image's interpreter /nowhere/python" in capsys.readouterr().err


def test_bytecode_of_the_wheel_is_replaced(tmp_path: Path) -> None:
    stale = f"sample/__pycache__/__init__.{CACHE}.pyc"
    wheel = make_wheel(tmp_path, {"sample/__init__.py": "x = 1\n", stale: b"stale"})
    assert install(wheel, tmp_path) == 0
    assert contents(tmp_path)[f"{SITE}/{stale}"][1] != b"stale"


def test_pip_gets_the_names_for_its_python(tmp_path: Path) -> None:
    points = "[console_scripts]\npip = pip:main\npip3 = pip:main\npip3.7 = pip:main\n"
    wheel = make_wheel(tmp_path, {"pip/__init__.py": ""}, name="pip", entry_points=points)
    assert install(wheel, tmp_path, "--name", "pip") == 0
    scripts = {path for path in contents(tmp_path) if path.startswith("usr/local/bin/")}
    assert scripts == {f"usr/local/bin/{name}" for name in ("pip", "pip3", f"pip{PYTHON}")}


_NAMES = st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="/\\"), min_size=1, max_size=70)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    entries=st.dictionaries(
        _NAMES.filter(lambda name: name not in (".", "..") and not name.startswith(".wh.")),
        st.binary(max_size=300) | st.binary(max_size=40).map(lambda piece: piece * 1000),
        max_size=6,
    ),
    method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
)
def test_any_content_arrives(tmp_path_factory: pytest.TempPathFactory, entries: dict[str, bytes], method: int) -> None:
    folder = tmp_path_factory.mktemp("any")
    files = {f"sample/{name}": content for name, content in entries.items()}
    assert install(make_wheel(folder, files, method=method), folder) == 0
    found = contents(folder)
    for name, content in files.items():
        assert found[f"{SITE}/{name}"][1] == content
