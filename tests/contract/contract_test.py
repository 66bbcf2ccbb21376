"""A made-up kind of part has all that a real one has: in its golden document and in the facts of its layer."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from tools.oci.origin import Origin
from tools.verify.golden.document import parse_layer
from tools.verify.soundness import layer_facts

HERE = Path("tests/contract")
ORIGIN = Origin("made-up", "part", "1")


def test_golden_document_names_its_input() -> None:
    words = Path(HERE, "golden.arguments").read_text().split()
    document = parse_layer(Path(words[words.index("layers/layer.golden") + 1]).read_text())
    (part,) = document.parts
    assert part.origin == ORIGIN
    assert sha256(Path(HERE, "parcel.tar").read_bytes()).hexdigest().startswith(part.input)


def test_facts_name_it() -> None:
    words = Path(HERE, "soundness.image").read_text().split()
    (file,) = [word for line in words for word in [line.rpartition("=")[2]] if word.endswith(".facts.json")]
    layer = layer_facts.load(Path(file))
    assert layer.origins == (ORIGIN,)
    assert [entry.path for entry in layer.files if entry.origin == 0] == ["usr/local/m.py"]
