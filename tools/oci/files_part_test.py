"""Parts of our own files: content, modes, owners, order."""

from __future__ import annotations

import io
import json
import tarfile
import zlib
from pathlib import Path

import pytest

from tools.lib.epoch import EPOCH
from tools.oci import files_part, mtree, tar_part
from tools.oci.deflate import FINAL
from tools.oci.samples import member_content


def outputs(directory: Path) -> list[str]:
    return ["--deflate", f"{directory}/p.deflate", "--mtree", f"{directory}/p.mtree"]


def files(directory: Path, spec: dict[str, object]) -> int:
    (directory / "spec.json").write_text(json.dumps(spec))
    return files_part.main(["--spec", f"{directory}/spec.json", *outputs(directory)])


def lines(directory: Path) -> list[str]:
    """Return the listing: path, mode, owner and target."""
    return [
        f"{entry.path} {entry.mode:04o} {entry.uid}:{entry.gid} {entry.target}".rstrip()
        for entry in mtree.parse((directory / "p.mtree").read_text())
    ]


def content(directory: Path, path: str) -> bytes:
    data = zlib.decompress((directory / "p.deflate").read_bytes() + FINAL, -15)
    with tarfile.open(fileobj=io.BytesIO(data + bytes(1024))) as archive:
        assert {member.mtime for member in archive} == {EPOCH}
        return member_content(archive, path)


def test_files(tmp_path: Path) -> None:
    (tmp_path / "tree" / "sub").mkdir(parents=True)
    (tmp_path / "tree" / "sub" / "b").write_bytes(b"b")
    (tmp_path / "tree" / "a").write_bytes(b"a")
    (tmp_path / "script").write_bytes(b"#!")
    (tmp_path / "script").chmod(0o777)
    spec: dict[str, object] = {
        "files": [["usr/bin/script", f"{tmp_path}/script"], ["opt/x", f"{tmp_path}/tree"]],
        "content": {"etc/motd": "hä\n"},
        "symlinks": {"bin/sh": "dash", "opt/x/l": "a"},
        "directories": {"home/astro": "0750 50000:0"},
        "attributes": {"usr/bin/script": "0755 0:0", "opt/x/**": "0664 50000:0"},
    }
    assert files(tmp_path, spec) == 0
    assert lines(tmp_path) == [
        "bin 0755 0:0",
        "bin/sh 0777 0:0 dash",
        "etc 0755 0:0",
        "etc/motd 0644 0:0",
        "home 0755 0:0",
        "home/astro 0750 50000:0",
        "opt 0755 0:0",
        "opt/x 0755 0:0",
        "opt/x/a 0664 50000:0",
        "opt/x/l 0777 50000:0 a",
        "opt/x/sub 0755 0:0",
        "opt/x/sub/b 0664 50000:0",
        "usr 0755 0:0",
        "usr/bin 0755 0:0",
        "usr/bin/script 0755 0:0",
    ]
    assert content(tmp_path, "etc/motd") == "hä\n".encode()
    assert content(tmp_path, "opt/x/sub/b") == b"b"


def test_order_of_the_spec_does_not_matter(tmp_path: Path) -> None:
    results = []
    for order in (1, -1):
        names = [f"f{index}" for index in range(9)][::order]
        assert files(tmp_path, {"content": {name: name for name in names}}) == 0
        results.append((tmp_path / "p.deflate").read_bytes())
    assert results[0] == results[1]


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"content": {"../x": ""}}, "'../x': a path must be relative"),
        ({"content": {"x": ""}, "symlinks": {"x": "y"}}, "'x' is in this part already"),
        ({"directories": {"x": "755 0:0"}}, "'755 0:0' is not of the form"),
        ({"content": {"x": ""}, "attributes": {"y": "0755 0:0"}}, "`attributes` of no file: y"),
        ({"content": {"x": ""}, "attributes": {"*": "0755 0:0"}}, "neither a relative path"),
    ],
)
def test_bad_specs(tmp_path: Path, capsys: pytest.CaptureFixture[str], spec: dict[str, object], reason: str) -> None:
    assert files(tmp_path, spec) == 1
    assert reason in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["spec.json"]


def member(name: str, kind: bytes = tarfile.REGTYPE, **fields: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    for key, value in {"uid": 1000, "gid": 1000, "mtime": 5, **fields}.items():
        setattr(info, key, value)
    return info


def tar(directory: Path, members: list[tarfile.TarInfo], *arguments: str) -> int:
    with tarfile.open(directory / "t.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        for info in members:
            archive.addfile(info, io.BytesIO(b"x" * info.size))
    return tar_part.main(["--tar", f"{directory}/t.tar", *outputs(directory), *arguments])


def test_tar(tmp_path: Path) -> None:
    members = [
        member("./", tarfile.DIRTYPE, mode=0o700),
        member("./bin", tarfile.DIRTYPE, mode=0o755),
        member("./bin/python3", mode=0o755, size=3),
        member("./bin/python", tarfile.LNKTYPE, linkname="./bin/python3"),
        member("./bin/p", tarfile.SYMTYPE, linkname="python"),
    ]
    assert tar(tmp_path, members, "--prefix", "usr/local") == 0
    assert lines(tmp_path) == [
        "usr 0755 0:0",
        "usr/local 0700 0:0",
        "usr/local/bin 0755 0:0",
        "usr/local/bin/p 0777 0:0 python",
        "usr/local/bin/python 0755 0:0 usr/local/bin/python3",
        "usr/local/bin/python3 0755 0:0",
    ]
    assert content(tmp_path, "usr/local/bin/python3") == b"xxx"


def test_tar_owner(tmp_path: Path) -> None:
    assert tar(tmp_path, [member("a", mode=0o600)], "--owner", "50000:0") == 0
    assert lines(tmp_path) == ["a 0600 50000:0"]


def test_malformed_owner(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tar(tmp_path, [member("a")], "--owner", "root") == 1
    assert "owner 'root' is not of the form UID:GID" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ([member("dev/null", tarfile.CHRTYPE)], "'dev/null': is neither"),
        ([member("pipe", tarfile.FIFOTYPE)], "'pipe': is neither"),
        ([member("/etc/x")], "'/etc/x': a path must be relative"),
        ([member("a/../../x")], "a path must be relative"),
        ([member("a"), member("a")], "'a' is in this part already"),
        ([member("l", tarfile.SYMTYPE, linkname="/etc"), member("l/x")], "lies below 'l'"),
        ([member("h", tarfile.LNKTYPE, linkname="../../etc/shadow")], "hard link to '../../etc/shadow'"),
        ([member("a", pax_headers={"SCHILY.xattr.security.capability": "x"})], "extended attributes"),
    ],
)
def test_bad_tars(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], members: list[tarfile.TarInfo], reason: str
) -> None:
    assert tar(tmp_path, members) == 1
    assert reason in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["t.tar"]


def test_truncated_tar(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tar(tmp_path, [member("a", size=5000)]) == 0
    data = (tmp_path / "t.tar").read_bytes()
    (tmp_path / "t.tar").write_bytes(data[:2000])
    assert tar_part.main(["--tar", f"{tmp_path}/t.tar", *outputs(tmp_path)]) == 1
    assert "t.tar: unexpected end of data" in capsys.readouterr().err
