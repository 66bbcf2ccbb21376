"""Runs a command with a small tmpfs on a directory, then says what is in it.

    python -m tests.attacks.full_disk BYTES DIRECTORY COMMAND…

Writes a JSON object to the standard output: status, stderr, and name → digest of what lies in the directory. Status 77: the
system does not let an ordinary user mount.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.attacks.programs import content
from tools.host.rootless import syscalls

NOT_POSSIBLE = 77


def main(argv: list[str]) -> int:
    """Command line of this module; see its docstring."""
    size, directory, *command = argv
    uid, gid = os.geteuid(), os.getegid()
    try:
        syscalls.unshare(syscalls.CLONE_NEWUSER | syscalls.CLONE_NEWNS)
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            Path(f"/proc/self/{name}").write_text(text)
        syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
        syscalls.mount("tmpfs", directory, "tmpfs", syscalls.MS_NODEV, f"mode=0755,size={size}")
    except OSError as error:
        print(error, file=sys.stderr)
        return NOT_POSSIBLE
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, text=True)
    found = {path.name: content(path) for path in Path(directory).iterdir()}
    print(json.dumps({"status": done.returncode, "stderr": done.stderr, "found": found}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
