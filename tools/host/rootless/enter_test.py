"""Enters real roots by both methods. ROOTLESS_TOOLS names the directory that tools.host.rootless.tools_dir makes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools.host.rootless import enter, namespace, supervise
from tools.host.rootless.spec import EnterError, Mount, Spec, inside

TOOLS = Path(os.environ["ROOTLESS_TOOLS"]).resolve()
METHODS = ("namespace", "proot")
SH = ("/bin/busybox", "sh", "-c")
# Sleeps that no other run of these tests has started.
LONG = str(100000 + os.getpid())


@pytest.fixture(params=METHODS)
def method(request: pytest.FixtureRequest) -> str:
    """Run each test that takes it by both methods; skip none."""
    return request.param


@pytest.fixture()
def root(tmp_path: Path) -> Path:
    """Return a root that holds nothing but busybox."""
    (tmp_path / "root/bin").mkdir(parents=True)
    (tmp_path / "root/bin/busybox").write_bytes((TOOLS / "bin/busybox").read_bytes())
    (tmp_path / "root/bin/busybox").chmod(0o755)
    return tmp_path / "root"


def run(capfd: pytest.CaptureFixture, root: Path, method: str, script: str, **more: object) -> tuple[int, str]:
    """Run a script of busybox's shell; return its status and standard output."""
    spec = Spec(root=str(root), command=(*SH, script), method=method, proot=str(TOOLS), **more)  # type: ignore[arg-type]
    status = enter.run(spec)
    return status, capfd.readouterr().out


def test_identity_environment_and_directory(capfd: pytest.CaptureFixture[str], root: Path, method: str) -> None:
    (root / "srv").mkdir()
    status, out = run(
        capfd,
        root,
        method,
        "busybox id -u; busybox id -g; pwd; busybox env | busybox sort; exit 7",
        uid=50000,
        gid=3,
        chdir="/srv",
        env={"PATH": "/bin", "KEY": "a b=c"},
    )
    lines = out.splitlines()
    assert status == 7
    assert lines[:3] == ["50000", "3", "/srv"]
    # PWD and SHLVL are the shell's own.
    assert [line for line in lines[3:] if not line.startswith(("PWD=", "SHLVL="))] == ["KEY=a b=c", "PATH=/bin"]


