"""A machine for the launcher's tests: its own PATH, home and workspace, with fakes of the programs that take minutes.

The fakes are shell scripts on PATH: mmdebstrap makes a tiny tree when the test lets it, bwrap, bazel and bazelisk say
how they were called. Everything else on PATH is the real program, so the list below is also what the launcher needs.
"""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]  # not resolved: in a Bazel test that would leave the runfiles
VERSION = (REPOSITORY / ".bazelversion").read_text().strip()
# fmt: off
PROGRAMS = (
    "awk", "cat", "chmod", "cp", "cut", "date", "dirname", "env", "find", "flock", "grep", "head", "mkdir", "mkfifo",
    "mktemp", "mv", "printf", "readlink", "rm", "sed", "setsid", "sh", "sha256sum", "sort", "stat", "tail", "tar", "touch",
    "tr", "true",
)
# fmt: on

KEYS = "keyrings/debian-archive.asc"

# Bazel's own module: Debian has platforms, the others become empty.
MODULES = """\
module(name = "bazel_tools")
bazel_dep(name = "platforms", version = "0.0.9")
bazel_dep(name = "zlib", version = "1.3.1")
bazel_dep(name = "buildozer", version = "7.1.2")
buildozer_binary = use_extension("@buildozer//:buildozer_binary.bzl", "buildozer_binary")
bazel_dep(name = "stardoc", version = "1", dev_dependency = True)
"""

# Writes half of its target, says so, and goes on when the test lets it. Its child shows whether all of it is ended.
MMDEBSTRAP = r"""#!/bin/sh
for argument; do
    case $argument in
    --keyring=*) (cd "${argument#*=}" && echo *) >"$FAKES/keyrings" ;;
    */making.*) target=$argument ;;
    esac
done
printf '%s\n' "$*" >>"$FAKES/mmdebstrap.calls"
printf 'TMPDIR=%s\n' "$TMPDIR" >>"$FAKES/mmdebstrap.environment"
echo "I: half-way"
echo half >"$target.half"
sleep 300 &
echo $! >"$FAKES/child.$$"
mv "$FAKES/child.$$" "$FAKES/child"
while [ ! -e "$FAKES/go" ]; do sleep 0.05; done
kill $!
mkdir -p "$target.tree/usr/share/bazel/embedded_tools" "$target.tree/etc/bazel"
cp "$FAKES/MODULE.bazel" "$target.tree/usr/share/bazel/embedded_tools/"
. "$FAKES/make"
printf 'common --override_module=platforms=/usr/share/bazel/tools/platforms\nbuild --sandbox_debug\n' \
    >"$target.tree/etc/bazel/bazelrc"
rm "$target.half"
case $target in
*.tar) tar -C "$target.tree" -cf "$target" . ;;
*) cp -r "$target.tree" "$target" ;;
esac
rm -rf "$target.tree"
"""

# bwrap as the launcher calls it: a try, the making of the trust store, and Bazel itself.
BWRAP = r"""#!/bin/sh
case "$*" in
"--ro-bind / / true") [ ! -e "$FAKES/no_namespaces" ]; exit ;;
*ca-certificates-java.jar*)
    echo "$*" >>"$FAKES/trust.calls"
    cat >"$FAKES/trust.input"
    while [ "$3" != /etc/ssl/certs/java ]; do shift; done
    cp "$2"/*.pem "$FAKES/"
    . "$FAKES/trust"
    exit ;;
esac
cat <&8 >"$FAKES/mounts"
while [ "$1" != -- ]; do
    case $1 in
    --chdir) echo "$2" >"$FAKES/chdir" ;;
    --setenv) export "$2=$3" ;;
    esac
    shift
done
env >"$FAKES/environment"
shift 2
sh "$FAKES/bazel_in_root" "$@" <&0 &
wait $!
"""

# Any Bazel: bazelisk under whatever name gives the version that the environment asks for.
SAY_ARGUMENTS = r"""#!/bin/sh
if [ "$*" = --version ]; then
    echo "bazel ${USE_BAZEL_VERSION:-latest}"
    exit
fi
printf '%s\0' "${0##*/}" "$@" >"$FAKES/arguments"
exit 7
"""


