"""Locks made on a base by the real resolver from a real (small) index, and the layers that come of them."""

from __future__ import annotations

import dataclasses
import json
import os
import sys

import pytest

from tools.locks.pypi.index import Index
from tools.locks.pypi.model import LockedFile, render_json
from tools.project import lock
from tools.project.errors import ProjectError
from tools.project.local_project import MIXED, PYTHON, SITE, TAG, Place, names
from tools.project.pip_tools import PipTools

pytest_plugins = ["tools.project.local_project"]


def test_what_the_base_has_stays(place: Place) -> None:
    assert place.lock("app\nlib>=1\n") == {}
    assert place.layers("amd64") == []


def test_new_packages(place: Place) -> None:
    found = place.lock("extra\nnative\n")
    assert sorted(found.values()) == ["1.0", "1.0", "3.0"]  # 4.0 came after the day
    assert [made.name for made in place.layers("amd64")] == ["requirements", "requirements (amd64)"]
    amd64, arm64 = place.layers("amd64"), place.layers("arm64")
    assert amd64[0] == arm64[0]
    assert amd64[1].metadata.digest != arm64[1].metadata.digest
    assert f"{SITE}/extra.py" in names(amd64[0])
    assert f"{SITE}/__pycache__/extra.cpython-{PYTHON.replace('.', '')}.pyc" in names(amd64[0])
    assert f"{SITE}/extra-3.0.dist-info/REQUESTED" in names(amd64[0])
    assert "127.0.0.1" not in (place.root / lock.NAME).read_text()


def test_a_package_of_the_base_is_replaced(place: Place) -> None:
    assert place.lock("lib==1.1\n") == {"lib-1.1-py3-none-any.whl": "1.1", "extra-3.0-py3-none-any.whl": "3.0"}
    (made,) = place.layers("amd64")
    found = names(made)
    assert {name for name in found if "/.wh." in name} == {f"{SITE}/.wh.lib-1.0.dist-info", "usr/local/bin/.wh.old"}
    assert {f"{SITE}/lib.py", f"{SITE}/lib-1.1.dist-info/RECORD", "usr/local/bin/both"} <= found
    assert f"{SITE}/extra-3.0.dist-info/REQUESTED" not in found


def test_layers_are_kept(place: Place) -> None:
    place.lock("lib==1.1\n")
    first = place.layers("amd64")
    place.index.hits.clear()
    for file in place.cache.glob("*/*/*.whl"):
        file.unlink()
    assert place.layers("amd64") == first
    assert place.index.hits == []
    # On another machine the bytes are the same.
    place.cache = place.cache.with_name("other")
    assert [made.metadata for made in place.layers("amd64")] == [made.metadata for made in first]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("# x\nlib==2.0\n", ["requirements.txt, line 2: lib==2.0", "app==1.0", "what fits the base: lib==1.0"]),
        ("extra\nnone-such\n", ["requirements.txt, line 2: none-such", "none-such was not found"]),
        ("rusty\n", ["rusty-1.0.tar.gz: compiles Rust", "build a wheel of it where it is to run"]),
    ],
)
def test_conflicts(place: Place, text: str, parts: list[str]) -> None:
    with pytest.raises(ProjectError) as caught:
        place.lock(text)
    for part in parts:
        assert part in str(caught.value)
    assert not (place.root / lock.NAME).exists()


def test_what_helps_in_a_conflict(place: Place) -> None:
    """Other bases that have the version, and names of the base that are like an unknown one."""
    place.locks.mkdir()
    for name, version in (("8_py310", "2.0"), ("9_py311", "2.1"), ("4_py39", "1.0")):
        files = [dataclasses.replace(file, version=version) for file in place.base.files]
        text = render_json(dataclasses.replace(place.base.spec, lock=name), "", files)
        (place.locks / f"{name}.json").write_text(text)
    for text, hint in (
        ("lib>=2.0\n", "what fits the base: lib==1.0; of the other bases 8_py310 has 2.0, 9_py311 has 2.1\n"),
        ("lib==2.0.1\n", "what fits the base: lib==1.0; no other base has it\n"),
        ("others\n", "requirements.txt, line 1: others; near it, in the base: other\n"),
    ):
        with pytest.raises(ProjectError) as caught:
            place.lock(text)
        assert hint in str(caught.value)


def by_pip(place: Place) -> PipTools:
    return PipTools(([sys.executable], os.environ), place.index.url, [], False, os.environ)


