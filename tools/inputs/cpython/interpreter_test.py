"""The built interpreters: what their trees hold, and what they do in a root of Debian's packages.

PYTHON_TREES: the tars of the same version for amd64 and arm64. PYTHON_RECIPE: its recipe. PYTHON_DEBS: the packages of the
build root. ZIG: the wheel with the compiler. ROOTLESS_TOOLS: see tools/host/rootless/enter_test.py.
"""

from __future__ import annotations

import os
import struct
import tarfile
from pathlib import Path

import pytest

from tools.host.rootless.spec import Mount
from tools.inputs.cpython import elf_needs, toolchain
from tools.inputs.cpython.recipe import PLATFORMS, read
from tools.inputs.cpython.root import BuildRoot, Isolation
from tools.inputs.cpython.unpack import unpack_tar
from tools.lib.epoch import EPOCH

TREES = dict(zip(("amd64", "arm64"), (Path(name) for name in os.environ["PYTHON_TREES"].split())))
RECIPE = read(Path(os.environ["PYTHON_RECIPE"]))
VERSION = RECIPE.version
DIGITS = VERSION.replace(".", "")
LIBRARY = f"usr/local/lib/python{VERSION}"
# 3.9 installs it for programs that embed Python; so do Docker's python images.
EMBEDDING = {arch: f"{LIBRARY}/config-{VERSION}-{platform.triplet}/python.o" for arch, platform in PLATFORMS.items()}
LIBPYTHON = f"libpython{VERSION}.so.1.0"
# Differ by nature: the configuration that Python was built with, and machine code.
ARCH_DEPENDENT = ("_sysconfigdata_", "/config-", "/lib-dynload/", "/pkgconfig/", "pyconfig.h")


def members(arch: str) -> dict[str, tuple[tarfile.TarInfo, bytes]]:
    """Return all entries of a tree."""
    found = {}
    with tarfile.open(TREES[arch]) as tar:
        for info in tar:
            stream = tar.extractfile(info) if info.isreg() else None
            found[info.name] = (info, stream.read() if stream else b"")
    return found


@pytest.fixture(scope="module")
def trees() -> dict[str, dict[str, tuple[tarfile.TarInfo, bytes]]]:
    """Both trees."""
    return {arch: members(arch) for arch in TREES}


@pytest.mark.parametrize("arch", TREES)
class TestTree:
    """The content of a tree."""

    def test_names_of_the_programs(self, trees: dict[str, dict[str, tuple[tarfile.TarInfo, bytes]]], arch: str) -> None:
        links = {name: info.linkname for name, (info, _) in trees[arch].items() if info.issym()}
        for name, target in (
            ("python", "python3"),
            ("python3", f"python{VERSION}"),
            ("python-config", "python3-config"),
            ("python3-config", f"python{VERSION}-config"),
            ("pydoc", "pydoc3"),
            ("idle", "idle3"),
        ):
            assert links[f"usr/local/bin/{name}"] == target
        assert not [name for name in trees[arch] if name.startswith("usr/local/bin/pip")]

    def test_owners_modes_and_times(
        self, trees: dict[str, dict[str, tuple[tarfile.TarInfo, bytes]]], arch: str
    ) -> None:
        for info, _ in trees[arch].values():
            assert (info.uid, info.gid, info.mtime) == (0, 0, EPOCH)
            assert info.mode in ((0o777,) if info.issym() else (0o644, 0o755))

    def test_nothing_superfluous(self, trees: dict[str, dict[str, tuple[tarfile.TarInfo, bytes]]], arch: str) -> None:
        parts = {part for name in trees[arch] for part in name.split("/")}
        assert not parts & {"test", "tests", "idle_test", "_no_bytecode.py", "Setup.bak"}
        assert not [name for name in trees[arch] if name.endswith((".a", ".o", ".pyo")) and name != EMBEDDING[arch]]

    def test_what_extensions_and_venv_need(
        self, trees: dict[str, dict[str, tuple[tarfile.TarInfo, bytes]]], arch: str
    ) -> None:
        triplet = PLATFORMS[arch].triplet
        for name in (
            f"usr/local/include/python{VERSION}/Python.h",
            f"usr/local/include/python{VERSION}/pyconfig.h",
            f"{LIBRARY}/config-{VERSION}-{triplet}/Makefile",
            f"{LIBRARY}/_sysconfigdata__linux_{triplet}.py",
            f"{LIBRARY}/venv/__init__.py",
            f"{LIBRARY}/venv/scripts/common/activate",
        ):
            assert name in trees[arch]
        bundled = [name for name in trees[arch] if name.startswith(f"{LIBRARY}/ensurepip/_bundled/pip-")]
        assert len(bundled) == 1

    def test_every_module_is_compiled(
        self, trees: dict[str, dict[str, tuple[tarfile.TarInfo, bytes]]], arch: str
    ) -> None:
        count = 0
        for name in trees[arch]:
            if not name.endswith(".py") or not name.startswith(LIBRARY):
                continue
            directory, _, file = name.rpartition("/")
            content = trees[arch][f"{directory}/__pycache__/{file[:-3]}.cpython-{DIGITS}.pyc"][1]
            source = trees[arch][name][0]
            assert struct.unpack("<3I", content[4:16]) == (0, source.mtime, source.size)
            count += 1
        assert count > 500

    def test_code_is_for_the_machine(
        self, trees: dict[str, dict[str, tuple[tarfile.TarInfo, bytes]]], arch: str
    ) -> None:
        found = [elf_needs.needs(content) for _, content in trees[arch].values() if content.startswith(b"\x7fELF")]
        assert {needs.machine for needs in found if needs} == {PLATFORMS[arch].elf_machine}
        # The interpreter, libpython, libpython3.so, which stands for it in what any Python 3 may load.
        assert len(found) == len(RECIPE.modules) + 3 + (EMBEDDING[arch] in trees[arch])

    def test_libpython(self, trees: dict[str, dict[str, tuple[tarfile.TarInfo, bytes]]], arch: str) -> None:
        """It is there under the names that linkers and loaders look for; interpreter and modules don't take it."""
        links = {name: info.linkname for name, (info, _) in trees[arch].items() if info.issym()}
        assert links[f"usr/lib/{PLATFORMS[arch].triplet}/{LIBPYTHON}"] == f"../../local/lib/{LIBPYTHON}"
        assert links[f"usr/local/lib/libpython{VERSION}.so"] == LIBPYTHON
        needing = []
        for name, (_, content) in trees[arch].items():
            needs = elf_needs.needs(content)
            if needs and LIBPYTHON in needs.libraries:
                needing.append(name)
        assert needing == ["usr/local/lib/libpython3.so"]


