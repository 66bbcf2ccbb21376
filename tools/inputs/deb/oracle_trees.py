"""The trees that the oracle compares: ours from parts, theirs from mmdebstrap, ours after dpkg has configured it."""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import stat
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tools.formats import deb_archive
from tools.host.rootless import syscalls
from tools.inputs.deb import path_filter
from tools.lib.epoch import EPOCH
from tools.oci import mtree


class OracleError(RuntimeError):
    """A tree cannot be made; the message has the reason and the remedy."""


@dataclass(frozen=True)
class Node:
    """A path of a tree. A hard link counts as the file it names."""

    type: str
    mode: int
    uid: int
    gid: int
    target: str = ""
    data: bytes = b""

    def describe(self) -> str:
        """Return one line for a report."""
        if self.type == deb_archive.SYMLINK:
            return f"link to {self.target}"
        size = f" of {len(self.data)} bytes" if self.type == deb_archive.FILE else ""
        return f"{self.type} {self.mode:04o} {self.uid}:{self.gid}{size}"


Tree = dict[str, Node]


def of_parts(parts: Sequence[Sequence[str]]) -> Tree:
    """Read parts as one tree.

    Args:
        parts: (deflate, mtree) files.

    Raises:
        OracleError: two parts have the same file.
    """
    tree: Tree = {}
    for deflate, listing in parts:
        decoder = zlib.decompressobj(-zlib.MAX_WBITS)
        data = decoder.decompress(Path(deflate).read_bytes()) + decoder.flush()
        for path, node in _tar_nodes(io.BytesIO(data + bytes(1024))).items():
            if path in tree:
                raise OracleError(f"{path} is in {deflate} and in another part")
            tree[path] = node
        for entry in mtree.parse(Path(listing).read_text(encoding="utf-8")):
            if entry.type == mtree.DIRECTORY and not (entry.implied and entry.path in tree):
                tree[entry.path] = Node(deb_archive.DIRECTORY, entry.mode, entry.uid, entry.gid)
    tree.pop(".", None)
    return tree


def of_tar(path: Path) -> Tree:
    """Read a tar of a whole system, without device nodes and /dev."""
    with open(path, "rb") as stream:
        tree = _tar_nodes(stream)
    return {p: node for p, node in tree.items() if not p.startswith("dev/")}


def _tar_nodes(stream: BinaryIO) -> Tree:
    tree: Tree = {}
    with tarfile.open(fileobj=stream, mode="r:") as tar:
        for info in tar:
            path = re.sub(r"^(\./)+", "", info.name).rstrip("/")
            if path in ("", "."):
                continue
            if info.islnk():
                tree[path] = tree[re.sub(r"^(\./)+", "", info.linkname)]
            elif info.issym():
                tree[path] = Node(deb_archive.SYMLINK, 0o777, info.uid, info.gid, info.linkname)
            elif info.isdir():
                tree[path] = Node(deb_archive.DIRECTORY, info.mode, info.uid, info.gid)
            elif info.isfile():
                content = tar.extractfile(info)
                tree[path] = Node(
                    deb_archive.FILE, info.mode, info.uid, info.gid, "", content.read() if content else b""
                )
    return tree


