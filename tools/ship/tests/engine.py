"""Debian's podman in a root and a namespace of its own, under the name "podman" on a PATH."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

SERVERS = Path("tools/ship/servers")
# Outside of this directory podman sees nothing of the test.
_PROGRAM = """\
#!{python}
import os
import sys
sys.path[:0] = {path!r}
from tools.host.rootless.enter import run
from tools.host.rootless.spec import BIND, Mount, Spec

OPTIONS = ["--root=/storage", "--runroot=/run/podman", "--storage-driver=vfs"]
OPTIONS += ["--cgroup-manager=cgroupfs", "--events-backend=none"]
sys.exit(run(Spec(
    root={root!r},
    command=("/usr/bin/podman", *OPTIONS, *sys.argv[1:]),
    mounts=tuple(Mount(BIND, place, place) for place in {visible!r}),
    chdir=os.getcwd(),
    env={{"PATH": "/usr/bin:/usr/sbin", "HOME": "/root"}},
)))
"""


def make(directory: Path, visible: list[Path]) -> Path:
    """Make the root and the program.

    Args:
        directory: an empty directory.
        visible: directories that podman has to see, at their own places.

    Returns:
        the directory of the program, for a PATH; its storage is directory/root/storage.
    """
    root = directory / "root"
    shutil.copytree(SERVERS, root)
    for path in ("lib64", "etc/containers", "var/tmp", "tmp", "storage"):
        (root / path).mkdir(parents=True)
    (root / "lib64/ld-linux-x86-64.so.2").symlink_to("../lib/x86_64-linux-gnu/ld-2.31.so")
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (root / "etc/containers/policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    program = directory / "bin/podman"
    program.parent.mkdir()
    places = [str(path) for path in visible]
    program.write_text(
        _PROGRAM.format(python=sys.executable, path=[p for p in sys.path if p], root=str(root), visible=places)
    )
    program.chmod(0o755)
    return program.parent
