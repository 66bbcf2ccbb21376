"""OCI layouts and docker archives: documents, blobs, links."""

from __future__ import annotations

import errno
import json
import os
import tarfile
from pathlib import Path

import pytest

from tools.oci import canonical, docker_archive, layout
from tools.oci.layout import Image, LayoutError
from tools.oci.samples import member_content


def make(directory: Path, architecture: str, layers: list[bytes]) -> list[str]:
    """Write the files of an image and return their `--image` and `--layer` arguments."""
    config = canonical.encode({"architecture": architecture, "os": "linux", "rootfs": {}})
    manifest = canonical.encode(
        {
            "config": canonical.descriptor(canonical.CONFIG, config),
            "layers": [canonical.descriptor(canonical.LAYER, blob) for blob in layers],
        }
    )
    files = directory / f"{architecture}.manifest", directory / f"{architecture}.config"
    for file, data in zip(files, (manifest, config)):
        file.write_bytes(data)
    arguments = ["--image", *map(str, files)]
    for blob in layers:
        name = directory / "layers" / blob.decode()
        name.parent.mkdir(exist_ok=True)
        name.write_bytes(blob)
        metadata = name.with_suffix(".json")
        metadata.write_bytes(canonical.encode({"digest": canonical.digest(blob)}))
        arguments += ["--layer", str(metadata), str(name)]
    return arguments


def blob(root: Path, digest: str) -> bytes:
    """Return a blob of a layout, checked against its name."""
    data = (root / "blobs" / digest.replace(":", "/")).read_bytes()
    assert canonical.digest(data) == digest
    return data


def test_one_image(tmp_path: Path) -> None:
    root = tmp_path / "image"
    assert layout.main([*make(tmp_path, "amd64", [b"one", b"two"]), "--output", str(root)]) == 0
    assert (root / "oci-layout").read_bytes() == b'{"imageLayoutVersion":"1.0.0"}'
    index = json.loads((root / "index.json").read_bytes())
    assert [entry["platform"] for entry in index["manifests"]] == [{"architecture": "amd64", "os": "linux"}]
    manifest = json.loads(blob(root, index["manifests"][0]["digest"]))
    assert [blob(root, entry["digest"]) for entry in manifest["layers"]] == [b"one", b"two"]
    assert len(list((root / "blobs/sha256").iterdir())) == 4


def test_a_layer_that_the_reader_has(tmp_path: Path) -> None:
    config = canonical.encode({"architecture": "amd64", "os": "linux"})
    digest = canonical.digest(b"one")
    manifest = {"config": canonical.descriptor(canonical.CONFIG, config), "layers": [{"digest": digest}]}
    image = layout.Image(canonical.encode(manifest), config)
    layout.write(tmp_path / "image", [image], {}, elsewhere=[digest])
    assert len(list((tmp_path / "image/blobs/sha256").iterdir())) == 2
    with pytest.raises(layout.LayoutError, match=f"the layer {digest} is in a manifest"):
        layout.write(tmp_path / "other", [image], {})


def test_blobs_are_regular_files_and_layers_take_no_space(tmp_path: Path) -> None:
    root = tmp_path / "deep" / "image"
    assert layout.main([*make(tmp_path, "amd64", [b"one"]), "--output", str(root)]) == 0
    for path in (root / "blobs/sha256").iterdir():
        assert path.is_file() and not path.is_symlink()
        blob(root, f"sha256:{path.name}")
    assert (root / "blobs" / canonical.digest(b"one").replace(":", "/")).samefile(tmp_path / "layers/one")


def test_layer_that_is_a_link_in_the_sandbox(tmp_path: Path) -> None:
    arguments = make(tmp_path, "amd64", [b"one"])
    (tmp_path / "layers/one").rename(tmp_path / "elsewhere")
    (tmp_path / "layers/one").symlink_to(tmp_path / "elsewhere")
    assert layout.main([*arguments, "--output", str(tmp_path / "image")]) == 0
    path = tmp_path / "image/blobs" / canonical.digest(b"one").replace(":", "/")
    assert not path.is_symlink() and path.read_bytes() == b"one"


