"""How podman and docker take an image, and what moves when they do.

podman reads the OCI layout itself: it looks layers up by digest in its storage, and only those that it lacks are read.

docker takes archives only. Its own (overlay2) storage looks layers up by chain (a layer and all below it) before it opens
them in the archive, so those that it has are left empty there: only missing layers move, but a layer is missing as soon as one
below it is. With containerd's image store it looks at the archive alone: everything moves.
"""

from __future__ import annotations

import abc
import contextlib
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from tools.oci import docker_archive
from tools.oci.layout import Image
from tools.ship.skopeo import host_environment

# What a layout is called while podman reads it.
_LAYOUT = "image-being-loaded"


class LoadError(RuntimeError):
    """The engine can't be asked, or does not take the image."""


def blob(layout: Path, digest: str) -> Path:
    """Return the file of a blob."""
    return layout / "blobs" / digest.replace(":", "/")


def descriptor(layout: Path) -> dict[str, Any]:
    """Return the only entry of a layout's index.json."""
    (found,) = json.loads((layout / "index.json").read_bytes())["manifests"]
    return dict(found)


@dataclass(frozen=True)
class Engine(abc.ABC):
    """An engine.

    Attributes:
        program: its client.
        environment: of that client.
        machine: the architecture of this machine.
    """

    program: str
    environment: Mapping[str, str]
    machine: str
    name = ""

    @abc.abstractmethod
    def architecture(self) -> str:
        """Return the architecture that it runs, in Go's words.

        Raises:
            LoadError: the engine doesn't answer.
        """

    @abc.abstractmethod
    def load(self, layout: Path, name: str) -> None:
        """Load an image.

        Args:
            layout: an OCI layout of one image.
            name: what it is called then, NAME:TAG.

        Raises:
            LoadError: it can't be loaded.
        """

    def run(self, *arguments: str, directory: str | None = None) -> str:
        """Return what the client prints on standard output; LoadError says what it prints on the other when it fails."""
        command = [self.program, *arguments]
        environment = host_environment(self.environment)
        result = subprocess.run(
            command, env=environment, cwd=directory, capture_output=True, check=False, stdin=subprocess.DEVNULL
        )
        if result.returncode:
            raise LoadError(f"{self.name} {arguments[0]}: {result.stderr.decode(errors='replace').strip()}")
        return result.stdout.decode()


class Podman(Engine):
    """podman on this machine: a remote one does not see our files."""

    name = "podman"

    def architecture(self) -> str:
        """Return this machine's architecture."""
        return self.machine

    def load(self, layout: Path, name: str) -> None:
        """Load the layout itself."""
        entry = descriptor(layout)
        with tempfile.TemporaryDirectory(prefix="load-") as directory:
            # Up to version 3 podman makes a name of the layout's path, which must be one then.
            Path(directory, _LAYOUT).symlink_to(layout.resolve())
            identifier = self._pull(directory)
        self.run("tag", identifier, name)
        (image,) = json.loads(self.run("image", "inspect", identifier))
        for other in image["RepoTags"]:
            if other == f"localhost/{_LAYOUT}:latest":
                self.run("untag", identifier, other)
        if image["Digest"] != entry["digest"]:
            raise LoadError(f"podman has {name} as {image['Digest']}, the image is {entry['digest']}")

    def _pull(self, directory: str) -> str:
        """Copy the image, and return its identifier.

        Of a podman that was killed, version 3 keeps a half-made layer. It counts as present in the next pull, and is removed
        after that: the pull fails, or makes an image that lacks the layer. The pull after it is sound.
        """
        for last in (False, False, True):
            try:
                identifier = self.run("pull", "--quiet", f"oci:{_LAYOUT}", directory=directory).split()[-1]
            except LoadError as error:
                if last or "layer" not in str(error):
                    raise
                continue
            if self._is_whole(identifier):
                return identifier
            with contextlib.suppress(LoadError):
                self.run("untag", identifier)
            with contextlib.suppress(LoadError):
                self.run("rmi", identifier)
        raise LoadError(f"podman's image {identifier} lacks layers: remove it by podman rmi --force, and load again")

    def _is_whole(self, identifier: str) -> bool:
        """Return whether the storage has all layers of an image."""
        try:
            # By the first question podman 3 removes half-made layers, by the second it misses them.
            self.run("image", "inspect", identifier)
            self.run("history", "--quiet", identifier)
        except LoadError:
            return False
        return True


class Docker(Engine):
    """docker, here or where DOCKER_HOST says."""

    name = "docker"

    def architecture(self) -> str:
        """Ask the engine."""
        return self.run("version", "--format", "{{.Server.Arch}}").strip()

    def load(self, layout: Path, name: str) -> None:
        """Load an archive of the layers that the storage lacks."""
        manifest = blob(layout, descriptor(layout)["digest"]).read_bytes()
        image = Image(manifest=manifest, config=blob(layout, json.loads(manifest)["config"]["digest"]).read_bytes())
        known = self._known_layers(json.loads(image.config)["rootfs"]["diff_ids"])
        layers = {
            digest: Path(os.devnull) if number < known else blob(layout, digest)
            for number, digest in enumerate(image.layers())
        }
        self._send(image, layers, name)
        found = self.run("image", "inspect", "--format", "{{.Id}}", name).strip()
        wanted = json.loads(manifest)["config"]["digest"]
        # containerd's store names images by their manifests, and writes its own.
        if found != wanted and not self._kept_by_containerd():
            raise LoadError(f"docker has {name} as {found}, the image is {wanted}")

    def _known_layers(self, diff_ids: Sequence[str]) -> int:
        """Return how many of an image's lowest layers the storage has, as a chain."""
        if self._kept_by_containerd():
            return 0
        images = self.run("image", "ls", "--all", "--quiet", "--no-trunc").split()
        if not images:
            return 0
        known = 0
        for line in self.run("image", "inspect", "--format", "{{json .RootFS.Layers}}", *images).splitlines():
            chain = json.loads(line) or []
            common = 0
            while common < min(len(chain), len(diff_ids)) and chain[common] == diff_ids[common]:
                common += 1
            known = max(known, common)
        return known

    def _kept_by_containerd(self) -> bool:
        """Return whether this docker has containerd's image store."""
        return "io.containerd.snapshotter" in self.run("info", "--format", "{{json .DriverStatus}}")

    def _send(self, image: Image, layers: Mapping[str, Path], name: str) -> None:
        process = subprocess.Popen(
            [self.program, "load", "--quiet"],
            env=host_environment(self.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        assert process.stdin and process.stderr
        try:
            docker_archive.write(cast("BinaryIO", process.stdin), image, layers, [name])
            process.stdin.close()
        except BrokenPipeError:
            pass  # it says why on standard error
        except BaseException:
            process.kill()
            raise
        error = process.stderr.read().decode(errors="replace").strip()
        if process.wait():
            raise LoadError(f"docker load: {error}")