def test_the_same_on_both_machines(trees: dict[str, dict[str, tuple[tarfile.TarInfo, bytes]]]) -> None:
    """Sources and bytecode of the standard library don't depend on the machine."""
    one, two = trees.values()
    shared = [
        name for name in one if name.endswith((".py", ".pyc", ".h")) and not any(x in name for x in ARCH_DEPENDENT)
    ]
    assert len(shared) > 1000
    assert [name for name in shared if one[name][1] != two[name][1]] == []


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> tuple[BuildRoot, Mount]:
    """Return the packages that it was built against, and it."""
    place = tmp_path_factory.mktemp("python")
    debs = [Path(name) for name in os.environ["PYTHON_DEBS"].split()]
    isolation = Isolation(proot=os.environ["ROOTLESS_TOOLS"])
    root = BuildRoot(place / "root", debs, PLATFORMS["amd64"], Path(os.environ["ZIG"]), isolation)
    unpack_tar(TREES["amd64"], root.path / "usr/lib", "usr/lib")
    (place / "local").mkdir()
    unpack_tar(TREES["amd64"], place / "local", "usr/local")
    return root, Mount("bind", "/usr/local", str(place / "local"))


class TestRunning:
    """The amd64 interpreter at work, offline, in the packages it was built against."""

    def run(self, root: tuple[BuildRoot, Mount], step: str, script: str) -> str:
        """Run a script with the tree at /usr/local."""
        return root[0].run(step, script, [root[1]], {"PATH": f"{toolchain.WRAPPERS}:/usr/local/bin:/usr/bin"})

    def test_version(self, root: tuple[BuildRoot, Mount]) -> None:
        assert self.run(root, "version", "python --version").strip() == f"Python {RECIPE.release}"

    def test_libraries(self, root: tuple[BuildRoot, Mount]) -> None:
        script = (
            "import ssl, sqlite3, lzma, bz2, zlib, ctypes, readline, curses.panel, uuid, dbm.gnu, dbm.ndbm, hashlib, decimal\n"
            "import multiprocessing.shared_memory, venv, ensurepip, pyexpat, xml.etree.ElementTree, asyncio, sysconfig\n"
            "assert hasattr(sqlite3.Connection, 'enable_load_extension')\n"
            "assert ctypes.CDLL(None).getpid() > 0\n"
            "print(ssl.OPENSSL_VERSION.split()[1][:5], sysconfig.get_config_var('CC'), sysconfig.get_config_var('MULTIARCH'))\n"
        )
        said = self.run(root, "libraries", f'python -W error::ImportWarning -c "{script}"')
        assert said.split() == ["1.1.1", "gcc", "x86_64-linux-gnu"]

    def test_bytecode_is_taken(self, root: tuple[BuildRoot, Mount]) -> None:
        said = self.run(
            root, "bytecode", "python -v -c 'import json' 2>&1 | grep -c 'could not create\\|wrote' || true"
        )
        assert said.strip() == "0"

    def test_venv_with_pip(self, root: tuple[BuildRoot, Mount]) -> None:
        said = self.run(root, "venv", "python -m venv /tmp/v && /tmp/v/bin/pip --version && /tmp/v/bin/pip list")
        assert said.startswith("pip ") and "setuptools" in said

    def test_config_program(self, root: tuple[BuildRoot, Mount]) -> None:
        said = self.run(root, "config", "python3-config --includes")
        assert said.split()[0] == f"-I/usr/local/include/python{VERSION}"

    def test_embedding(self, root: tuple[BuildRoot, Mount]) -> None:
        """A program of somebody else is compiled with what python3-config says, and finds library and modules."""
        program = (
            "#include <Python.h>\n"
            "int main(void) {\n"
            "  Py_Initialize();\n"
            '  int failed = PyRun_SimpleString("import sys, ssl; print(sys.version.split()[0], sys.prefix)");\n'
            "  return Py_FinalizeEx() || failed;\n"
            "}\n"
        )
        script = (
            f"cat >embed.c <<'EOF'\n{program}EOF\n"
            "gcc $(python3-config --cflags --embed) embed.c -o embed $(python3-config --ldflags --embed)\n"
            "./embed"
        )
        assert self.run(root, "embedding", script).split()[-2:] == [RECIPE.release, "/usr/local"]
