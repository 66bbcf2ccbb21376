"""Archives that are broken or want out of their directory."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from tools.formats.deb_samples import deb, header, tar
from tools.inputs.cpython.errors import BuildError
from tools.inputs.cpython.unpack import unpack_debs, unpack_tar, unpack_wheel
from tools.lib.epoch import EPOCH


def make_tar(path: Path, entries: dict[str, bytes | str]) -> Path:
    """Write a .tar.gz; a str is a symbolic link's target."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content in entries.items():
            info = tarfile.TarInfo(name)
            info.mode, info.uid, info.mtime = 0o711, 1234, 5
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return path


def test_times_and_modes_are_ours(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar.gz", {"top/a/b": b"x", "top/link": "a/b", "other": b"y"})
    (tmp_path / "out").mkdir()
    unpack_tar(path, tmp_path / "out", "top")
    status = (tmp_path / "out/a/b").stat()
    assert (status.st_mtime, status.st_mode & 0o777) == (EPOCH, 0o755)
    assert (tmp_path / "out/link").read_bytes() == b"x"
    assert not (tmp_path / "out/other").exists()


@pytest.mark.parametrize("name", ["../x", "/x", "top/../../x"])
def test_escape(tmp_path: Path, name: str) -> None:
    path = make_tar(tmp_path / "a.tar.gz", {name: b"x"})
    with pytest.raises(BuildError, match="leaves its directory"):
        unpack_tar(path, tmp_path)
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as wheel:
        wheel.writestr(name, b"x")
    with pytest.raises(BuildError, match="leaves its directory"):
        unpack_wheel(tmp_path / "a.whl", tmp_path)


def test_a_link_takes_a_path_out(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar.gz", {"inside/x": b"x", "link": str(tmp_path), "link/y": b"y"})
    (tmp_path / "out").mkdir()
    with pytest.raises(BuildError, match="'link/y' leaves its directory by a link"):
        unpack_tar(path, tmp_path / "out")


def test_a_package_turns_a_link_of_another_outwards(tmp_path: Path) -> None:
    def link(name: str, target: str) -> bytes:
        return deb(data_tar=tar([("./usr/lib/inside/x", b"x")], [header("./usr/lib/" + name, tarfile.SYMTYPE, target)]))

    packages = [link("d", "inside"), deb({"usr/lib/d/y": b"y"}), link("d", str(tmp_path)), deb({"usr/lib/d/z": b"z"})]
    for number, content in enumerate(packages):
        (tmp_path / f"{number}.deb").write_bytes(content)
    with pytest.raises(BuildError, match=r"3\.deb: the entry 'usr/lib/d/z' leaves its directory by a link"):
        unpack_debs([tmp_path / f"{number}.deb" for number in range(4)], tmp_path / "root")
    assert (tmp_path / "root/usr/lib/inside/y").read_bytes() == b"y"


def test_truncated(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar.gz", {"top/a": bytes(range(256)) * 4000})
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(BuildError, match=r"a\.tar\.gz can't be unpacked"):
        unpack_tar(path, tmp_path)


def test_not_an_archive(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(b"<html>404</html>")
    (tmp_path / "a.whl").write_bytes(b"<html>404</html>")
    with pytest.raises(BuildError, match=r"a\.tar\.gz can't be unpacked"):
        unpack_tar(tmp_path / "a.tar.gz", tmp_path)
    with pytest.raises(BuildError, match=r"a\.whl can't be unpacked"):
        unpack_wheel(tmp_path / "a.whl", tmp_path)


def test_wrong_directory(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar.gz", {"Python-3.11.2/configure": b""})
    with pytest.raises(BuildError, match="holds nothing below 'Python-3.11.3'"):
        unpack_tar(path, tmp_path, "Python-3.11.3")
