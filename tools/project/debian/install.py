"""Install the packages of a packages.lock by apt and dpkg of the image, in its own root; what they change is a part of a layer.

    python -m tools.project.debian.install --lock packages.lock --arch amd64 --layer BLOB... --deb FILE... --support DEB...
        --proot DIR --part DEFLATE MTREE

Needs no privileges and no network: a user namespace, else proot (tools/host/rootless). Clock and environment are fixed, and
apt sees the locked packages alone. A failure names the package and its script; no output is left then.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.host.rootless import enter, memory
from tools.host.rootless.spec import AUTO, METHODS, PROOT, EmulationError, EnterError, Spec
from tools.lib.epoch import EPOCH
from tools.lib.program import Program
from tools.oci.part import PartError
from tools.project.debian import changes, support
from tools.project.debian.lock import Lock, LockedDeb, read_lock
from tools.project.errors import ProjectError
from tools.project.replaced import Writer
from tools.verify.structure_test.apply_layers import Tree, UnpackError, remove, unpack
from tools.verify.structure_test.layer_stream import ArchiveError
from tools.verify.structure_test.layout_reader import Layer

_PLACE = ".packages"
_QEMU = "usr/bin/qemu-aarch64-static"
_SHOWN = 20
_MOST_SECONDS = 3600
"""Of an installation; emulated ones take minutes."""

# Runs in the root. Everything of it is below $PLACE, which is taken away afterwards.
_SCRIPT = r"""
set -eu
exec >"$PLACE/log" 2>&1 </dev/null
stage() { echo "$1" >"$PLACE/stage"; }
faked() { LD_PRELOAD="$PRELOAD" "$@"; }

stage start
started=$("$PLACE/support/faked-sysv" --load --save-file "$PLACE/owners" <"$PLACE/owners.before")
export FAKEROOTKEY="${started%%:*}"

stage index
(
    cd "$PLACE/debs"
    for deb in *.deb; do
        dpkg-deb --field "$deb"
        printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$deb" "$(stat -c %s "$deb")" "$(sha256sum "$deb" | cut -d ' ' -f 1)"
    done >Packages
)
faked apt-get -q update

stage install
status=0
timeout --kill-after=10 "$MOST_SECONDS" env LD_PRELOAD="$PRELOAD" apt-get -q -y --no-install-recommends install "$@" || status=$?
if [ "$status" = 0 ]; then
    stage check
    dpkg-query --show --showformat '${Package} ${Version} ${db:Status-Abbrev}\n' >"$PLACE/installed"
    # Those of files that scripts named another setcap for.
    ! command -v getcap >/dev/null || faked getcap -r /bin /opt /sbin /usr >"$PLACE/capabilities"
    { faked dpkg --audit && faked apt-get -q check; } >"$PLACE/audit" 2>&1 || status=$?
fi

