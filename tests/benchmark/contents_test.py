"""What differs between two images of a project, and what does not."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping

from tests.benchmark import contents
from tests.benchmark.contents import File, differences, read

INFO = "site/a-1.dist-info"


def layer(files: Mapping[str, str], mode: int = 0o644) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(text), mode
            archive.addfile(info, io.BytesIO(text.encode()))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "a"
        archive.addfile(link)
    return stream.getvalue()


def test_the_upper_layer_counts() -> None:
    found = read([layer({"a": "1", "./b/": ""}), layer({"/a": "2"}, 0o100664)])
    assert found.keys() == {"a", "b", "link"}
    assert found["a"] == File("file", 0o664, 0, 0, read([layer({"x": "2"})])["x"].content)
    assert found["link"].content == "a"


def test_what_is_explained() -> None:
    one = {"a/__pycache__/a.cpython-311.pyc": "1", f"{INFO}/INSTALLER": "pip"}
    other = {f"{INFO}/RECORD": f"{INFO}/INSTALLER,2,\na.py,,\n", f"{INFO}/INSTALLER": "own", "etc/resolv.conf": ""}
    one[f"{INFO}/RECORD"] = f"a.py,,\n{INFO}/INSTALLER,1,\na/__pycache__/a.cpython-311.pyc,,\n"
    assert differences(read([layer(one)]), read([layer(other)])) == []
    assert all(contents.EXPLAINED.values())


def test_what_is_not() -> None:
    one, other = read([layer({"a": "1", "same": ""})]), read([layer({"b": "1", "same": ""})])
    assert [line.partition(":")[0] for line in differences(one, other)] == ["/a", "/b"]
    assert differences(one, read([layer({"a": "1", "same": ""}, 0o600)]))[0].startswith("/a: file 0644 0:0 ")
    assert differences(read([layer({f"{INFO}/RECORD": "a.py,,"})]), read([layer({f"{INFO}/RECORD": "b.py,,"})]))
