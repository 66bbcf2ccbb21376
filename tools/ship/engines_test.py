"""What docker is sent: a stand-in for its client keeps it. podman is tested with the real one, by tests/load_test.py.

The layers that docker needs not be sent were tried with docker 20.10 by hand (README).
"""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from tools.oci import canonical
from tools.oci.samples import member_content
from tools.ship import load
from tools.ship.engines import Docker, LoadError

DOCKER = """\
#!/bin/sh
here=$(dirname "$0")
case "$*" in
"version "*) echo amd64 ;;
"info "*) cat "$here/store" ;;
"image ls "*) cat "$here/images" ;;
"image inspect --format {{.Id}} "*) cat "$here/id" ;;
"image inspect "*) cat "$here/chains" ;;
"load "*) cat >"$here/loaded"; [ ! -e "$here/full" ] || { echo "no space left on device" >&2; exit 1; } ;;
*) exit 99 ;;
esac
"""


class Standin:
    """A docker client, and a layout of an image with three layers."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        program = directory / "docker"
        program.write_text(DOCKER)
        program.chmod(0o755)
        self.engine = Docker(str(program), {"PATH": f"{directory}:/usr/bin:/bin"}, "amd64")
        self.diff_ids = [f"sha256:{n:064}" for n in range(3)]
        self.layout = directory / "layout"
        (self.layout / "blobs/sha256").mkdir(parents=True)
        config = self._blob(canonical.encode({"architecture": "amd64", "rootfs": {"diff_ids": self.diff_ids}}))
        self.layers = [self._blob(b"layer %d" % n)["digest"] for n in range(3)]
        document = {"config": config, "layers": [{"digest": digest} for digest in self.layers]}
        manifest = self._blob(canonical.encode(document))
        (self.layout / "index.json").write_text(json.dumps({"manifests": [manifest]}))
        self.says(store="[]", images="", chains="", id=config["digest"])

    def _blob(self, data: bytes) -> dict[str, str]:
        digest = canonical.digest(data)
        (self.layout / "blobs" / digest.replace(":", "/")).write_bytes(data)
        return {"digest": digest}

    def says(self, **answers: str) -> None:
        for name, answer in answers.items():
            (self.directory / name).write_text(answer + "\n")

    def sent(self) -> dict[str, bytes]:
        """Content of each layer in the archive, by digest."""
        with tarfile.open(fileobj=io.BytesIO((self.directory / "loaded").read_bytes())) as archive:
            (manifest,) = json.loads(member_content(archive, "manifest.json"))
            assert manifest["RepoTags"] == ["small:1"]
            found = {path: member_content(archive, path) for path in manifest["Layers"]}
        return {"sha256:" + path.rpartition("/")[2]: data for path, data in found.items()}


@pytest.fixture
def docker(tmp_path: Path) -> Standin:
    return Standin(tmp_path)


def test_everything_is_sent_to_an_empty_docker(docker: Standin) -> None:
    docker.engine.load(docker.layout, "small:1")
    assert list(docker.sent().values()) == [b"layer 0", b"layer 1", b"layer 2"]


def test_known_lowest_layers_are_not_sent(docker: Standin) -> None:
    chains = [docker.diff_ids[:1] + ["sha256:x"], docker.diff_ids[:2] + ["sha256:x"], docker.diff_ids[1:], None]
    docker.says(images="a\nb\nc\nd", chains="\n".join(map(json.dumps, chains)))
    docker.engine.load(docker.layout, "small:1")
    assert list(docker.sent().values()) == [b"", b"", b"layer 2"]


def test_containerd_needs_everything(docker: Standin) -> None:
    docker.says(
        store='[["driver-type","io.containerd.snapshotter.v1"]]',
        images="a",
        chains=json.dumps(docker.diff_ids),
        id="other",
    )
    docker.engine.load(docker.layout, "small:1")
    assert list(docker.sent().values()) == [b"layer 0", b"layer 1", b"layer 2"]


def test_docker_that_refuses(docker: Standin) -> None:
    docker.says(full="")
    with pytest.raises(LoadError, match="docker load: no space left on device"):
        docker.engine.load(docker.layout, "small:1")


def test_docker_that_has_another_image_afterwards(docker: Standin) -> None:
    docker.says(id="sha256:other")
    with pytest.raises(LoadError, match="docker has small:1 as sha256:other"):
        docker.engine.load(docker.layout, "small:1")


def test_daemon_that_does_not_answer(docker: Standin) -> None:
    (docker.directory / "docker").write_text("#!/bin/sh\necho Cannot connect to the Docker daemon >&2\nexit 1\n")
    with pytest.raises(LoadError, match="docker version: Cannot connect"):
        load.choose_image({"amd64": docker.layout}, docker.engine)
