"""Where bases come from: registries that have them, and the workspace that builds them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.lib import decode
from tools.oci.layout import Image
from tools.project.bases import Base, check
from tools.project.errors import ProjectError
from tools.ship.skopeo import Skopeo, SkopeoError, host_environment

MODULE = "airflow_runtime_images"


@dataclass(frozen=True)
class Repository:
    """A repository of a registry.

    Attributes:
        name: REGISTRY/REPOSITORY.
        client: for that registry.
    """

    name: str
    client: Skopeo

    def documents(self, base: Base) -> Image | None:
        """Return what the registry has under the digest; None also where it can't be asked."""
        reference = f"{self.name}@{base.digest}"
        try:
            return Image(self.client.manifest(reference), self.client.config(reference))
        except SkopeoError:
            return None


def read_layout(layout: Path) -> Image:
    """Return the documents of an OCI layout of one image.

    Raises:
        OSError, ValueError: it is something else.
    """

    def blob(digest: str) -> bytes:
        return (layout / "blobs" / digest.replace(":", "/")).read_bytes()

    manifest = blob(decode.at(decode.value((layout / "index.json").read_bytes()), "manifests", 0, "digest"))
    return Image(manifest, blob(decode.at(decode.value(manifest), "config", "digest")))


@dataclass(frozen=True)
class Layouts:
    """A directory of layouts that are there already, each under the name of its base's target."""

    directory: Path

    def documents(self, base: Base) -> Image | None:
        """Return the documents in the base's layout."""
        return read_layout(self.directory / base.target)

    def layouts(self, bases: Sequence[Base]) -> list[Path]:
        """Return the layouts."""
        return [self.directory / base.target for base in bases]


@dataclass(frozen=True)
class Workspace:
    """The Bazel workspace in which the program was started.

    Attributes:
        directory: its root.
        environment: of the process.
    """

    directory: Path
    environment: Mapping[str, str]

    def documents(self, base: Base) -> Image | None:
        """Build the base's layers, where no cache has them, and return its documents."""
        config, manifest = self.build([self._label(base)], ["oci_image_config", "manifest"])
        return Image(manifest.read_bytes(), config.read_bytes())

    def layouts(self, bases: Sequence[Base]) -> list[Path]:
        """Build bases, and return their OCI layouts.

        Raises:
            ProjectError: one can't be built, or is not the accepted one.
        """
        found = self.build([self._label(base) for base in bases], ["oci_layout"])
        for base, layout in zip(bases, found):
            check(read_layout(layout), base)
        return found

    def build(self, labels: Sequence[str], groups: list[str]) -> list[Path]:
        """Build targets, and return the only file of each output group of each.

        Raises:
            ProjectError: one can't be built.
        """
        print(f"project: building {' '.join(labels)}", file=sys.stderr)
        self._bazel("build", "--show_result=0", f"--output_groups={','.join(groups)}", *labels)
        root = Path(self._bazel("info", "execution_root").strip())
        files = f"[file.path for group in {groups} for file in providers(target)['OutputGroupInfo'][group].to_list()]"
        query = ("cquery", "--output=starlark", f"--starlark:expr=' '.join({files})")
        return [root / path for label in labels for path in self._bazel(*query, label).split()]

    def _label(self, base: Base) -> str:
        return f"{self._repository()}//runtime:{base.target}"

    def _repository(self) -> str:
        module = self.directory / "MODULE.bazel"
        text = module.read_text("utf-8") if module.is_file() else ""
        own = re.search(rf'^module\([^)]*\bname\s*=\s*"{MODULE}"', text, re.MULTILINE)
        return "" if own else f"@{MODULE}"

    def _bazel(self, command: str, *arguments: str) -> str:
        launcher = self.directory / "tools/bazel"
        program = str(launcher) if launcher.is_file() else "bazel"
        result = subprocess.run(
            [program, command, *arguments],
            cwd=self.directory,
            env=host_environment(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if command == "build" else subprocess.PIPE,
            check=False,
        )
        if result.returncode:
            said = (result.stderr or b"see its message above").decode(errors="replace").strip()
            raise ProjectError(f"{program} {command} {arguments[-1]}: {said}")
        return result.stdout.decode()