TEN = "app\nextra\nnative\nlib>=1,!=1.1\nother\ntop-1\ntop-2 ; python_version > '3'\ntop-3<2\ntop-4[more]\ntop-5==1.*\n"
"""Ten requirements: of the base, replaced, with markers, extras and ranges."""


@pytest.mark.parametrize("lines", [TEN, TEN.replace("lib>=1,!=1.1", "lib==1.1")])
def test_both_resolvers_give_one_lock(place: Place, lines: str) -> None:
    for number in range(1, 6):
        place.index.wheel(f"top-{number}", "1.0", requires=[f"below-{number}", "below-shared<3"])
        place.index.wheel(f"top-{number}", "1.5", requires=[f"below-{number}>=1", "below-shared<2.5"])
        place.index.wheel(f"top-{number}", "2.0", requires=["below-shared>=1", "lib>=1"])
        place.index.wheel(f"below-{number}", "1.1")
    for version in ("1.0", "2.0", "2.4", "3.0"):
        place.index.wheel("below-shared", version)
    place.index.wheel("below-shared", "2.4.1", uploaded="2024-06-15T00:00:00.000000Z")
    found = place.lock(lines)
    assert len(found) > 10
    text = (place.root / lock.NAME).read_bytes()
    (place.root / lock.NAME).unlink()
    place.pip_tools = by_pip(place)
    assert place.lock(lines) == found
    assert (place.root / lock.NAME).read_bytes() == text


def test_pip_compile_builds_no_source_archive_of_the_base(place: Place) -> None:
    place.index.wheel("top", "1.0", requires=["source"])
    (source,) = Index(place.index.url).files("source")
    facts = (source.path, source.sha256, source.size)
    file = LockedFile(source.file, "source", "1.0", "sdist", (), ("amd64", "arm64"), False, ("extra",), *facts)
    place.base = dataclasses.replace(place.base, files=(*place.base.files, file))
    place.pip_tools = by_pip(place)
    assert place.lock("top\n") == {"top-1.0-py3-none-any.whl": "1.0"}


def test_pip_compile_finds_no_solution(place: Place) -> None:
    place.pip_tools = by_pip(place)
    with pytest.raises(ProjectError) as caught:
        place.lock("app==1.0\nlib==2.0\n")
    for part in ("the base line has app==1.0", "requirements.txt, line 2: lib==2.0; what fits the base: lib==1.0"):
        assert part in str(caught.value)
    assert "the resolver says: ERROR: Cannot install " in str(caught.value)
    assert "app==1.0 requires lib<2" in str(caught.value)
    assert not (place.root / lock.NAME).exists()


def test_pip_compile_fails(place: Place) -> None:
    loader = ["/bin/sh", "-c", "echo error while loading shared libraries >&2; exit 127"]
    place.pip_tools = PipTools((loader, {}), place.index.url, [], False, {})
    with pytest.raises(ProjectError, match=r"^pip-compile ends with status 127: error while loading shared libraries$"):
        place.lock("extra\n")


