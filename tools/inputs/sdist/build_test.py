"""Builds real projects by real backends, in the build root, by both ways to enter it.

Environment: SDIST_DEBS and SDIST_SITES name the root's packages and the backends' directories, ROOTLESS_TOOLS what
entering takes.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tools.inputs.sdist import build
from tools.inputs.wheel.wheel_zip import Archive

DEBS = [Path(path).resolve() for path in os.environ["SDIST_DEBS"].split()]
SITES = [Path(path).absolute() for path in os.environ["SDIST_SITES"].split()]
TOOLS = Path(os.environ["ROOTLESS_TOOLS"]).absolute()
RUNTIME = Path(os.environ["PYTHONHOME"]).absolute()

MODULE = {"sample/__init__.py": '"""A sample."""\n\n__version__ = "1.0"\n', "sample/z.py": "", "sample/a.py": "A = 1\n"}
SETUP = """
from setuptools import setup
setup(
    name="sample", version="1.0", packages=["sample"], scripts=["sample-run"],
    entry_points={"console_scripts": ["s = sample:x"]},
)
"""
SETUPTOOLS = {**MODULE, "setup.py": SETUP, "sample-run": "#!/usr/bin/env python\n"}

OWN_BACKEND = """
import base64, hashlib, zipfile

class api:
    class v1:
        @staticmethod
        def build_wheel(directory, settings=None, metadata=None):
            files = {"METADATA": b"Metadata-Version: 2.1\\nName: sample\\nVersion: 1.0\\n"}
            files["WHEEL"] = b"Wheel-Version: 1.0\\nTag: py3-none-any\\n"
            record = ""
            with zipfile.ZipFile(directory + "/sample-1.0-py3-none-any.whl", "w") as wheel:
                for name, data in files.items():
                    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
                    record += f"sample-1.0.dist-info/{name},sha256={digest},\\n"
                    wheel.writestr("sample-1.0.dist-info/" + name, data)
                wheel.writestr("sample-1.0.dist-info/RECORD", record)
            return "sample-1.0-py3-none-any.whl"
"""

PROJECTS: Mapping[str, Mapping[str, str]] = {
    "setup.py": SETUPTOOLS,
    "setuptools": {
        **MODULE,
        "pyproject.toml": '[build-system]\nrequires = ["setuptools>=61"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "sample"\nversion = "1.0"\n[tool.setuptools]\npackages = ["sample"]\n',
    },
    "flit": {
        **MODULE,
        "pyproject.toml": '[build-system]\nrequires = ["flit_core>=3.2"]\nbuild-backend = "flit_core.buildapi"\n'
        '[project]\nname = "sample"\nrequires-python = ">=3.8"\ndynamic = ["version", "description"]\n',
    },
    "poetry": {
        **MODULE,
        "pyproject.toml": '[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n'
        '[tool.poetry]\nname = "sample"\nversion = "1.0"\ndescription = ""\nauthors = ["A <a@b.c>"]\n'
        '[tool.poetry.dependencies]\npython = "^3.8"\n',
    },
    "hatchling": {
        **MODULE,
        "pyproject.toml": '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "sample"\nversion = "1.0"\nrequires-python = ">=3.8"\n',
    },
    "pdm": {
        **MODULE,
        "pyproject.toml": '[build-system]\nrequires = ["pdm-backend>=2"]\nbuild-backend = "pdm.backend"\n'
        '[project]\nname = "sample"\nversion = "1.0"\nrequires-python = ">=3.8"\n',
    },
    "own backend": {
        **MODULE,
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "own:api.v1"\nbackend-path = ["tool"]\n',
        "tool/own.py": OWN_BACKEND,
    },
}


def make_sdist(path: Path, files: Mapping[str, str], mtime: int = 1, reverse: bool = False) -> Path:
    """Make a source archive of files."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, text in sorted(files.items(), reverse=reverse):
            info = tarfile.TarInfo(f"sample-1.0/{name}")
            info.size, info.mtime = len(text.encode()), mtime
            info.mode = 0o755 if text.startswith("#!") else 0o644
            tar.addfile(info, io.BytesIO(text.encode()))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(stream.getvalue()))
    return path


def run(
    sdist: Path, wheel: Path, method: str = "auto", version: str = "1.0", reviewed: bool = True, **recipe: Any
) -> int:
    """Run the program; return its exit status."""
    words = ["--sdist", sdist, "--name", "sample", "--version", version, "--wheel", wheel, "--arch", "amd64"]
    table = sdist.with_name("recipe.json")
    table.parent.mkdir(exist_ok=True)
    table.write_text(json.dumps({"tag": "py3-none-any", **recipe}))
    words += ["--recipe", str(table)] if reviewed else []
    words += ["--python", "3.9", "--tools-python", RUNTIME, "--proot", TOOLS, "--method", method]
    words += [word for deb in DEBS for word in ("--deb", deb)]
    words += [word for site in SITES for word in ("--backend", site)]
    return build.main([str(word) for word in words])


