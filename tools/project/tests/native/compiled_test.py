"""Projects that compile C, in the root of a small base, with and without packages.txt's compiler."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from tools.host.rootless.spec import AUTO, PROOT
from tools.inputs.cpython.root import Isolation
from tools.project import child, compiled
from tools.project.errors import ProjectError

BASE = [Path(path).absolute() for path in os.environ["LAYERS"].split()]
COMPILER = Path(os.environ["COMPILER"]).absolute()
BACKENDS = [Path(path).absolute() for path in os.environ["BACKENDS"].split()]
ROOTLESS = str(Path(os.environ["ROOTLESS_TOOLS"]).absolute())
WHEEL = "p-1.0-cp311-cp311-linux_x86_64.whl"
MODULE = "p.cpython-311-x86_64-linux-gnu.so"

SETUP = "from setuptools import Extension, setup\nsetup(name='p', version='1.0', ext_modules=[Extension('p', ['p.c'], {})])\n"
SOURCE = """
#include <Python.h>
#include {header}
static struct PyModuleDef module = {{PyModuleDef_HEAD_INIT, "p", __DATE__ __TIME__ __FILE__, -1, 0}};
PyMODINIT_FUNC PyInit_p(void) {{ assert(module.m_size); return PyModule_Create(&module); }}
"""


def sdist(directory: Path, options: str = "", header: str = "<math.h>", **files: str) -> Path:
    path = directory / "p-1.0.tar.gz"
    content = {
        "PKG-INFO": "Metadata-Version: 2.1\nName: p\nVersion: 1.0\n",
        "setup.py": SETUP.format(options),
        "p.c": SOURCE.format(header=header),
        **{name.replace("_", "."): text for name, text in files.items()},
    }
    with tarfile.open(path, "w:gz") as archive:
        for name, text in content.items():
            info = tarfile.TarInfo(f"p-1.0/{name}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return path


def build(directory: Path, archive: Path, compiler: bool = True, method: str = AUTO) -> Path:
    """Build as //:project does."""
    wheel = directory / WHEEL
    layers = [*BASE, COMPILER] if compiler else BASE
    place = compiled.Place("amd64", "3.11", layers, BACKENDS, Isolation(method, ROOTLESS))
    child.run(lambda: compiled.compile_wheel(place, archive, "p", "1.0", wheel), "the build")
    return wheel


def test_a_module_of_c(tmp_path: Path) -> None:
    with zipfile.ZipFile(build(tmp_path, sdist(tmp_path))) as wheel:
        module = wheel.read(MODULE)
        assert b"Tag: cp311-cp311-linux_x86_64\n" in wheel.read("p-1.0.dist-info/WHEEL")
    assert b"Jan  1 2024" in module and b"p.c" in module
    assert b"/sdist-" not in module


def test_a_module_of_cython(tmp_path: Path) -> None:
    system = '[build-system]\nrequires = ["setuptools", "Cython>=3"]\nbuild-backend = "setuptools.build_meta"\n'
    setup = "from Cython.Build import cythonize\nfrom setuptools import setup\n"
    setup += "setup(name='p', version='1.0', ext_modules=cythonize('q.pyx'))\n"
    archive = sdist(tmp_path, pyproject_toml=system, setup_py=setup, q_pyx="def f(int n): return n + 1\n")
    with zipfile.ZipFile(build(tmp_path, archive)) as wheel:
        assert b"/sdist-" not in wheel.read(MODULE.replace("p.", "q.", 1))


def test_by_proot(tmp_path: Path) -> None:
    made = build(tmp_path, sdist(tmp_path))
    (tmp_path / PROOT).mkdir()
    assert build(tmp_path / PROOT, sdist(tmp_path), method=PROOT).read_bytes() == made.read_bytes()


def test_without_a_compiler(tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as caught:
        build(tmp_path, sdist(tmp_path), compiler=False)
    assert "name a compiler (gcc libc6-dev; g++ for C++) in packages.txt, or build a wheel" in str(caught.value)
    assert not list(tmp_path.glob("*.whl"))


def test_without_a_compiler_an_optional_module_is_left_out(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    archive = sdist(tmp_path, "optional=True", p_py="")
    with zipfile.ZipFile(build(tmp_path, archive, compiler=False)) as wheel:
        assert not [name for name in wheel.namelist() if name.endswith(".so")]
    assert "p-1.0.tar.gz: nothing of it was compiled; if it should be, name a compiler" in capfd.readouterr().err


def test_a_header_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as caught:
        build(tmp_path, sdist(tmp_path, header="<ldap.h>"))
    for part in ("p-1.0.tar.gz: ", "ldap.h: No such file or directory", "what it is compiled against in packages.txt"):
        assert part in str(caught.value)


def test_a_backend_that_is_not_there(tmp_path: Path) -> None:
    system = '[build-system]\nrequires = ["setuptools", "none-such"]\nbuild-backend = "setuptools.build_meta"\n'
    with pytest.raises(ProjectError, match=r"requires none-such \(not given\): build a wheel of it where it is to run"):
        build(tmp_path, sdist(tmp_path, pyproject_toml=system))


def test_a_library_beside_its_module(tmp_path: Path) -> None:
    """A search path is for libraries of a directory that the image does not have."""
    with pytest.raises(ProjectError, match="has a run-time search path: /opt/lib"):
        build(tmp_path, sdist(tmp_path, "runtime_library_dirs=['/opt/lib']"))


def test_what_differs(tmp_path: Path) -> None:
    for name, text in (("one", "1"), ("other", "2")):
        with zipfile.ZipFile(tmp_path / name, "w") as wheel:
            wheel.writestr("same", "")
            wheel.writestr("file", text)
            wheel.writestr(f"only in {name}", "")
    assert compiled.differences(tmp_path / "one", tmp_path / "other") == ["file", "only in one", "only in other"]
