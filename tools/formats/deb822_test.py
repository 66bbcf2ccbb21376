"""deb822: control files, and what is not one."""

from __future__ import annotations

import pytest

from tools.formats import deb822


def test_control_files() -> None:
    assert list(deb822.paragraphs("A: 1\nB:\n x\n y\n\n\nA: 2 \n")) == [{"A": "1", "B": "\n x\n y"}, {"A": "2 "}]
    assert list(deb822.paragraphs("A: 1")) == [{"A": "1"}]
    for text in (" x\n", "A: 1\nno field\n", "A: 1\nA: 2\n"):
        with pytest.raises(deb822.ControlError):
            list(deb822.paragraphs(text))
    with pytest.raises(deb822.ControlError, match="expected one"):
        deb822.paragraph("A: 1\n\nA: 2\n")
