"""Documents are read back as they were written, and nothing else is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.oci.origin import Origin
from tools.verify.golden import document, measure
from tools.verify.golden.document import DocumentError, Image, Index, Layer, Part

DIGEST = "sha256:" + 64 * "a"
PART = Part(Origin("wheel", "a", "1"), 64 * "1", 16 * "2", 12 * "3", 8 * "4", 8 * "5", 8 * "6")
LAYER = Layer("//layers:l", DIGEST, "sha256:" + 64 * "b", (PART,))
IMAGE = Image("//:i", DIGEST, DIGEST, ("l", "m"), ('config.Env "A=b c"', "config.User 1"))
INDEX = Index("//:x", DIGEST, (f"linux/amd64 {DIGEST}",))


def test_read_back() -> None:
    assert document.parse_layer(document.dump_layer(LAYER)) == LAYER
    assert document.parse_image(document.dump_image(IMAGE)) == IMAGE
    assert document.parse_index(document.dump_index(INDEX)) == INDEX


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("digest sha256:aa", "digest md5:aa"), "there is not one line 'digest sha256:…'"),
        (("diff_id ", "dif "), "line 3"),
        ((" 4444", " 444"), "is not an origin and six digests"),
        ((" wheel:a=1 ", " wheel:=1 "), "'wheel:=1' is not KIND:NAME"),
        (("# ", "#"), "line 1"),
        (("66666666\n", "66666666"), "cut off"),
    ],
)
def test_other_texts_are_refused(change: tuple[str, str], message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        document.parse_layer(document.dump_layer(LAYER).replace(*change))


def test_fields() -> None:
    value = {"config": {"Env": ["B=2", "A=1"], "Labels": {}, "User": "é\n"}, "os": "linux"}
    assert measure.fields(value) == [
        'config.Env "B=2"',
        'config.Env "A=1"',
        "config.Labels {}",
        'config.User "\\u00e9\\n"',
        'os "linux"',
    ]


def test_digest_of_one_input_is_the_files_own(tmp_path: Path) -> None:
    """So that it can be found in a lock."""
    file = tmp_path / "a.whl"
    file.write_bytes(b"abc")
    assert measure.input_digest([file]) == measure.file_digest(file)
    assert measure.file_digest(file).startswith("ba7816bf8f01cfea")


def test_digest_of_several_inputs(tmp_path: Path) -> None:
    """Names and contents count, the place and the order of the directory do not."""
    digests = set()
    for place in ("one", "two/longer"):
        directory = tmp_path / place / "d"
        (directory / "s").mkdir(parents=True)
        for name in ("b", "s/a") if place == "one" else ("s/a", "b"):
            (directory / name).write_text(name)
        digests.add(measure.input_digest([directory]))
    assert len(digests) == 1
    (directory / "b").write_text("c")
    assert measure.input_digest([directory]) not in digests


def test_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A part whose listing is not a listing is refused by name."""
    for name in ("p.deflate", "p.mtree", "p.whl"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "l.json").write_text(f'{{"digest": "{DIGEST}", "diff_id": "{DIGEST}"}}')
    part = ["wheel:p=1", *(str(tmp_path / name) for name in ("p.deflate", "p.mtree", "p.whl"))]
    arguments = ["layer", "--label", "//:l", "--output", str(tmp_path / "o"), "--metadata", str(tmp_path / "l.json")]
    assert measure.main([*arguments, "--part", *part]) == 1
    assert "measure: //:l: wheel:p=1: its listing" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()