def test_mounts(capfd: pytest.CaptureFixture[str], root: Path, method: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/file").write_text("content")
    (tmp_path / "out").mkdir()
    mounts = (
        Mount("ro-bind", "/in", str(tmp_path / "in")),
        Mount("ro-bind", "/etc/one", str(tmp_path / "in/file")),
        Mount("bind", "/out", str(tmp_path / "out")),
        Mount("tmpfs", "/tmp"),
    )
    script = "busybox cat /in/file /etc/one; echo made >/out/file; echo x >/tmp/x; busybox ls /tmp; busybox test -e /dev/null"
    status, out = run(capfd, root, method, script, mounts=mounts, env={"PATH": "/bin"})
    assert (status, out) == (0, "contentcontentx\n")
    assert (tmp_path / "out/file").read_text() == "made\n"
    mounted = Path("/proc/self/mountinfo").read_text()
    assert str(tmp_path) not in mounted


def test_read_only_is_read_only(capfd: pytest.CaptureFixture[str], root: Path, tmp_path: Path) -> None:
    for name in ("proc", "dev", "in"):
        (root / name).mkdir()
    script = "busybox touch /in/x /x 2>/dev/null; busybox ls / /in"
    mounts = (Mount("ro-bind", "/in", str(tmp_path)),)
    _, out = run(capfd, root, "namespace", script, mounts=mounts, read_only=True, env={"PATH": "/bin"})
    assert "x" not in out.split()


def test_no_network_but_loopback(capfd: pytest.CaptureFixture[str], root: Path) -> None:
    _, out = run(capfd, root, "namespace", "busybox ifconfig -a", env={"PATH": "/bin"})
    assert "127.0.0.1" in out
    assert "Link encap" in out and out.count("Link encap") == 1


def test_killed_command(capfd: pytest.CaptureFixture[str], root: Path, method: str) -> None:
    assert run(capfd, root, method, "kill -9 $$")[0] == 128 + 9


def test_last_process_does_not_decide(capfd: pytest.CaptureFixture[str], root: Path, method: str) -> None:
    """Debian's proot alone would give the status of the process that ends last."""
    script = "(busybox sleep 0.2; exit 5) & exit 3"
    assert run(capfd, root, method, script, env={"PATH": "/bin"})[0] == 3


def test_nothing_stays_behind(capfd: pytest.CaptureFixture[str], root: Path, method: str) -> None:
    began = time.monotonic()
    status, out = run(capfd, root, method, f"busybox sleep {LONG}.1 & echo started", env={"PATH": "/bin"})
    assert (status, out) == (0, "started\n")
    assert time.monotonic() - began < 60
    assert not _running(f"{LONG}.1")
    assert supervise.children_of(os.getpid()) == []


def _running(seconds: str) -> bool:
    return bool(_pids(seconds))


def _pids(seconds: str) -> list[int]:
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/cmdline").read_bytes() == b"busybox\0sleep\0" + seconds.encode() + b"\0":
                found.append(int(pid))
    return found


def _start(root: Path, method: str, script: str, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tools.host.rootless.enter", "--root", str(root), "--method", method]
    command += ["--proot", str(TOOLS), "--env", "PATH=/bin", *options, "--", *SH, script]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def test_signals_reach_the_command(root: Path, method: str) -> None:
    script = "trap 'echo caught; exit 9' TERM; echo ready; while :; do busybox sleep 0.1; done"
    with _start(root, method, script) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=60)[0] == "caught\n"
        assert process.returncode == 9


def test_a_killed_caller_takes_all_along(root: Path, method: str) -> None:
    with _start(root, method, f"echo ready; exec busybox sleep {LONG}.2") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.kill()
        process.wait()
    deadline = time.monotonic() + 30
    while _running(f"{LONG}.2"):
        assert time.monotonic() < deadline, "the command outlived its caller"
        time.sleep(0.05)


@pytest.mark.parametrize("ends", ["killed", "by itself"])
def test_mount_points_can_be_removed(root: Path, tmp_path: Path, ends: str) -> None:
    """What a user without privileges has to remove afterwards holds no directory that only root can look into."""
    (tmp_path / "in/deep").mkdir(parents=True)
    (tmp_path / "file").write_text("content")
    script = "echo ready; " + (f"exec busybox sleep {LONG}.3" if ends == "killed" else "busybox test -d /in/deep/er")
    binds = ["--bind", f"{tmp_path}/in:/in", "--bind", f"{tmp_path}/in/deep:/in/deep/er", "--tmpfs", "/tmp/a/b"]
    binds += ["--ro-bind", f"{tmp_path}/file:/etc/one"]
    with _start(root, "proot", script, *binds) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        if ends == "killed":
            deadline = time.monotonic() + 30
            while not (sleeping := _pids(f"{LONG}.3")) and time.monotonic() < deadline:
                time.sleep(0.05)
            for victim in (process.pid, *map(_tracer, sleeping)):
                with contextlib.suppress(ProcessLookupError):  # proot may have followed its caller already
                    os.kill(victim, signal.SIGKILL)
        assert process.wait(60) == (-signal.SIGKILL if ends == "killed" else 0)
    assert ends != "killed" or sleeping
    for place in (root, tmp_path / "in"):
        for directory in (path for path in place.rglob("*") if path.is_dir()):
            assert directory.stat().st_mode & 0o700 == 0o700, directory
    assert (root / ".rootless").exists() == (ends == "killed")
    assert (tmp_path / "in/deep/er").is_dir()


def _tracer(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("TracerPid:")))


def test_nested(capfd: pytest.CaptureFixture[str], root: Path) -> None:
    """A command that is root in its namespace can make a namespace of its own, as sandboxes in sandboxes do."""
    script = "busybox unshare -Um busybox true && echo nested"
    assert run(capfd, root, "namespace", script, env={"PATH": "/bin"}) == (0, "nested\n")


def test_missing_command(capfd: pytest.CaptureFixture[str], root: Path) -> None:
    with pytest.raises(EnterError, match="can't start '/no/such'"):
        enter.run(Spec(root=str(root), command=("/no/such",), method="namespace"))
    spec = Spec(root=str(root), command=("/no/such",), method="proot", proot=str(TOOLS))
    assert enter.run(spec) == 127