def test_layers_are_copied_where_there_are_no_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: object, target: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    assert layout.main([*make(tmp_path, "amd64", [b"one"]), "--output", str(tmp_path / "image")]) == 0
    path = tmp_path / "image/blobs" / canonical.digest(b"one").replace(":", "/")
    assert path.read_bytes() == b"one" and path.stat().st_nlink == 1


def test_index(tmp_path: Path) -> None:
    root, document, digest = tmp_path / "index", tmp_path / "index.json", tmp_path / "digest"
    arguments = make(tmp_path, "amd64", [b"both", b"one"]) + make(tmp_path, "arm64", [b"both", b"two"])
    outputs = ["--output", str(root), "--index", str(document), "--digest", str(digest)]
    assert layout.main([*arguments, *outputs, "--annotation", "a", "b"]) == 0
    (entry,) = json.loads((root / "index.json").read_bytes())["manifests"]
    assert (entry["mediaType"], entry["digest"] + "\n") == (canonical.INDEX, digest.read_text())
    assert blob(root, entry["digest"]) == document.read_bytes()
    index = json.loads(document.read_bytes())
    assert index["annotations"] == {"a": "b"}
    assert [image["platform"]["architecture"] for image in index["manifests"]] == ["amd64", "arm64"]
    for image in index["manifests"]:
        for part in json.loads(blob(root, image["digest"]))["layers"]:
            blob(root, part["digest"])
    assert len(list((root / "blobs/sha256").iterdir())) == 1 + 2 * 2 + 3


def test_same_platform_twice(tmp_path: Path) -> None:
    images = [Image(b"{}", b'{"architecture":"amd64","os":"linux"}')] * 2
    with pytest.raises(LayoutError, match='platform {"architecture":"amd64","os":"linux"}'):
        layout.index_document(images)


def failing(tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> str:
    assert layout.main([*arguments, "--output", str(tmp_path / "out")]) == 1
    assert not (tmp_path / "out").exists()
    return capsys.readouterr().err


def test_a_layer_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = make(tmp_path, "amd64", [b"one"])[:3]
    assert f"the layer {canonical.digest(b'one')} is in a manifest" in failing(tmp_path, capsys, arguments)


def test_config_and_manifest_do_not_belong_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = make(tmp_path, "amd64", [b"one"])
    (tmp_path / "amd64.config").write_bytes(b"{}")
    assert "amd64.config is not the config that" in failing(tmp_path, capsys, arguments)


def test_two_images_need_an_index(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = make(tmp_path, "amd64", [b"one"]) + make(tmp_path, "arm64", [b"one"])
    assert "no --index" in failing(tmp_path, capsys, arguments)


def test_docker_archive(tmp_path: Path) -> None:
    arguments = make(tmp_path, "amd64", [b"one", b"two", b"one"])
    assert docker_archive.main([*arguments, "--tag", "x:1", "--output", str(tmp_path / "x.tar")]) == 0
    with tarfile.open(tmp_path / "x.tar") as archive:
        files = {member.name: member_content(archive, member) for member in archive if member.isfile()}
        assert {(member.uid, member.gid, member.mtime) for member in archive} == {(0, 0, 1704067200)}
    (manifest,) = json.loads(files["manifest.json"])
    assert manifest["RepoTags"] == ["x:1"]
    assert files[manifest["Config"]] == (tmp_path / "amd64.config").read_bytes()
    assert [files[layer] for layer in manifest["Layers"]] == [b"one", b"two", b"one"]
    assert "index.json" not in files


def test_docker_archive_without_a_layer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = make(tmp_path, "amd64", [b"one"])[:3]
    assert docker_archive.main([*arguments, "--output", str(tmp_path / "x.tar")]) == 1
    assert "was not given" in capsys.readouterr().err
    assert not (tmp_path / "x.tar").exists()