def out(tmp_path: Path, tag: str = "py3-none-any") -> Path:
    return tmp_path / f"sample-1.0-{tag}.whl"


def refused(tmp_path: Path, capfd: pytest.CaptureFixture, files: Mapping[str, str], **recipe: Any) -> str:
    """Build what must fail, check that nothing is left, and return the message."""
    wheel = out(tmp_path)
    assert run(make_sdist(tmp_path / "in/sample-1.0.tar.gz", files), wheel, **recipe) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    return capfd.readouterr().err


@pytest.mark.parametrize("kind", PROJECTS)
def test_backends(tmp_path: Path, kind: str) -> None:
    made = out(tmp_path)
    assert run(make_sdist(tmp_path / "sample-1.0.tar.gz", PROJECTS[kind]), made) == 0
    with Archive(made) as opened:
        assert "sample-1.0.dist-info/METADATA" in opened.entries
        assert kind == "own backend" or "sample/__init__.py" in opened.entries
        assert not [name for name in opened.entries if name.endswith(".pyc")]


INFO = "Metadata-Version: 2.1\nName: sample\nVersion: 1.0\n"
NEEDS_SIX = SETUP.replace("scripts=", "install_requires=['six'], scripts=")


def test_an_unreviewed_project(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    """With egg-info, which the build writes again, and a backend that says that it is for Python 2 as well."""
    files = {
        **SETUPTOOLS,
        "PKG-INFO": INFO,
        "setup.py": NEEDS_SIX,
        "setup.cfg": "[bdist_wheel]\nuniversal = 1\n",
        "sample.egg-info/requires.txt": "six\n",
    }
    made = out(tmp_path)
    assert run(make_sdist(tmp_path / "sample-1.0.tar.gz", files), made, reviewed=False) == 0, capfd.readouterr().err
    with Archive(made) as opened:
        assert b"Requires-Dist: six" in opened.read(opened.entries["sample-1.0.dist-info/METADATA"])
        assert b"Tag: py3-none-any\n" in opened.read(opened.entries["sample-1.0.dist-info/WHEEL"])


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"setup.py": NEEDS_SIX, "sample.egg-info/requires.txt": "seven\n"},
            "declares that it requires seven, and its build says six",
        ),
        ({"setup.py": NEEDS_SIX}, "declares that it requires nothing, and its build says six instead"),
        ({"PKG-INFO": ""}, "has no PKG-INFO"),
        (
            {"pyproject.toml": '[build-system]\nrequires = ["maturin"]\nbuild-backend = "maturin"\n'},
            "its build requires maturin (not given): build a wheel of it where it is to run",
        ),
        (
            {"setup.py": SETUP.replace("scripts=", "has_ext_modules=lambda: True, scripts=")},
            "its wheel is for cp39-cp39-linux_x86_64 alone: build a wheel of it where it is to run",
        ),
    ],
)
def test_unreviewed_projects_that_are_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture, files: Mapping[str, str], message: str
) -> None:
    merged = {name: text for name, text in {**SETUPTOOLS, "PKG-INFO": INFO, **files}.items() if text}
    assert message in refused(tmp_path, capfd, merged, reviewed=False)


def test_the_same_bits_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another directory, umask, time zone, locale, order and times of the archive, and way to enter the root."""
    made = []
    for number, method in enumerate(("namespace", "proot", "auto")):
        place = tmp_path / ("x" * 40 * number) / str(number)
        sdist = make_sdist(place / "sample-1.0.tar.gz", SETUPTOOLS, mtime=1000000 * number, reverse=number == 1)
        (place / "tmp").mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(place / "tmp"))
        monkeypatch.setenv("TZ", ("UTC", "Asia/Kathmandu", "America/Lima")[number])
        monkeypatch.setenv("PYTHONHASHSEED", str(number))
        umask = os.umask((0o022, 0o077, 0o000)[number])
        try:
            assert run(sdist, out(place), method) == 0
        finally:
            os.umask(umask)
        assert list((place / "tmp").iterdir()) == []
        made.append(out(place).read_bytes())
    assert made[0] == made[1] == made[2]


def test_isolated(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    """The build sees neither the machine's files, nor its network, nor who builds, nor the order of directories."""
    files = {
        **SETUPTOOLS,
        "setup.py": f"""
import glob, os, socket, sys
assert os.getcwd() == "/sdist-project" and os.getuid() == 0, os.getcwd()
assert not os.path.exists({str(tmp_path)!r})
assert sorted(os.listdir("/home") if os.path.isdir("/home") else []) == []
assert "HOSTVARIABLE" not in os.environ and os.environ["SOURCE_DATE_EPOCH"] == "1704067200"
assert [name for _, name in socket.if_nameindex()] == ["lo"], socket.if_nameindex()
assert glob.glob("sample/*.py") == sorted(glob.glob("sample/*.py")) and os.listdir(".") == sorted(os.listdir("."))
with os.scandir("sample") as entries:
    assert next(entries).name == "__init__.py"
{SETUP}""",
    }
    os.environ["HOSTVARIABLE"] = "1"
    assert run(make_sdist(tmp_path / "sample-1.0.tar.gz", files), out(tmp_path), "namespace") == 0, capfd.readouterr()


