"""apt and dpkg of a real Debian base install small packages: the layer, twice the same; failures and what they say."""

from __future__ import annotations

import hashlib
import os
import shlex
from pathlib import Path

import pytest

from tools.formats import deb_samples
from tools.lib.epoch import EPOCH
from tools.oci import mtree
from tools.oci.mtree import DIRECTORY, FILE, HARDLINK, SYMLINK, Entry
from tools.project.debian import again, install
from tools.project.debian.lock import Lock, LockedDeb, write
from tools.project.errors import ProjectError

LAYERS = [Path(path) for path in shlex.split(os.environ["LAYERS"])]
SUPPORT = [Path(path) for path in shlex.split(os.environ["SUPPORT"])]
TOOLS = Path(os.environ["ROOTLESS_TOOLS"])

CONTROL = """\
Package: {name}
Version: {version}
Architecture: amd64
Maintainer: A Team <team@example.org>
Description: a sample
{more}"""

# What maintainer scripts do: accounts, owners and modes, the time, diversions, alternatives, files of the base.
POSTINST = b"""#!/bin/sh
set -e
if [ "$1" = configure ]; then
    groupadd --system sample
    useradd --system --gid sample --home-dir /var/lib/sample --no-create-home --shell /bin/sh sample
    mkdir -p /var/lib/sample /run/sample
    date '+%s %N' >/var/lib/sample/made
    chown sample:sample /var/lib/sample /var/lib/sample/made
    chmod 2750 /var/lib/sample
    chmod 0600 /var/lib/sample/made
    [ "$(stat -c %U:%G /var/lib/sample/made)" = sample:sample ]
    chmod 4755 /usr/bin/sample
    chown root:sample /usr/bin/sample
    chmod 4755 /usr/bin/sample
    ln /var/lib/sample/made /var/lib/sample/link
    update-alternatives --install /usr/bin/editor editor /usr/bin/sample 10
    rm /usr/share/ca-certificates/mozilla/*Root*
    echo more >>/etc/services
    ! setcap cap_net_raw+ep /usr/bin/sample
    mkdir -p /etc/ssl/private /etc/ssl/certs
    touch /etc/ssl/certs/ssl-cert-snakeoil.pem
    ln -s ssl-cert-snakeoil.pem /etc/ssl/certs/0123.0
    touch -d 2020-01-01 /var/lib/sample/old
    touch /tmp/x /run/sample/x /var/cache/ldconfig/aux-cache /etc/machine-id
    mkdir /var/log/sample
    head -c 8 /dev/urandom >/etc/ssh_host_x && mkdir -p /etc/ssh && mv /etc/ssh_host_x /etc/ssh/ssh_host_rsa_key
fi
"""
PREINST = b"""#!/bin/sh
set -e
dpkg-divert --package sample --add --rename --divert /usr/bin/rsync.real /usr/bin/rsync
"""


def control(name: str, version: str = "1", more: str = "") -> str:
    return CONTROL.format(name=name, version=version, more=more)


@pytest.fixture
def pool(tmp_path: Path) -> dict[str, Path]:
    """Return .debs by the name of their packages."""
    sample = deb_samples.deb(
        {"usr/bin/sample": b"#!/bin/sh\n", "etc/sample.conf": b"a = 1\n", "usr/bin/rsync": b"#!/bin/sh\n"},
        {"postinst": POSTINST, "preinst": PREINST, "conffiles": b"/etc/sample.conf\n"},
        control("sample", more="Pre-Depends: first (>= 2)\n"),
    )
    first = deb_samples.deb({"usr/share/first/data": b"x" * 100}, control=control("first", "2:2.0-1"))
    # A dependency that has nothing to do with it cannot be configured.
    bad = deb_samples.deb(
        {"usr/share/bad": b""}, {"postinst": b"#!/bin/sh\necho one; echo two >&2\nexit 3\n"}, control("bad")
    )
    found = {}
    for name, data in {"sample": sample, "first": first, "bad": bad}.items():
        found[name] = tmp_path / f"{name}_1_amd64.deb"
        found[name].write_bytes(data)
    return found


def locked(pool: dict[str, Path], *names: str) -> Lock:
    """Return the lock of some packages; the last is what was asked for."""
    files = tuple(
        LockedDeb(
            file=pool[name].name,
            package=name,
            version="2:2.0-1" if name == "first" else "1",
            archs=("amd64",),
            registry="debian",
            path=f"pool/{pool[name].name}",
            sha256=hashlib.sha256(pool[name].read_bytes()).hexdigest(),
            size=pool[name].stat().st_size,
        )
        for name in names
    )
    return Lock("bullseye", "packages.txt", "", ("amd64",), names[-1:], files)


def arguments(pool: dict[str, Path], lock: Lock, place: Path) -> list[str]:
    """Return the command line that installs a lock."""
    place.mkdir()
    write(place, lock)
    words = [f"--lock={place}/packages.lock", "--arch=amd64", f"--proot={TOOLS}"]
    words += [f"--layer={path}" for path in LAYERS] + [f"--support={path}" for path in SUPPORT]
    words += [f"--deb={pool[file.package]}" for file in lock.files]
    return [*words, "--part", f"{place}/part.deflate", f"{place}/part.mtree"]