def test_hashes(place: Place) -> None:
    (extra,) = (file for file in Index(place.index.url).files("extra") if "-3.0-" in file.file)
    assert place.lock(f"extra==3.0 --hash=sha256:{extra.sha256}\n") == {"extra-3.0-py3-none-any.whl": "3.0"}
    with pytest.raises(ProjectError, match="extra 3.0 has no file"):
        place.lock(f"extra==3.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(ProjectError, match="has hashes, but none for native"):
        place.lock(f"native\nextra==3.0 --hash=sha256:{extra.sha256}\n")


def test_stale_locks(place: Place) -> None:
    place.lock("extra\n")
    (place.root / "requirements.txt").write_text("# other words\nextra\n")
    place.layers("amd64")
    (place.root / "requirements.txt").write_text("extra\nnative\n")
    with pytest.raises(ProjectError, match="has changed since requirements.lock was made: run bazel run"):
        place.layers("amd64")
    (place.root / lock.NAME).write_text("{")
    with pytest.raises(ProjectError, match="requirements.lock can't be read"):
        place.layers("amd64")
    (place.root / lock.NAME).unlink()
    with pytest.raises(ProjectError, match="requirements.lock is missing, and requirements.txt, line 1 asks for extra"):
        place.layers("amd64")


def test_another_file_under_the_name(place: Place) -> None:
    place.lock("extra\n")
    text = (place.root / lock.NAME).read_text()
    (sha256,) = {file["sha256"] for file in json.loads(text)["files"]}
    (place.root / lock.NAME).write_text(text.replace(sha256, "0" * 64))
    with pytest.raises(ProjectError, match="extra-3.0-py3-none-any.whl .* another file"):
        place.layers("amd64")
    assert not list(place.cache.glob("layers/*"))


SETUP = "from setuptools import setup\nsetup(name='pure', version='1.0', py_modules=['pure'], install_requires=['extra<4'])\n"
FILES = {"setup.py": SETUP, "pure.py": "A = 1\n", "pure.egg-info/requires.txt": "extra<4\n"}


def test_a_source_archive(place: Place) -> None:
    """Of which nothing runs before its wheel is built; what it requires is resolved with the rest."""
    place.index.sdist("pure", "1.0", files=FILES)
    place.index.wheel("top", "1.0", requires=["pure"])
    found = place.lock("top\n")
    assert set(found) == {"pure-1.0.tar.gz", "extra-3.0-py3-none-any.whl", "top-1.0-py3-none-any.whl"}
    (amd64,), (arm64,) = place.layers("amd64"), place.layers("arm64")
    assert amd64 == arm64
    assert {f"{SITE}/pure.py", f"{SITE}/pure-1.0.dist-info/RECORD", f"{SITE}/extra.py"} <= names(amd64)
    place.index.hits.clear()
    assert place.layers("amd64") == [amd64]
    assert place.index.hits == []
    place.cache = place.cache.with_name("other")
    assert [made.metadata for made in place.layers("amd64")] == [amd64.metadata]
    text = (place.root / lock.NAME).read_bytes()
    place.pip_tools = by_pip(place)
    assert place.lock("top\n") == found
    assert (place.root / lock.NAME).read_bytes() == text


def test_a_source_archive_that_requires_something_else(place: Place) -> None:
    place.index.sdist("pure", "1.0", files=FILES | {"pure.egg-info/requires.txt": "extra\n"})
    place.lock("pure\n")
    with pytest.raises(ProjectError, match="declares that it requires extra, and its build says extra<4 instead"):
        place.layers("amd64")
    assert not list(place.cache.glob("built/*/*"))


def test_a_source_archive_whose_setup_fails(place: Place) -> None:
    place.lock("source\n")
    with pytest.raises(ProjectError) as caught:
        place.layers("amd64")
    for part in ("source-1.0.tar.gz: ", "code of a distribution was run", "build a wheel of it where it is to run"):
        assert part in str(caught.value)


def test_a_source_archive_that_compiles_code(place: Place) -> None:
    """The lock has the tags of its wheels, and a layer for each architecture that has no other wheel."""
    place.index.sdist("ours", "1.0", files={"setup.py": "", "src/module.c": "", "tests/rust/Cargo.toml": ""})
    assert place.lock("ours\nmixed\n").keys() == {"mixed-1.0.tar.gz", f"mixed-1.0-{MIXED}.whl", "ours-1.0.tar.gz"}
    found = json.loads((place.root / lock.NAME).read_text())
    tags = {file["file"]: file["tags"] for file in found["files"] if file["kind"] == "sdist"}
    built = [f"{TAG}-{TAG}-linux_x86_64", f"{TAG}-{TAG}-linux_aarch64"]
    assert tags == {"mixed-1.0.tar.gz": built[1:], "ours-1.0.tar.gz": built}
    assert [(layer["archs"], layer["files"]) for layer in found["layers"]] == [
        (["amd64"], [f"mixed-1.0-{MIXED}.whl", "ours-1.0.tar.gz"]),
        (["arm64"], ["mixed-1.0.tar.gz", "ours-1.0.tar.gz"]),
    ]


def test_making_a_lock_runs_no_backend_of_a_source_archive(place: Place) -> None:
    """Not even one that comes in the archive and needs nothing else."""
    run = place.root.with_name("run")
    system = '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]\n'
    code = f"open({str(run)!r}, 'w').close()\n"
    place.index.sdist("own", "1.0", files={"pyproject.toml": system, "own.py": code})
    assert place.lock("own\n") == {"own-1.0.tar.gz": "1.0"}
    assert not run.exists()


def test_a_source_archive_without_metadata(place: Place) -> None:
    place.index.sdist("pure", "1.0", files={"PKG-INFO": ""})
    with pytest.raises(ProjectError, match=r"name another version of pure in requirements\.txt"):
        place.lock("pure\n")
