"""Locks made on a base by the real resolver from a real (small) index, and the layers that come of them."""

from __future__ import annotations

import json

import pytest

from tools.locks.pypi.index import Index
from tools.project import lock
from tools.project.errors import ProjectError
from tools.project.local_project import PYTHON, SITE, Place, names

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
        ("source\n", ["source 1.0 has no wheel", "pip wheel --no-deps source==1.0"]),
    ],
)
def test_conflicts(place: Place, text: str, parts: list[str]) -> None:
    with pytest.raises(ProjectError) as caught:
        place.lock(text)
    for part in parts:
        assert part in str(caught.value)
    assert not (place.root / lock.NAME).exists()


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
    with pytest.raises(ProjectError, match="has changed since requirements.lock was made: run 'bazel run"):
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
