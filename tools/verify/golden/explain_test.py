"""With an accepted listing at hand the files are named; without one, the commands that get it."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from tools.verify.golden import explain
from tools.verify.golden.golden_samples import FIRST, SECOND, File, Package, Sample, build

A, B = FIRST.files
PARTS = (("base", "deb:base=5.1"), ("wheels", "wheel:first=1.0"), ("wheels", "wheel:second=2.0"))


def said(tmp_path: Path, changed: Sample, capsys: pytest.CaptureFixture[str], *options: str, status: int = 0) -> str:
    """Return the output for an image that differs from the accepted sample."""
    accepted, built = build(tmp_path / "accepted", Sample()), build(tmp_path / "built", changed)
    arguments = [word for name, path in built.items() for word in ("--built", name, str(path))]
    arguments += [word for name, path in accepted.items() for word in ("--accepted", name, str(path))]
    for layer, origin in PARTS:
        # Paths as in runfiles, from the root of the tree of outputs.
        files = [f"{origin.replace(':', '_')}.{suffix}" for suffix in ("deflate", "mtree")]
        arguments += ["--part", layer, origin, f"//parts:{origin}", *files]
    assert explain.main(["--package=runtime/golden", *arguments, *options]) == status
    return capsys.readouterr().out


@pytest.fixture(autouse=True)
def _outputs_are_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "built").mkdir()
    monkeypatch.chdir(tmp_path / "built")
    monkeypatch.setenv("BUILD_WORKING_DIRECTORY", str(tmp_path))


def changed_first(*files: File) -> Sample:
    return Sample().with_package(FIRST, replace(FIRST, files=files))


@pytest.mark.parametrize(
    ("files", "line"),
    [
        (
            (replace(A, data=b"12345"), B),
            "usr/first/a.py: content (6 bytes, sha256 5891b5b522d5…; now 5, 5994471abb01…)",
        ),
        ((replace(A, mode=0o755), B), "usr/first/a.py: mode 0644, now 0755"),
        ((A,), "usr/first/b.py: removed"),
        ((A, B, File("usr/first/c.py")), "usr/first/c.py: added"),
        ((B, A), "the same files with the same metadata: their order"),
        ((A, replace(B, stored=True)), "the same uncompressed bytes: the compressor, or which files are copied"),
    ],
)
def test_files_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], files: tuple[File, ...], line: str
) -> None:
    text = said(tmp_path, changed_first(*files), capsys, "i", "--outputs", "accepted")
    assert f"    {line}" in text
    assert "second" not in text and "git worktree" not in text


def test_disk_cache(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Bazel keeps what it made under the digest of its bytes."""
    build(tmp_path / "old", Sample())
    for path in (tmp_path / "old").glob("wheel*.mtree"):
        digest = sha256(path.read_bytes()).hexdigest()
        place = tmp_path / "cache" / "cas" / digest[:2] / digest
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(path.read_bytes())
    text = said(tmp_path, changed_first(replace(A, mode=0o600), B), capsys, "--disk-cache", "cache")
    assert "usr/first/a.py: mode 0644, now 0600" in text


@pytest.mark.parametrize("options", [(), ("--outputs", "other")])
def test_without_the_listing_the_commands_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    """Also where a work tree has another build than the accepted one."""
    build(tmp_path / "other", changed_first(replace(A, data=b"neither"), B))
    text = said(tmp_path, changed_first(replace(A, data=b"new"), B), capsys, "i", *options)
    assert "git worktree add ../accepted $(git log -1 --format=%h -- 'runtime/golden/layers/wheels.golden')" in text
    assert "tools/bazel build '//parts:wheel:first=1.0')" in text
    assert "not the accepted one either" in text


@pytest.mark.parametrize(
    "changed", [Sample(), Sample().with_package(SECOND, Package("wheel:second=2.1", (File("usr/second/d.py"),)))]
)
def test_nothing_to_explain(tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: Sample) -> None:
    """Another version has other files: that is not a riddle."""
    text = said(tmp_path, changed, capsys)
    assert text == "explain: no part differs from the accepted one of the same version\n"


def test_unknown_image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(tmp_path, Sample(), capsys, "x_amd64", status=1)
