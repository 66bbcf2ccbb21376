"""Parts whose bytes or listings were damaged, layers' documents, layouts: no wrong layer and no wrong image comes of them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import tarfile
from pathlib import Path

import pytest

from tests.attacks.harness import RefusedError, Room, Score, WrongError, program, room  # noqa: F401 (a fixture)
from tests.attacks.mutate import damaged, damaged_json
from tools.oci import canonical, files_part, image, layer, layout, mtree
from tools.oci.part import PartWriter

CASES = 700


def _make_part(directory: Path) -> tuple[Path, Path]:
    deflate, listing = directory / "good.deflate", directory / "good.mtree"
    with PartWriter(deflate, listing) as part:
        part.directory("var/tmp", 0o1777)
        part.file("etc/motd", b"hello\n" * 50)
        part.file("usr/" + "long/" * 30 + "name", bytes(range(256)) * 40, 0o755, 5, 6)
        part.symlink("bin", "usr/bin")
        part.hardlink("etc/issue", "etc/motd")
        part.file("empty", b"")
    return deflate, listing


def _check_layer(blob: Path, metadata: Path, listing: Path) -> None:
    """gzip and tarfile find what metadata and listing say, whatever the part was."""
    data, facts = blob.read_bytes(), json.loads(metadata.read_bytes())
    content = gzip.decompress(data)
    sums = [(facts["digest"], data), (facts["diff_id"], content)]
    if any(digest != "sha256:" + hashlib.sha256(value).hexdigest() for digest, value in sums):
        raise WrongError("digests of the metadata are wrong")
    entries = {entry.path: entry for entry in mtree.parse(listing.read_text())}
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        infos = tar.getmembers()
        names = [info.name for info in infos]
        if sorted(names) != sorted(entries):
            raise WrongError("other names than in the listing")
        for info in infos:
            entry = entries[info.name]
            if (info.mode, info.uid, info.gid, info.mtime) != (entry.mode, entry.uid, entry.gid, entry.mtime):
                raise WrongError(f"{info.name}: other attributes than in the listing")
            stream = tar.extractfile(info) if info.isreg() else None
            if stream and hashlib.sha256(stream.read()).hexdigest() != entry.sha256:
                raise WrongError(f"{info.name}: other content than in the listing")


def test_part_to_layer(room: Room, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    score = Score("part to layer", room)
    good_deflate, good_listing = (path.read_bytes() for path in _make_part(room.input))

    def attack(seed: int) -> None:
        rng = random.Random(seed)
        deflate, listing = room.input / "p.deflate", room.input / "p.mtree"
        which = rng.randrange(10)
        deflate.write_bytes(damaged(rng, good_deflate) if which < 5 else good_deflate)
        listing.write_bytes(
            damaged(rng, good_listing, (b"time=", b"size=", b"mode=", b"\n./")) if 3 < which < 9 else good_listing
        )
        into = room.clear()
        blob, metadata, whole = into / "l.tar.gz", into / "l.json", into / "l.mtree"
        arguments = ["--part", "wheel:attack=1", str(deflate), str(listing), "--blob", str(blob)]
        arguments += ["--metadata", str(metadata), "--mtree", str(whole)]
        score.case(
            seed,
            "wheel:attack=1",
            lambda: program(layer.main, arguments, room),
            (RefusedError,),
            lambda _: _check_layer(blob, metadata, whole),
        )
        assert blob.exists() or not list(into.iterdir()), f"{seed}: something half-made stays"

    for seed in range(CASES):
        attack(seed)
    score.finish(capsys)


def test_image_documents(room: Room, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    """The spec of an image, and the metadata of its layers."""
    score = Score("documents to image", room)
    good = {
        "architecture": "amd64",
        "env": {"A": "1"},
        "entrypoint": ["/x"],
        "exposed_ports": ["80"],
        "onbuild": ["RUN x"],
    }
    good.update(healthcheck=["CMD", "x"], healthcheck_options={"interval": "3s"}, labels={"a": "b"}, volumes=["/v"])
    facts: dict[str, object] = {
        "mediaType": canonical.LAYER,
        "digest": "sha256:" + 64 * "a",
        "diff_id": "sha256:" + 64 * "b",
    }
    facts.update(size=1, uncompressed_size=2)
    spec, metadata, listing = (room.input / name for name in ("s.json", "l.json", "l.mtree"))
    listing.write_text(mtree.dump([mtree.Entry("a", mtree.FILE, 0o644, sha256=64 * "0")]))

    def attack(seed: int) -> None:
        rng = random.Random(seed)
        which = rng.randrange(10)
        spec.write_bytes(damaged_json(rng, good) if which < 6 else json.dumps(good).encode())
        metadata.write_bytes(damaged_json(rng, facts) if 5 < which < 9 else json.dumps(facts).encode())
        into = room.clear()
        arguments = ["--spec", str(spec), "--layer", "the layer", str(metadata), str(listing)]
        arguments += [
            word for name in ("config", "manifest", "mtree", "digest") for word in (f"--{name}", str(into / name))
        ]

        def check(_: None) -> None:
            config, manifest = (json.loads((into / name).read_bytes()) for name in ("config", "manifest"))
            if manifest["config"]["digest"] != canonical.digest((into / "config").read_bytes()):
                raise WrongError("the manifest names another config")
            said = manifest["layers"][0]["digest"], manifest["layers"][0]["size"], config["rootfs"]["diff_ids"]
            given = json.loads(metadata.read_bytes())
            if said != (given["digest"], given["size"], [given["diff_id"]]):
                raise WrongError("the documents have other layers than were given")
            if not isinstance(said[1], int) or not str(said[0]).startswith("sha256:"):
                raise WrongError(f"the documents name a layer that cannot be: {said}")

        score.case(seed, "image: ", lambda: program(image.main, arguments, room), (RefusedError,), check)
        assert not list(into.iterdir()) or len(list(into.iterdir())) == 4, f"{seed}: something half-made stays"

    for seed in range(CASES):
        attack(seed)
    score.finish(capsys)


def test_files_part(room: Room, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    score = Score("spec to part", room)
    source = room.input / "source"
    source.write_text("hello\n")
    good = {
        "attributes": {"a/b": "0755 1:2", "d/**": "0600 0:0"},
        "content": {"d/e": "text\n"},
        "directories": {"tmp": "01777 0:0"},
        "files": [["a/b", str(source)]],
        "symlinks": {"l": "a/b"},
    }

    def attack(seed: int) -> None:
        rng = random.Random(seed)
        spec = room.input / "s.json"
        spec.write_bytes(damaged_json(rng, good) if rng.randrange(10) else json.dumps(good).encode())
        into = room.clear()
        arguments = ["--spec", str(spec), "--deflate", str(into / "p.deflate"), "--mtree", str(into / "p.mtree")]
        score.case(
            seed,
            "files_part: ",
            lambda: program(files_part.main, arguments, room),
            (RefusedError,),
            lambda _: mtree.parse((into / "p.mtree").read_text()),
        )
        assert len(list(into.iterdir())) in (0, 2), f"{seed}: something half-made stays"

    for seed in range(CASES):
        attack(seed)
    score.finish(capsys)


def test_layout(room: Room, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    score = Score("documents to layout", room)
    config = canonical.encode({"architecture": "amd64", "os": "linux", "rootfs": {"diff_ids": ["sha256:" + 64 * "b"]}})
    digest = canonical.digest(b"x")
    good = {"config": canonical.descriptor(canonical.CONFIG, config), "layers": [{"digest": digest, "size": 1}]}

    def attack(seed: int) -> None:
        rng = random.Random(seed)
        which = rng.randrange(10)
        files = {name: room.input / name for name in ("manifest", "config", "metadata", "blob")}
        files["manifest"].write_bytes(damaged_json(rng, good) if which < 5 else canonical.encode(good))
        files["config"].write_bytes(damaged(rng, config) if which == 5 else config)
        facts = {"digest": digest}
        files["metadata"].write_bytes(damaged_json(rng, facts) if which in (6, 7) else json.dumps(facts).encode())
        files["blob"].write_bytes(b"x")
        into = room.clear()
        arguments = ["--image", str(files["manifest"]), str(files["config"]), "--output", str(into / "layout")]
        arguments += ["--layer", str(files["metadata"]), str(files["blob"])]

        def check(_: None) -> None:
            blobs = into / "layout" / "blobs" / "sha256"
            for path in blobs.iterdir():
                if hashlib.sha256(path.read_bytes()).hexdigest() != path.name:
                    raise WrongError(f"{path.name} is another blob")
            for described in json.loads(files["manifest"].read_bytes())["layers"]:
                if not (blobs / described["digest"][7:]).exists():
                    raise WrongError("a layer is missing")

        score.case(seed, "layout: ", lambda: program(layout.main, arguments, room), (RefusedError,), check)
        made = list(into.iterdir())
        assert (into / "layout" / "index.json").exists() or not made, f"{seed}: something half-made stays"

    for seed in range(CASES):
        attack(seed)
    score.finish(capsys)
