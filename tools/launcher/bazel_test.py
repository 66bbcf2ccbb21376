"""tools/bazel runs the right Bazel with the right surroundings."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tools.launcher.machine import SAY_ARGUMENTS, VERSION, Machine, certificates, finish, wait_for

ARGUMENTS = ["build", "//a:b", "two words", "", "it's", 'a "quote"', "$HOME", "*", "new\nline", "--", "-x"]
ANOTHER = '#!/bin/sh\n[ "$*" != --version ] && exit 99\necho bazel 6.5.0\n'


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def runs_root(machine: Machine) -> bool:
    return (machine.standins / "mounts").exists()


def test_bazel_real_is_run_with_its_arguments(machine: Machine) -> None:
    real = machine.program("the real one", SAY_ARGUMENTS)
    machine.program("bazel", ANOTHER)
    del machine.environment["HOME"]  # nothing else is asked
    result = machine.bazel(*ARGUMENTS, BAZEL_REAL=str(real))
    assert machine.arguments() == ["the real one", *ARGUMENTS]
    assert (result.returncode, result.stderr, machine.in_cache()) == (7, "", [])


@pytest.mark.parametrize("name", ["bazel", "bazelisk"])
def test_bazel_on_path_is_run(machine: Machine, name: str) -> None:
    machine.program(name, SAY_ARGUMENTS)
    result = machine.bazel(*ARGUMENTS)
    assert machine.arguments() == [name, *ARGUMENTS]
    assert (result.returncode, result.stderr, machine.in_cache()) == (7, "", [])


def test_bazelisk_goes_before_bazel(machine: Machine) -> None:
    machine.program("bazel", SAY_ARGUMENTS)
    machine.program("bazelisk", SAY_ARGUMENTS)
    machine.bazel("info")
    assert machine.arguments() == ["bazelisk", "info"]


def test_another_version_is_not_taken(machine: Machine) -> None:
    machine.program("bazel", ANOTHER)
    result = machine.bazel("info")
    assert runs_root(machine) and result.returncode == 7
    assert machine.arguments()[-1] == "info"


def test_bazelisk_that_can_not_get_the_version_is_not_taken(machine: Machine) -> None:
    machine.program("bazelisk", "#!/bin/sh\necho 'could not download Bazel' >&2\nexit 1\n")
    machine.bazel("info")
    assert runs_root(machine)


def test_launcher_can_be_chosen(machine: Machine) -> None:
    machine.program("bazel", SAY_ARGUMENTS)
    machine.bazel("info", RUNTIME_LAUNCHER="root")
    assert runs_root(machine)


def test_launcher_on_path_does_not_start_itself(machine: Machine) -> None:
    """Neither as tools/ on PATH nor by a link, which also finds its workspace."""
    (machine.bin / "bazel").symlink_to(machine.workspace / "tools/bazel")
    result = finish(machine.start([str(machine.bin / "bazel"), "info"]))
    assert runs_root(machine) and result.returncode == 7


def test_arguments_and_directory_in_the_root(machine: Machine) -> None:
    machine.bazel(*ARGUMENTS)
    found = machine.arguments()
    assert found[-len(ARGUMENTS) :] == ARGUMENTS
    assert all(argument.startswith("--host_jvm_args=-D") for argument in found[1 : -len(ARGUMENTS)])
    assert (machine.standins / "chdir").read_text() == f"{machine.workspace}\n"


def test_version_file_without_newline(machine: Machine) -> None:
    machine.write(machine.workspace / ".bazelversion", VERSION)
    assert machine.bazel("info").returncode == 7


def test_failed_root_stops_the_launcher(machine: Machine) -> None:
    machine.program("mmdebstrap", "#!/bin/sh\necho 'E: no'\nexit 1\n")
    assert machine.bazel("info").returncode == 1
    assert not runs_root(machine)


def test_standard_input_and_output(machine: Machine) -> None:
    machine.write(machine.standins / "bazel_in_root", '#!/bin/sh\necho "out $*"\necho err >&2\n')
    result = machine.bazel("info")
    assert result.stdout.startswith("out ") and result.stdout.endswith(" info\n") and result.returncode == 0
    assert result.stderr.endswith("err\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signal_reaches_bazel(machine: Machine, number: signal.Signals) -> None:
    """And its exit status comes back, though it is bubblewrap that the launcher has started."""
    machine.write(
        machine.standins / "bazel_in_root",
        "#!/bin/sh\ntrap 'echo cancelled; exit 8' TERM HUP\ntouch \"$STANDINS/runs\"\nwhile :; do sleep 0.05; done\n",
    )
    process = machine.start([str(machine.workspace / "tools/bazel"), "build"])
    wait_for((machine.standins / "runs").exists, "Bazel to run")
    process.send_signal(number)
    result = finish(process)
    assert (result.stdout, result.returncode) == ("cancelled\n", 8)


def test_interrupt_from_the_terminal_leaves_the_end_to_bazel(machine: Machine) -> None:
    machine.write(
        machine.standins / "bazel_in_root", '#!/bin/sh\ntouch "$STANDINS/runs"\nsleep 0.5\necho ended; exit 8\n'
    )
    process = machine.start([str(machine.workspace / "tools/bazel"), "build"])
    wait_for((machine.standins / "runs").exists, "Bazel to run")
    process.send_signal(signal.SIGINT)
    result = finish(process)
    assert (result.stdout, result.returncode) == ("ended\n", 8)


def test_no_namespaces(machine: Machine) -> None:
    machine.write(machine.standins / "no_namespaces", "")
    result = machine.bazel("info")
    line = result.stderr.splitlines()[-1]
    assert result.returncode == 1 and "may not make a namespace" in line and "on PATH" in line


def test_bubblewrap_was_removed(machine: Machine) -> None:
    machine.root()
    machine.remove("bwrap")
    result = machine.bazel("info")
    assert result.returncode == 1
    assert result.stderr == "tools/bazel: bubblewrap is not installed. Run: sudo apt-get install -y bubblewrap\n"


def test_directories_that_the_root_replaces(machine: Machine) -> None:
    machine.root()
    result = machine.bazel("info", HOME="/usr/local/home", XDG_CACHE_HOME=str(machine.home / ".cache"))
    assert result.returncode == 1
    assert "/usr/local/home lies in a directory that the launcher's root replaces" in result.stderr


def test_path_beyond_ascii(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "für")
    result = machine.bazel("info")
    assert result.returncode == 1 and "letters beyond ASCII" in result.stderr.splitlines()[-1]


def test_mounts(machine: Machine) -> None:
    machine.bazel("info")
    (root,) = machine.cache.glob("bazel-*")
    mounts = (machine.standins / "mounts").read_bytes().decode().split("\0")
    binds = {(mounts[n], mounts[n + 1], mounts[n + 2]) for n in range(len(mounts) - 2)}
    assert ("--ro-bind", f"{root}/usr", "/usr") in binds and ("--ro-bind", f"{root}/etc", "/etc") in binds
    assert ("--bind", "/proc", "/proc") in binds and ("--dev-bind", "/dev", "/dev") in binds
    assert ("--bind", "/usr", "/usr") not in binds and ("--bind", "/etc", "/etc") not in binds
    for path in ("/home", "/tmp", "/var"):
        if Path(path).is_dir() and not Path(path).is_symlink():
            assert ("--bind", path, path) in binds
    # Nothing of the launcher's stays in the temporary directory.
    assert [path for path in Path(machine.environment["TMPDIR"]).iterdir() if path.name.startswith("tmp.")] == []


def test_trust_store_is_made_once_per_bundle(machine: Machine) -> None:
    machine.bazel("info")
    machine.bazel("info")
    (trust,) = machine.cache.glob("trust-*")
    assert [path.name for path in trust.iterdir()] == ["cacerts"]
    assert f"--host_jvm_args=-Djavax.net.ssl.trustStore={trust}/cacerts" in machine.arguments()
    assert len(machine.calls("trust")) == 1
    assert len((machine.standins / "trust.input").read_text().splitlines()) == 2
    assert (machine.standins / "0002.pem").read_text() == "-----BEGIN CERTIFICATE-----\n1\n-----END CERTIFICATE-----\n"

    machine.write(Path(machine.environment["SSL_CERT_FILE"]), certificates(3))
    machine.bazel("info")
    assert len(machine.calls("trust")) == 2 and len(list(machine.cache.glob("trust-*"))) == 2


@pytest.mark.parametrize("making", ["echo 'no such alias'; exit 1", "exit 0"])
def test_trust_store_that_can_not_be_made(machine: Machine, making: str) -> None:
    machine.write(machine.standins / "trust", f"{making}\n")
    result = machine.bazel("info")
    line = result.stderr.splitlines()[-1]
    assert result.returncode == 1 and "trust store can't be made from " in line and "SSL_CERT_FILE" in line
    assert list(machine.cache.glob("trust-*")) == []


def test_half_removed_trust_store_is_made_anew(machine: Machine) -> None:
    machine.bazel("info")
    (trust,) = machine.cache.glob("trust-*")
    (trust / "cacerts").rename(trust / "other")
    assert machine.bazel("info").returncode == 7
    assert [path.name for path in trust.iterdir()] == ["cacerts"]
    assert list(machine.cache.glob("trust-*")) == [trust]


def environment(machine: Machine) -> dict[str, str]:
    lines = (machine.standins / "environment").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def test_registries_are_asked_from_the_clients(machine: Machine) -> None:
    machine.program("apt-get", "#!/bin/sh\necho https://debian.example/debian/\n")
    machine.program("python3", "#!/bin/sh\necho https://index.example/simple\n")
    machine.bazel("info", LD_PRELOAD="", PYTHONPATH="/x")
    found = environment(machine)
    assert found["RUNTIME_DEBIAN_URL"] == "https://debian.example/debian/"
    assert found["RUNTIME_PYPI_INDEX_URL"] == "https://index.example/simple"
    assert "PYTHONPATH" not in found and found["PATH"] == "/usr/sbin:/usr/bin"

    machine.bazel("info", RUNTIME_DEBIAN_URL="https://company.example/debian")
    assert environment(machine)["RUNTIME_DEBIAN_URL"] == "https://company.example/debian"


def test_without_clients_nothing_is_said_about_registries(machine: Machine) -> None:
    machine.bazel("info")
    assert {"RUNTIME_DEBIAN_URL", "RUNTIME_PYPI_INDEX_URL"}.isdisjoint(environment(machine))