def test_setup_that_fails(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    said = refused(tmp_path, capfd, {"setup.py": "raise SystemExit('no compiler, no luck')"})
    assert "get_requires_for_build_wheel failed" in said
    assert "no compiler, no luck" in said


def test_requirement_that_is_not_given(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    files = {**SETUPTOOLS, "pyproject.toml": '[build-system]\nrequires = ["setuptools", "wheel", "none-such>=3"]\n'}
    said = refused(tmp_path, capfd, files)
    assert "sample-1.0.tar.gz: its build requires none-such>=3 (not given): add it to `backends`" in said
    files = {**SETUPTOOLS, "setup.py": SETUP.replace("version=", 'setup_requires=["cffi"], version=')}
    assert "its build requires cffi (not given)" in refused(tmp_path, capfd, files)


def test_waived_requirement(tmp_path: Path) -> None:
    files = {**SETUPTOOLS, "pyproject.toml": '[build-system]\nrequires = ["setuptools", "wheel", "none-such>=3"]\n'}
    assert run(make_sdist(tmp_path / "sample-1.0.tar.gz", files), out(tmp_path), waived={"none-such": "no .pyx"}) == 0


def test_extension_in_a_pure_wheel(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    files = {
        **SETUPTOOLS,
        "setup.py": SETUP.replace("scripts=", 'package_data={"sample": ["*.so"]}, scripts='),
        "sample/x.so": "\x7fELF",
    }
    assert "the build made sample/x.so, but its recipe says that it is pure" in refused(tmp_path, capfd, files)


def test_extension_that_is_left_out(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    """Many projects go on when an extension doesn't compile: here there is no compiler at all."""
    extension = 'ext_modules=[Extension("sample.x", ["x.c"], optional=True)], scripts='
    setup = SETUP.replace("scripts=", extension).replace("import setup", "import Extension, setup")
    files = {**SETUPTOOLS, "setup.py": setup, "x.c": "int x;"}
    tag = "cp39-cp39-linux_x86_64"
    sdist = make_sdist(tmp_path / "in/sample-1.0.tar.gz", files)
    name = "sample/x.cpython-39-x86_64-linux-gnu.so"
    assert run(sdist, out(tmp_path, tag), tag=tag, extensions=[name]) == 1
    assert f"sample-1.0.tar.gz: the build left out {name}" in capfd.readouterr().err
    assert not out(tmp_path, tag).exists()


def test_path_of_the_root_in_a_wheel(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    setup = "import os\nopen('sample/where.py', 'w').write('WHERE = %r' % os.getcwd())\n" + SETUP
    assert "sample/where.py of the wheel holds '/sdist-'" in refused(tmp_path, capfd, {**SETUPTOOLS, "setup.py": setup})


def test_another_tag_or_version(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    files = {**SETUPTOOLS, "setup.cfg": "[bdist_wheel]\nuniversal = 1\n"}
    assert "made a wheel tagged py2.py3-none-any, its recipe says py3-none-any" in refused(tmp_path, capfd, files)
    files = {**SETUPTOOLS, "setup.py": SETUP.replace('version="1.0"', 'version="1.1"')}
    assert "is sample 1.1, the lock says sample 1.0" in refused(tmp_path, capfd, files)
    sdist = make_sdist(tmp_path / "in/sample-1.0.tar.gz", SETUPTOOLS)
    assert run(sdist, tmp_path / "sample-2.0-py3-none-any.whl") == 1
    assert "sample-2.0-py3-none-any.whl: the wheel of sample 1.0 is tagged py3-none-any" in capfd.readouterr().err


def test_bad_archive_and_bad_recipe(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    assert "the entry 'sample-1.0/../../x' would leave" in refused(tmp_path, capfd, {**SETUPTOOLS, "../../x": ""})
    assert "recipe of sample-1.0.tar.gz: recipe.json: has an unknown field 'tga'" in refused(
        tmp_path, capfd, SETUPTOOLS, tga="x"
    )
