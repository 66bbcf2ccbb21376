"""What the rules hand to the programs, of a small image that Bazel built."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from tools.oci.origin import Origin
from tools.verify.golden import check, explain
from tools.verify.golden.document import parse_layer

HERE = "tools/verify/golden/tests"


def test_image_without_accepted_digests(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main([f"@{HERE}/unaccepted.arguments", f"--package={HERE}"]) == 1
    said = capsys.readouterr().out
    assert f"//{HERE}:image_amd64 is not what was accepted:\n  it has no accepted digests yet" in said
    assert "tools/bazel run //tools/verify/golden/tests:update" in said


def test_files_that_are_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main([f"@{HERE}/incomplete.arguments", f"--package={HERE}", "--complete"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[:3] == [
        f"{name}: missing: this was never accepted"
        for name in ("image_amd64.golden", "layers/base.golden", "layers/top.golden")
    ]


def test_documents_say_what_was_built() -> None:
    layer = parse_layer(Path(HERE, "layers", "top.golden").read_text())
    assert layer.label == f"//{HERE}:top"
    (part,) = layer.parts
    assert part.origin == Origin("files", "program")
    assert part.deflate == sha256(Path(HERE, "program.deflate").read_bytes()).hexdigest()
    assert sha256(Path(HERE, "program.mtree").read_bytes()).hexdigest().startswith(part.listing)
    # Its one file is its input.
    assert sha256(Path(HERE, "hello.sh").read_bytes()).hexdigest().startswith(part.input)


def test_explain_knows_the_parts(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain.main([f"@{HERE}/explain.arguments", f"--package={HERE}", "image_arm64"]) == 0
    assert capsys.readouterr().out == "explain: no part differs from the accepted one of the same version\n"