def in_child(main: object, argv: list[str], capfd: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Run a program, which ends in other namespaces, in a process of its own; return its status and what it said."""
    child = os.fork()
    if not child:
        status = 99
        try:
            status = main(argv)  # type: ignore[operator]
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status, capfd.readouterr().err


def test_layer(pool: dict[str, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = arguments(pool, locked(pool, "first", "sample"), tmp_path / "one")
    assert in_child(install.main, words, capfd) == (0, "")
    found = {entry.path: entry for entry in mtree.parse((tmp_path / "one/part.mtree").read_text("ascii"))}
    user = (found["var/lib/sample"].uid, found["var/lib/sample"].gid)
    assert user[0] >= 100 and user[1] >= 100

    def has(path: str, kind: str, mode: int, owner: tuple[int, int] = (0, 0), time: int = EPOCH) -> Entry:
        entry = found[path]
        assert (entry.type, entry.mode, (entry.uid, entry.gid), entry.mtime) == (kind, mode, owner, time), entry
        return entry

    has("usr/bin/sample", FILE, 0o4755, (0, user[1]), 1600000000)
    has("etc/sample.conf", FILE, 0o644, time=1600000000)
    has("var/lib/sample", DIRECTORY, 0o2750, user)
    # Its content is the time: that of all our files.
    made = has("var/lib/sample/link", FILE, 0o600, user)
    assert made.sha256 == hashlib.sha256(f"{EPOCH} 000000000\n".encode()).hexdigest()
    assert has("var/lib/sample/made", HARDLINK, 0o600, user).target == "var/lib/sample/link"
    has("var/lib/sample/old", FILE, 0o644, time=1577836800)
    # Diverted: the base's file has another name, the package's has its place.
    has("usr/bin/rsync", FILE, 0o644, time=1600000000)
    assert found["usr/bin/rsync.real"].size > 10000
    assert has("usr/bin/editor", SYMLINK, 0o777).target == "/etc/alternatives/editor"
    assert has("etc/alternatives/editor", SYMLINK, 0o777).target == "/usr/bin/sample"
    # Parents that the base has with other attributes keep them.
    has("etc/shadow", FILE, 0o640, (0, 42))
    has("run/sample", DIRECTORY, 0o755)
    has("var/log/sample", DIRECTORY, 0o755)
    assert any(path.startswith("usr/share/ca-certificates/mozilla/.wh.") for path in found)
    assert {"var/lib/dpkg/status", "var/lib/dpkg/info/sample.list", "var/lib/dpkg/diversions"} <= found.keys()
    states = {"var/lib/apt/extended_states"}
    assert states <= found.keys()
    left = [path for path in found if path.startswith(("tmp/", "var/log/apt", ".packages", "proc/"))]
    left += [
        path
        for path in found
        if path.endswith(("-old", "dpkg.log", "_rsa_key", "/x", "aux-cache", "machine-id", "oil.pem", "0123.0"))
    ]
    assert left == []

    assert in_child(again.main, words, capfd) == (0, "")
    listing = tmp_path / "one/part.mtree"
    listing.chmod(0o644)
    listing.write_text(listing.read_text().replace("mode=4755", "mode=0755"))
    assert again.differences(listing, listing) == []
    (tmp_path / "other").write_text(listing.read_text().replace("mode=2750", "mode=0750"))
    (said,) = again.differences(listing, tmp_path / "other")
    assert said.startswith("/var/lib/sample: type=dir mode=2750 ")


def test_script_that_fails(pool: dict[str, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = arguments(pool, locked(pool, "bad"), tmp_path / "bad")
    status, said = in_child(install.main, words, capfd)
    assert status == 1
    assert said.startswith(
        "project: bad (amd64): installed bad package post-installation script subprocess returned error exit status 3; it said:\n"
    )
    assert said.endswith("Setting up bad (1) ...\n  one\n  two\n")
    assert [path.name for path in (tmp_path / "bad").iterdir()] == ["packages.lock"]


def test_another_file(pool: dict[str, Path], tmp_path: Path) -> None:
    lock = locked(pool, "bad")
    pool["bad"].write_bytes(pool["first"].read_bytes())
    machine = install.Machine(TOOLS, SUPPORT)
    part = (tmp_path / "deflate", tmp_path / "mtree")
    with pytest.raises(ProjectError, match=r"bad_1_amd64\.deb is another file \(sha256 .*\) than the lock's"):
        install.install(machine, lock, "amd64", LAYERS, list(pool.values()), part)
    with pytest.raises(ProjectError, match=r"bad_1_amd64\.deb is in the lock, but was not given"):
        install.install(machine, lock, "amd64", LAYERS, [], part)
    assert not part[0].exists()