kill "${started##*:}"
while kill -0 "${started##*:}" 2>/dev/null; do sleep 0.05; done
exit "$status"
"""

_APT = """\
Dir::State::lists "{place}/lists";
Dir::Cache "{place}/cache";
Dir::Log "{place}/log.d";
Dir::Etc::SourceList "{place}/sources.list";
Dir::Etc::SourceParts "/dev/null";
APT::Sandbox::User "root";
Acquire::Languages "none";
DPkg::Path "{place}/bin:/usr/sbin:/usr/bin:/sbin:/bin";
Dpkg::Use-Pty "0";
DPkg::Options {{ "--force-unsafe-io"; }};
"""

# No layer of ours has capabilities. Where a file system has none, packages take another way, such as setuid.
_SETCAP = """\
#!/bin/sh
echo 'setcap: layers have no capabilities' >&2
exit 1
"""

_FAILED = re.compile(r"^dpkg: error processing (?:package|archive) (\S+) \(--[\w-]+\):\n (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Machine:
    """How this machine enters roots.

    Attributes:
        proot: //tools/host/rootless:tools.
        support: .debs of what dpkg runs under, for the image's architecture.
        method: "namespace", "proot" or "auto".
    """

    proot: Path
    support: Sequence[Path]
    method: str = AUTO


def install(
    machine: Machine, lock: Lock, arch: str, layers: Sequence[Path], debs: Sequence[Path], part: tuple[Path, Path]
) -> None:
    """Install packages on top of layers, and write what that changes.

    Call it from a process with one thread, which may end in other namespaces.

    Args:
        machine: this machine.
        lock: the packages.
        arch: architecture of the image.
        layers: the base's, lowest first.
        debs: the locked files for the architecture.
        part: where its two files go.

    Raises:
        ProjectError: a package can't be installed, or changes what no layer can have.
        EnterError: the root can't be entered.
    """
    files = _checked(lock.for_arch(arch), debs)
    with tempfile.TemporaryDirectory(prefix="packages-") as name:
        scratch = Path(name).resolve()
        size = memory.unpacked_size(layers) + 6 * sum(file.stat().st_size for file in files)
        place = memory.mount(scratch / "memory", size)
        root = (place or scratch) / "root"
        try:
            tree = unpack([Layer(blob, None) for blob in layers], root)
            before = changes.scan(root)
            owners = _run(machine, tree, before, lock, arch, files)
            after = changes.scan(root)
            with Writer(*part) as writer:
                changes.Changes(tree, before, after, owners).write(writer)
        except (UnpackError, ArchiveError, PartError) as error:
            raise ProjectError(f"{lock.input}: {error}") from None
        finally:
            if place is not None:
                memory.unmount(place)
            elif root.exists():
                remove(root)


def _checked(wanted: Sequence[LockedDeb], debs: Sequence[Path]) -> list[Path]:
    """Return the files of a lock.

    Raises:
        ProjectError: one is missing, or is another one.
    """
    found = {path.name: path for path in debs}
    for locked in wanted:
        path = found.get(locked.file)
        if not path:
            raise ProjectError(f"{locked.file} is in the lock, but was not given")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest != locked.sha256:
            raise ProjectError(f"{locked.file} is another file (sha256 {digest}) than the lock's ({locked.sha256})")
    return [found[locked.file] for locked in wanted]


def _environment(place: str) -> dict[str, str]:
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "DEBIAN_FRONTEND": "noninteractive",
        "APT_CONFIG": f"{place}/apt.conf",
        "PLACE": place,
        "MOST_SECONDS": str(_MOST_SECONDS),
        "SOURCE_DATE_EPOCH": str(EPOCH),
        # Orders that programs take from hashes.
        "PERL_HASH_SEED": "0",
        "PYTHONHASHSEED": "0",
        **support.environment(f"{place}/support"),
    }


def _run(
    machine: Machine,
    tree: Tree,
    before: Mapping[str, os.stat_result],
    lock: Lock,
    arch: str,
    debs: Sequence[Path],
) -> dict[int, changes.Owner]:
    """Let apt install; return the owners that fakeroot has noted."""
    place, inside = tree.root / _PLACE, f"/{_PLACE}"
    try:
        for name in ("", "bin", "debs", "lists/partial", "cache/archives/partial", "log.d"):
            (place / name).mkdir(parents=True, exist_ok=True)
        support.unpack(machine.support, place / "support")
        for deb in debs:
            shutil.copyfile(deb, place / "debs" / deb.name)
        (place / "owners.before").write_text(changes.owners_before(tree, before))
        (place / "apt.conf").write_text(_APT.format(place=inside))
        (place / "sources.list").write_text(f"deb [trusted=yes] file:{inside}/debs ./\n")
        (place / "script").write_text(_SCRIPT)
        (place / "bin/setcap").write_text(_SETCAP)
        (place / "bin/setcap").chmod(0o755)
        status = _enter(
            machine,
            Spec(
                root=str(tree.root),
                command=("/bin/sh", f"{inside}/script", *lock.names()),
                env=_environment(inside),
                binfmt_aarch64=str(machine.proot / _QEMU) if arch == "arm64" else "",
                proot=str(machine.proot),
                method=machine.method,
            ),
        )
        _judge(lock, arch, place, status)
        return changes.read_owners((place / "owners").read_text(), os.stat(tree.root).st_dev)
    finally:
        if place.exists():
            remove(place)


def _enter(machine: Machine, spec: Spec) -> int:
    try:
        return enter.run(spec)
    except EmulationError:
        if machine.method != AUTO:
            raise
        return enter.run(Spec(**{**vars(spec), "method": PROOT}))


def _judge(lock: Lock, arch: str, place: Path, status: int) -> None:
    """Raise ProjectError with package, script and its last words if the installation failed."""

    def text(name: str) -> str:
        file = place / name
        return file.read_text("utf-8", "replace") if file.exists() else ""

    said = text("log")
    stage = text("stage").strip() or "start"
    if status and stage == "install":
        if status in (124, 137):
            raise ProjectError(
                f"{' '.join(lock.names())} ({arch}): not done after {_MOST_SECONDS} s; apt said:\n{_last(said)}"
            )
        match = _FAILED.search(said)
        if match:
            raise ProjectError(f"{match[1]} ({arch}): {match[2]}; it said:\n{_last(said[: match.start()])}")
        raise ProjectError(f"{' '.join(lock.names())} ({arch}) can't be installed; apt said:\n{_last(said)}")
    audit = [line for line in text("audit").splitlines() if not re.match(r"(Reading|Building) ", line)]
    if status or audit:
        raise ProjectError(f"{lock.input} ({arch}): status {status} at '{stage}':\n{_last(said)}\n" + "\n".join(audit))
    for line in text("capabilities").splitlines():
        raise ProjectError(
            f"{lock.input} ({arch}): a script gave a file capabilities, which layers of ours have not: {line}"
        )
    installed = {line.strip() for line in text("installed").splitlines()}
    for locked in lock.for_arch(arch):
        if f"{locked.package} {locked.version} ii" not in installed:
            raise ProjectError(
                f"{locked.package} {locked.version} ({arch}) is in the lock, but this base has another or does not need it: lock"
                " again on this base"
            )


def _last(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.strip().splitlines()[-_SHOWN:])


def command_line(documentation: str | None) -> Program:
    """Return the command line of this program and of again; `documentation` is the program's."""
    made = Program("project", documentation)
    add = made.add_argument
    add("--lock", type=Path, required=True, help="packages.lock")
    add("--arch", required=True, help="architecture of the image")
    add("--config", type=Path, help="of the image; it is not read")
    add("--layer", type=Path, action="append", default=[], help="of the base, lowest first")
    add("--deb", type=Path, action="append", default=[], help="a locked file")
    add("--support", type=Path, nargs="+", action="extend", default=[], help="a .deb of what dpkg runs under")
    add("--proot", type=Path, required=True, help="the directory of //tools/host/rootless:tools")
    add("--method", choices=METHODS, default=AUTO, help="how the root is entered")
    add("--part", type=Path, nargs=2, required=True, metavar=("DEFLATE", "MTREE"), help="the part")
    return made


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = command_line(__doc__)
    options = program.parse_args(argv)
    machine = Machine(options.proot, options.support, options.method)
    try:
        lock = read_lock(options.lock)
        install(machine, lock, options.arch, options.layer, options.deb, tuple(options.part))
    except (ProjectError, EnterError, OSError) as error:
        return program.fail(error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
