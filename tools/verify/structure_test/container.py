"""Running container-structure-test in an unpacked image, without a daemon and without privileges.

Its host driver tests the machine it runs on; here that is the image: read-only, as its user, with its environment and
working directory, without network. What the user owns there is a fresh writable copy, and so is /tmp, for each file of
tests.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.host.rootless import enter
from tools.host.rootless.spec import BIND, READ_ONLY_BIND, TMPFS, EmulationError, EnterError, Mount, Spec
from tools.verify.structure_test.account import Account, look_up
from tools.verify.structure_test.apply_layers import Tree
from tools.verify.structure_test.layer_stream import DIRECTORY
from tools.verify.structure_test.layout_reader import Image
from tools.verify.structure_test.result import FAILED, SKIPPED, ReportError, Result, read_junit

_INSIDE = "/tmp/.structure-test"  # where our own files are mounted in the image
_PROGRAM = "container-structure-test"
_REPORT = "report.xml"
_SUITE = "container-structure-test"


@dataclass(frozen=True)
class Isolation:
    """How images are entered.

    Attributes:
        method: of tools.host.rootless: "namespace", "proot" or "auto".
        proot: the proot program or the directory it is unpacked in; "" for the machine's own.
        qemu: a static qemu-aarch64, for images of arm64; "" for none.
    """

    method: str = "auto"
    proot: str = ""
    qemu: str = ""


class Container:
    """An unpacked image that commands can be run in.

    Args:
        image: the image.
        tree: where it is unpacked.
        scratch: an empty directory for the writable copies.
        isolation: how to enter it.

    Raises:
        AccountError: the image's user is not in its /etc/passwd.
    """

    def __init__(self, image: Image, tree: Tree, scratch: Path, isolation: Isolation) -> None:
        self._image = image
        self._tree = tree
        self._scratch = scratch
        self._isolation = isolation
        self.account: Account = look_up(tree.root, image.config.get("config", {}).get("User", ""))

    def run(self, command: Sequence[str], mounts: Sequence[Mount] = ()) -> int:
        """Run a command in the image; return its exit status, or 128 + the number of the signal that ended it.

        Raises:
            EnterError: the image cannot be entered; EmulationError if only because of its architecture.
        """
        environment = {"HOME": self.account.home, **self._image.environment}
        foreign = self._image.config.get("architecture") == "arm64"
        return enter.run(
            Spec(
                root=str(self._tree.root),
                command=tuple(command),
                mounts=(Mount(TMPFS, "/tmp"), *self._writable(), *mounts),
                env=environment,
                uid=self.account.uid,
                gid=self.account.gid,
                chdir=self._image.working_directory,
                network="none",
                read_only=True,
                binfmt_aarch64=self._isolation.qemu if foreign else "",
                method=self._isolation.method,
                proot=self._isolation.proot,
            )
        )

    def _writable(self) -> list[Mount]:
        """Fresh copies of the directories that belong to the image's user."""
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir()
        if self.account.uid == 0:
            return []
        mounts: list[Mount] = []
        for path, node in sorted(self._tree.nodes.items()):
            if node.type != DIRECTORY or node.uid != self.account.uid:
                continue
            if mounts and path.startswith(mounts[-1].target[1:] + "/"):
                continue
            copy = self._scratch / str(len(mounts))
            shutil.copytree(self._tree.root / path, copy, symlinks=True)
            mounts.append(Mount(BIND, "/" + path, str(copy)))
        return mounts


def structure_tests(
    container: Container, image: Image, program: Path, files: Sequence[Path], scratch: Path
) -> list[Result]:
    """Run container-structure-test for each file of tests.

    Args:
        container: the image's.
        image: the image.
        program: the container-structure-test binary; static, as it runs in the image.
        files: YAML files, schema 2.0.0.
        scratch: an empty directory.

    Returns:
        All results. Where this machine cannot run the image at all, one skipped result for each file, with the reason.
    """
    tools, report = scratch / "tools", scratch / "report"
    tools.mkdir()
    report.mkdir()
    shutil.copyfile(program, tools / _PROGRAM)
    (tools / _PROGRAM).chmod(0o755)
    shutil.copyfile(image.config_file, tools / "config.json")
    results: list[Result] = []
    for file in files:
        shutil.copyfile(file, tools / file.name)
        (report / _REPORT).unlink(missing_ok=True)
        command = [f"{_INSIDE}/tools/{_PROGRAM}", "test", "--driver", "host", "--force", "--no-color"]
        command += ["--metadata", f"{_INSIDE}/tools/config.json", "--config", f"{_INSIDE}/tools/{file.name}"]
        command += ["--output", "junit", "--test-report", f"{_INSIDE}/report/{_REPORT}"]
        mounts = [
            Mount(READ_ONLY_BIND, f"{_INSIDE}/tools", str(tools)),
            Mount(BIND, f"{_INSIDE}/report", str(report)),
        ]
        try:
            with _output_to(scratch / "output"):
                status = container.run(command, mounts)
            results += _judge(file, status, report / _REPORT, scratch / "output")
        except EmulationError as error:
            results.append(Result(file.name, _SUITE, SKIPPED, str(error)))
        except EnterError as error:
            results.append(Result(file.name, _SUITE, FAILED, str(error)))
    return results


@contextlib.contextmanager
def _output_to(file: Path) -> Iterator[None]:
    """Send the output of child processes to a file: the program asks questions and answers them itself."""
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    with file.open("wb") as log:
        try:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            yield
        finally:
            for number, copy in enumerate(saved, 1):
                os.dup2(copy, number)
                os.close(copy)


def _judge(file: Path, status: int, report: Path, output: Path) -> list[Result]:
    """Read the results in a report; add a failure if they do not explain the exit status."""
    said = output.read_text("utf-8", "replace")
    try:
        results = read_junit(report, file.name)
    except ReportError as error:
        return [Result(file.name, _SUITE, FAILED, f"exit status {status} and no report ({error}); it said:\n{said}")]
    failed = any(result.outcome == FAILED for result in results)
    if not results or (status != 0) != failed:
        message = f"exit status {status} with {len(results)} results; it said:\n{said}"
        results.append(Result(file.name, _SUITE, FAILED, message))
    return results