def test_neither_is_possible(monkeypatch: pytest.MonkeyPatch, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def forbidden() -> str:
        raise EnterError("user namespaces can't be used here (unshare: Operation not permitted)")

    monkeypatch.setattr(namespace, "probe", forbidden)
    assert enter.main(["--root", str(root), "--", "/bin/busybox"]) == enter.NOT_ENTERED
    said = capsys.readouterr().err
    assert "user namespaces can't be used here" in said and "--proot DIR" in said
    assert enter.main(["--root", str(root), "--method", "namespace", "--", "/bin/busybox"]) == enter.NOT_ENTERED


def test_falls_back_to_proot(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], root: Path) -> None:
    def forbidden() -> str:
        raise EnterError("user namespaces can't be used here")

    monkeypatch.setattr(namespace, "probe", forbidden)
    status = enter.run(Spec(root=str(root), command=(*SH, "exit 4"), proot=str(TOOLS)))
    assert status == 4
    assert "taking proot" in capfd.readouterr().err


# faccessat2(AT_FDCWD, "/bin/busybox", X_OK, 0), by which Go looks for programs.
NEW_CALL = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
print(libc.syscall(439, -100, b"/bin/busybox", 1, 0), ctypes.get_errno())
"""


def test_a_system_call_newer_than_proot(capfd: pytest.CaptureFixture[str], root: Path, method: str) -> None:
    """It must not look at the machine's own files: it finds the root's, or does not exist (ENOSYS)."""
    home = Path(os.environ["PYTHONHOME"]).resolve()
    mounts = [Mount("ro-bind", "/python", str(home))]
    mounts.append(Mount("ro-bind", "/lib64/ld-linux-x86-64.so.2", str((home / "lib/ld.so").resolve())))
    spec = Spec(
        root=str(root),
        command=("/python/bin/python3.9", "-I", "-B", "-c", NEW_CALL),
        mounts=tuple(mounts),
        env={"LD_LIBRARY_PATH": "/python/lib"},
        method=method,
        proot=str(TOOLS),
    )
    assert enter.run(spec) == 0
    assert capfd.readouterr().out == ("0 0\n" if method == "namespace" else "-1 38\n")


def test_forbidden_for_real(capfd: pytest.CaptureFixture[str], root: Path) -> None:
    """In a namespace whose own limit of user namespaces is 0, the kernel itself refuses."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    inner = (
        "import sys; from tools.host.rootless import namespace\ntry: namespace.probe()\nexcept Exception as e: print(e)"
    )
    outer = (
        "import os, sys; from tools.host.rootless import namespace\n"
        "namespace._new_namespaces(False, True)\n"
        "open('/proc/sys/user/max_user_namespaces', 'w').write('0')\n"
        f"os.execv(sys.executable, [sys.executable, '-c', {inner!r}])\n"
    )
    done = subprocess.run([sys.executable, "-c", outer], env=environment, capture_output=True, text=True, check=True)
    assert "can't be used here" in done.stdout
    assert "user.max_user_namespaces" in done.stdout


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (Spec(root="/no/such", command=("x",)), "root '/no/such' is not a directory"),
        (Spec(root="/", command=()), "no command"),
        (Spec(root="/", command=("x",), method="magic"), "method 'magic' is unknown"),
        (Spec(root="/", command=("x",), network="lan"), "network 'lan' is unknown"),
        (Spec(root="/", command=("x",), binfmt_aarch64="/no/qemu"), "'/no/qemu', to run arm64 programs"),
        (Spec(root="/", command=("x",), mounts=(Mount("bind", "/x", "/no"),)), "'/no', to be mounted on /x"),
        (Spec(root="/", command=("x",), mounts=(Mount("tmpfs", "x"),)), "has to be absolute"),
    ],
)
def test_bad_input(spec: Spec, message: str) -> None:
    with pytest.raises(EnterError, match=message):
        enter.run(spec)


def test_links_stay_inside(tmp_path: Path) -> None:
    (tmp_path / "usr/lib").mkdir(parents=True)
    (tmp_path / "lib").symlink_to("usr/lib")
    (tmp_path / "abs").symlink_to("/usr/lib")
    (tmp_path / "up").symlink_to("../../../../usr")
    (tmp_path / "loop").symlink_to("loop")
    assert inside(str(tmp_path), "/lib/x") == f"{tmp_path}/usr/lib/x"
    assert inside(str(tmp_path), "/abs/../y") == f"{tmp_path}/usr/y"
    assert inside(str(tmp_path), "/up/lib") == f"{tmp_path}/usr/lib"
    with pytest.raises(EnterError, match="too many symbolic links"):
        inside(str(tmp_path), "/loop")