class Machine:
    """Runs the launcher with fake programs below one directory.

    Args:
        directory: an empty directory
        uid: the user id that `id` shows
    """

    def __init__(self, directory: Path, uid: int = 1000) -> None:
        self.fakes = directory / "fakes"
        self.home = directory / "home"
        self.bin = directory / "bin"
        self.workspace = directory / "workspace"
        self.cache = self.home / ".cache/airflow-runtime-images"
        for path in (self.fakes, self.home, self.bin, self.workspace / "tools/host/launcher/keyrings"):
            path.mkdir(parents=True)
        for name in PROGRAMS:
            program = shutil.which(name)
            assert program, f"{name} is not on PATH"
            (self.bin / name).symlink_to(program)
        for name in ("bazel", *(f"host/launcher/{file}" for file in ("common.sh", "enter.sh", "root.sh", KEYS))):
            shutil.copy(REPOSITORY / "tools" / name, self.workspace / "tools" / name)
        self.write(self.workspace / "MODULE.bazel", 'module(\n    bazel_compatibility = [">=7.4.0", "<9.0.0"],\n)\n')
        self.write(self.workspace / ".bazelversion", f"{VERSION}\n")
        self.write(directory / "keyring", "")
        self.settings = directory / "settings"
        recipe = (REPOSITORY / "tools/host/launcher/recipe.sh").read_text()
        own = f"container_marks={directory}/in-a-container\nkernel_settings={self.settings}\n"
        self.write(self.workspace / "tools/host/launcher/recipe.sh", f"{recipe}\n{own}")
        self.write(self.fakes / "MODULE.bazel", MODULES)
        self.write(self.fakes / "make", f"echo {VERSION} >$target.tree/usr/share/bazel/build-label.txt\n")
        self.write(self.fakes / "trust", 'echo store >"$2/cacerts"\n')
        self.write(self.fakes / "bazel_in_root", SAY_ARGUMENTS)
        self.let_go()
        self.program("mmdebstrap", MMDEBSTRAP)
        self.program("bwrap", BWRAP)
        self.program("newuidmap", "#!/bin/sh\n")
        # The launcher looks once a second whether mmdebstrap has ended.
        self.program("sleep", f'#!/bin/sh\n[ "$1" != 1 ] || set -- 0.1\nexec {shutil.which("sleep")} "$@"\n')
        self.program("id", f"#!/bin/sh\ncase $1 in -u) echo {uid} ;; *) echo somebody ;; esac\n")
        self.program("uname", "#!/bin/sh\ncase $1 in -s) echo Linux ;; *) echo x86_64 ;; esac\n")
        self.environment = {
            "PATH": str(self.bin),
            "HOME": str(self.home),
            "FAKES": str(self.fakes),
            "TMPDIR": str(directory),
            "RUNTIME_LAUNCHER_KEYRING": str(directory / "keyring"),
            "SSL_CERT_FILE": str(self.write(directory / "ca.crt", certificates(2))),
        }

    @staticmethod
    def write(path: Path, text: str) -> Path:
        """Write a file; return its path."""
        path.write_text(text)
        return path

    def program(self, name: str, text: str) -> Path:
        """Put a program on PATH."""
        path = self.bin / name
        path.unlink(missing_ok=True)
        self.write(path, text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def remove(self, name: str) -> None:
        """Remove a program from PATH."""
        (self.bin / name).unlink()

    def let_go(self) -> None:
        """Let mmdebstrap go on when half-way."""
        self.write(self.fakes / "go", "")

    def hold(self) -> None:
        """Stop mmdebstrap half-way until let_go."""
        (self.fakes / "go").unlink()

    def start(self, command: list[str], **environment: str) -> subprocess.Popen[str]:
        """Start a command in the workspace."""
        return subprocess.Popen(
            command,
            cwd=self.workspace,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def start_root(self, **environment: str) -> subprocess.Popen[str]:
        """Start root.sh as tools/bazel does."""
        command = ["sh", str(self.workspace / "tools/host/launcher/root.sh"), str(self.workspace), VERSION]
        return self.start(command, **environment)

    def bazel(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run tools/bazel."""
        return finish(self.start([str(self.workspace / "tools/bazel"), *arguments], **environment))

    def root(self, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run root.sh."""
        return finish(self.start_root(**environment))

    def wait_half_way(self) -> int:
        """Wait until mmdebstrap is half-way; return the process id of its child."""
        child = self.fakes / "child"
        wait_for(child.exists, "mmdebstrap to be half-way")
        number = int(child.read_text())
        child.unlink()
        return number

    def calls(self, name: str) -> list[str]:
        """Return the argument lines of a fake program's calls."""
        path = self.fakes / f"{name}.calls"
        return path.read_text().splitlines() if path.exists() else []

    def arguments(self) -> list[str]:
        """Return name and arguments of the last Bazel that was run."""
        return (self.fakes / "arguments").read_bytes().decode().split("\0")[:-1]

    def in_cache(self) -> list[str]:
        """Return the names in the launcher's cache, without its lock."""
        return sorted(path.name for path in self.cache.iterdir() if path.name != "lock") if self.cache.exists() else []


def certificates(count: int) -> str:
    """Return a bundle of certificates."""
    return "".join(f"# {n}\n-----BEGIN CERTIFICATE-----\n{n}\n-----END CERTIFICATE-----\n" for n in range(count))


def finish(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """Wait for a started launcher."""
    try:
        stdout, stderr = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Wait until condition() is true."""
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.02)


def alive(process_id: int) -> bool:
    """Return whether a process runs (a zombie doesn't)."""
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
