"""The word form of an origin is read back as it was written."""

from __future__ import annotations

import pytest

from tools.oci.origin import Origin


@pytest.mark.parametrize(
    ("word", "origin"),
    [
        ("wheel:adal=1.2.7", Origin("wheel", "adal", "1.2.7")),
        ("deb:libc6=1:2.31-13+deb11u11", Origin("deb", "libc6", "1:2.31-13+deb11u11")),
        ("files:rootfs", Origin("files", "rootfs")),
    ],
)
def test_both_ways(word: str, origin: Origin) -> None:
    assert Origin.parse(word) == origin
    assert str(origin) == word


@pytest.mark.parametrize("word", ["", "adal", ":adal=1", "wheel:", "wheel:=1", "wheel:a b", "wheel:adal=1 "])
def test_anything_else_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="is not KIND:NAME or KIND:NAME=VERSION"):
        Origin.parse(word)
