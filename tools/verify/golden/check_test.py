"""A failure names layer, part and package, and the kind of difference; what is as accepted passes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tools.verify.golden import check
from tools.verify.golden.golden_samples import FIRST, SECOND, File, Package, Sample, build

UPDATE = "tools/bazel run //runtime/golden:update"


def _arguments(built: dict[str, Path], accepted: dict[str, Path]) -> list[str]:
    lines = ["--package=runtime/golden"]
    lines += [word for name, path in built.items() for word in ("--built", name, str(path))]
    return lines + [word for name, path in accepted.items() for word in ("--accepted", name, str(path))]


def said(tmp_path: Path, changed: Sample, capsys: pytest.CaptureFixture[str]) -> str:
    """Return the test's output for an image that differs from the accepted sample."""
    accepted, built = build(tmp_path / "accepted", Sample()), build(tmp_path / "built", changed)
    assert check.main(_arguments(built, accepted)) == 1
    text = capsys.readouterr().out
    assert "//:i is not what was accepted" in text
    assert UPDATE in text and "tools/bazel run //runtime/golden:explain -- //:i\n" in text
    assert "layer base" not in text, "the layer that did not change"
    return text


def changed_first(*files: File, source: bytes = FIRST.source) -> Sample:
    return Sample().with_package(FIRST, replace(FIRST, files=files, source=source))


A, B = FIRST.files


def test_what_was_accepted_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Built twice, in two places: nothing of the place gets in."""
    accepted, built = build(tmp_path / "accepted", Sample()), build(tmp_path / "elsewhere" / "built", Sample())
    assert check.main(_arguments(built, accepted)) == 0
    assert "2 layers: as accepted" in capsys.readouterr().out


def test_content(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(tmp_path, changed_first(replace(A, data=b"other\n"), B), capsys)
    assert "wheel:first=1.0: its input is the same" in text
    assert "differs: content of files or targets of links\n" in text
    assert "second" not in text


def test_mode(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "differs: modes, owners or times\n" in said(tmp_path, changed_first(replace(A, mode=0o755), B), capsys)


def test_content_and_mode(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(tmp_path, changed_first(replace(A, mode=0o755, data=b"!"), B), capsys)
    assert "differs: content of files or targets of links, modes, owners or times\n" in text


def test_paths(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "differs: paths (added, removed, or of another type)\n" in said(tmp_path, changed_first(A), capsys)


def test_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "differs: order of the entries (every file is the same)\n" in said(tmp_path, changed_first(B, A), capsys)


def test_compressor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(tmp_path, changed_first(A, replace(B, stored=True)), capsys)
    assert "differs: compressed bytes only (the compressor)\n" in text
    assert "diff_id: accepted" not in text


def test_order_in_one_of_two_changed_parts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample = changed_first(B, A).with_package(SECOND, replace(SECOND, files=(File("usr/second/c.py", b"new"),)))
    text = said(tmp_path, sample, capsys)
    assert "wheel:first=1.0: its input is the same" in text
    assert "order of the entries, or the compressor (every file is the same)" in text


def test_another_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(tmp_path, changed_first(replace(A, data=b"x"), B, source=b"other wheel"), capsys)
    assert "wheel:first=1.0: made of another input" in text


def test_another_version(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample = Sample().with_package(FIRST, Package("wheel:first=1.1", (A,), b"newer wheel"))
    assert "wheel:first=1.0 is now wheel:first=1.1: another version" in said(tmp_path, sample, capsys)


def test_a_part_more_and_one_less(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    third = Package("wheel:third=3", (File("usr/third"),))
    text = said(tmp_path, Sample().with_package(SECOND, third), capsys)
    assert "wheel:third=3: a new part" in text
    assert "wheel:second=2.0: no longer a part of this layer" in text


def test_order_of_parts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = Sample().layers["base"]
    text = said(tmp_path, Sample({"base": base, "wheels": (SECOND, FIRST)}), capsys)
    assert "the parts are the same, in another order" in text


def test_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(tmp_path, replace(Sample(), spec=replace(Sample().spec, env={"A": "2"})), capsys)
    assert 'configuration accepted: config.Env "A=1"' in text
    assert 'configuration built: config.Env "A=2"' in text
    assert "layer wheels" not in text


def test_changed_input_with_the_same_result_passes(tmp_path: Path) -> None:
    accepted = build(tmp_path / "accepted", Sample())
    built = build(tmp_path / "built", changed_first(A, B, source=b"repacked wheel"))
    assert check.main(_arguments(built, accepted)) == 0


def test_image_that_was_never_accepted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main(_arguments(build(tmp_path / "built", Sample()), {})) == 1
    text = capsys.readouterr().out
    assert "//:i is not what was accepted:\n  it has no accepted digests yet\n" in text
    assert UPDATE in text


def test_layer_that_was_never_accepted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    accepted, built = build(tmp_path / "accepted", Sample()), build(tmp_path / "built", Sample())
    del accepted["layers/base.golden"]
    assert check.main(_arguments(built, accepted)) == 1
    assert "layer base: no file of accepted digests" in capsys.readouterr().out


def test_broken_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    accepted, built = build(tmp_path / "accepted", Sample()), build(tmp_path / "built", Sample())
    accepted["layers/base.golden"].write_text("<<<<<<< HEAD\n")
    assert check.main(_arguments(built, accepted)) == 1
    assert "golden: layers/base.golden: line 1 is not" in capsys.readouterr().err


def test_complete(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    accepted, built = build(tmp_path / "accepted", Sample()), build(tmp_path / "built", Sample())
    assert check.main([*_arguments(built, accepted), "--complete"]) == 0
    accepted["layers/old.golden"] = accepted.pop("i.golden")
    assert check.main([*_arguments(built, accepted), "--complete"]) == 1
    text = capsys.readouterr().out
    assert "i.golden: missing: this was never accepted" in text
    assert "layers/old.golden: nothing in the catalogue has it" in text
    assert UPDATE in text
