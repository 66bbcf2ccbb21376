"""Runs arm64 programs of Debian in an arm64 root by both methods.

ROOTLESS_TOOLS: as in enter_test.py. ROOTLESS_ARM64_DEBS: the .debs of arm64's libc6 and coreutils, separated by spaces.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tools.formats import deb_archive
from tools.host.rootless import binfmt, enter
from tools.host.rootless.spec import EmulationError, Spec
from tools.host.rootless.tools_dir import QEMU

TOOLS = Path(os.environ["ROOTLESS_TOOLS"]).resolve()
DEBS = [Path(name) for name in os.environ["ROOTLESS_ARM64_DEBS"].split()]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """libc6 and coreutils of arm64."""
    place = tmp_path_factory.mktemp("arm64")
    for deb in DEBS:
        for entry in deb_archive.read(deb.read_bytes(), deb.name).entries:
            target = place / entry.path
            if entry.type == deb_archive.FILE and entry.path.startswith(("lib/", "bin/", "usr/bin/")):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(entry.data)
                target.chmod(0o755)
            elif entry.type == deb_archive.SYMLINK:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(entry.target)
    return place


@pytest.mark.parametrize("method", ["namespace", "proot"])
@pytest.mark.parametrize("uid", [0, 50000])
def test_arm64_programs_and_their_children(
    capfd: pytest.CaptureFixture[str], root: Path, method: str, uid: int
) -> None:
    spec = Spec(
        root=str(root),
        # env starts uname: so a child of an arm64 program is run too.
        command=("/usr/bin/env", "-i", "/bin/uname", "-m"),
        uid=uid,
        method=method,
        proot=str(TOOLS),
        binfmt_aarch64=str(TOOLS / QEMU),
    )
    try:
        status = enter.run(spec)
    except EmulationError as error:
        pytest.skip(str(error))  # a kernel older than 6.7 without a machine-wide registration
    assert (status, capfd.readouterr().out) == (0, "aarch64\n")


def test_says_why_it_cannot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(binfmt, "host_has_it", lambda: False)
    with pytest.raises(EmulationError, match="Linux 6.7 or newer"):
        binfmt.register("/qemu", str(tmp_path / "missing"))