def mmdebstrap(
    debs: Sequence[Path], architecture: str, manual: Sequence[str], filters: Path, output: Path, scratch: Path
) -> None:
    """Make a tree from exactly these packages by running every maintainer script.

    Args:
        debs: the packages.
        architecture: the tree's; a foreign one needs qemu-user in binfmt_misc.
        manual: packages to request.
        filters: dpkg configuration with path-exclude and path-include lines.
        output: the tar to write.
        scratch: a directory for a throw-away package archive.

    Raises:
        OracleError: mmdebstrap is missing or fails; the message has its last lines.
    """
    if not shutil.which("mmdebstrap"):
        raise OracleError("mmdebstrap is not installed: apt-get install mmdebstrap")
    pool = scratch / "archive"
    pool.mkdir()
    index = ""
    for deb in debs:
        data = deb.read_bytes()
        shutil.copyfile(deb, pool / deb.name)
        fields = deb_archive.read(data, deb.name).fields
        index += "".join(f"{k}: {v}\n" for k, v in fields.items())
        index += f"Filename: ./{deb.name}\nSize: {len(data)}\nSHA256: {_sha256(data)}\n\n"
    (pool / "Packages").write_text(index, encoding="utf-8")
    (pool / "Release").write_text(
        f"Suite: oracle\nCodename: oracle\nArchitectures: {architecture}\nDate: Mon, 01 Jan 2024 00:00:00 UTC\n"
        f"SHA256:\n {_sha256(index.encode('utf-8'))} {len(index.encode('utf-8'))} Packages\n"
    )
    command = ["mmdebstrap", "--variant=minbase", f"--architectures={architecture}", f"--include={','.join(manual)}"]
    for include, pattern, _ in path_filter.parse(filters.read_text(encoding="utf-8")).rules:
        command.append(f"--dpkgopt=path-{'include' if include else 'exclude'}={pattern}")
    # Skips mmdebstrap's own check, which needs another package: a foreign program fails anyway.
    command += ["--skip=check/qemu", "oracle", str(output) + ".part", f"deb [trusted=yes] copy://{pool} ./"]
    # An empty environment: mmdebstrap calls Python, which must not find this interpreter's home.
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "HOME": "/", "SOURCE_DATE_EPOCH": str(EPOCH)}
    done = subprocess.run(
        [*command, "--format=tar"],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise OracleError("mmdebstrap failed:\n  " + "\n  ".join(done.stdout.splitlines()[-15:]))
    os.replace(str(output) + ".part", output)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def configured(tree: Mapping[str, Node]) -> tuple[Tree, Tree, str]:
    """Let dpkg run every postinst over a tree in which all packages are only "unpacked".

    Args:
        tree: the tree; its programs must run here.

    Returns:
        The tree before, the tree after, and what dpkg printed.

    Raises:
        OracleError: not root, or dpkg fails.
    """
    if os.geteuid():
        raise OracleError("the tree needs its own owners: run this as root")
    status = tree["var/lib/dpkg/status"]
    unpacked = status.data.replace(b"Status: install ok installed", b"Status: install ok unpacked")
    with tempfile.TemporaryDirectory(prefix="configure-") as name:
        root = Path(name) / "root"
        root.mkdir(mode=0o755)
        before = dict(tree)
        before["var/lib/dpkg/status"] = Node(status.type, status.mode, status.uid, status.gid, "", unpacked)
        _unpack(before, root)
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
        env["SOURCE_DATE_EPOCH"] = str(EPOCH)

        def enter() -> None:
            # The machine's own /dev/null, since a node made here would not open on a file system mounted "nodev".
            syscalls.unshare(syscalls.CLONE_NEWNS)
            syscalls.mount("", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
            syscalls.bind("/dev/null", str(root / "dev/null"))
            os.chroot(root)
            os.chdir("/")

        done = subprocess.run(
            ["dpkg", "--configure", "-a"],
            env=env,
            preexec_fn=enter,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        if done.returncode:
            raise OracleError("dpkg --configure -a failed:\n  " + "\n  ".join(done.stdout.splitlines()[-15:]))
        after = {path: node for path, node in _scan(root).items() if not path.startswith("dev/")}
    warnings = [x for x in done.stdout.splitlines() if not x.startswith(("Setting up", "Processing triggers"))]
    return dict(tree), after, "".join(x + "\n" for x in warnings)


def _unpack(tree: Mapping[str, Node], root: Path) -> None:
    for path in sorted(tree):
        node, place = tree[path], root / path
        if node.type == deb_archive.SYMLINK:
            os.symlink(node.target, place)
            continue
        if node.type == deb_archive.DIRECTORY:
            place.mkdir()
        else:
            place.write_bytes(node.data)
        os.chown(place, node.uid, node.gid)
        os.chmod(place, node.mode)
    (root / "dev/null").touch()


def _scan(root: Path) -> Tree:
    tree: Tree = {}
    for folder, directories, files in os.walk(root):
        for name in directories + files:
            place = os.path.join(folder, name)
            path = os.path.relpath(place, root)
            info = os.lstat(place)
            mode = stat.S_IMODE(info.st_mode)
            if stat.S_ISLNK(info.st_mode):
                tree[path] = Node(deb_archive.SYMLINK, 0o777, info.st_uid, info.st_gid, os.readlink(place))
            elif stat.S_ISDIR(info.st_mode):
                tree[path] = Node(deb_archive.DIRECTORY, mode, info.st_uid, info.st_gid)
            elif stat.S_ISREG(info.st_mode):
                tree[path] = Node(deb_archive.FILE, mode, info.st_uid, info.st_gid, "", Path(place).read_bytes())
    return tree
