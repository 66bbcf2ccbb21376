"""tools/bazel runs the right Bazel with the right surroundings."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tools.host.launcher.machine import SAY_ARGUMENTS, VERSION, Machine, certificates, finish, wait_for

ARGUMENTS = ["build", "//a:b", "two words", "", "it's", 'a "quote"', "$HOME", "*", "new\nline", "--", "-x"]
ANOTHER = '#!/bin/sh\n[ "$*" != --version ] && exit 99\necho bazel 6.5.0\n'


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def runs_root(machine: Machine) -> bool:
    return (machine.fakes / "mounts").exists()


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


@pytest.mark.parametrize("label", ["7.4.0", "7.99.1"])
def test_compatible_bazel_on_path_is_run_with_a_warning(machine: Machine, label: str) -> None:
    """Where none is there in the right version."""
    machine.program("bazel", SAY_ARGUMENTS.replace("${USE_BAZEL_VERSION:-latest}", label))
    result = machine.bazel(*ARGUMENTS)
    assert machine.arguments() == ["bazel", *ARGUMENTS]
    assert (result.returncode, machine.in_cache()) == (7, [])
    (warning,) = result.stderr.splitlines()
    assert f"using Bazel {label} (on PATH): .bazelversion asks for {VERSION}" in warning

    machine.program("bazelisk", SAY_ARGUMENTS)
    assert machine.bazel("info").stderr == ""
    assert machine.arguments() == ["bazelisk", "info"]


@pytest.mark.parametrize("label", ["7.3.2", "8.1.0", "9.0.0", "latest", "no_version"])
def test_other_bazel_on_path_is_not_run(machine: Machine, label: str) -> None:
    """Neither what MODULE.bazel does not allow nor, where a root can be made, another first number."""
    machine.program("bazel", SAY_ARGUMENTS.replace("${USE_BAZEL_VERSION:-latest}", label))
    machine.bazel("info")
    assert runs_root(machine)


def test_compatible_bazel_of_debian_is_run_with_a_warning(machine: Machine) -> None:
    machine.write(machine.fakes / "make", "echo 8.1.0 >$target.tree/usr/share/bazel/build-label.txt\n")
    for _ in range(2):
        result = machine.bazel("info")
        assert result.returncode == 7 and runs_root(machine)
        warnings = [line for line in result.stderr.splitlines() if "using Bazel" in line]
        assert len(warnings) == 1 and f"8.1.0 (Debian's in forky): .bazelversion asks for {VERSION}" in warnings[0]
    assert len(machine.calls("mmdebstrap")) == 1


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
    assert (machine.fakes / "chdir").read_text() == f"{machine.workspace}\n"


def test_version_file_without_newline(machine: Machine) -> None:
    machine.write(machine.workspace / ".bazelversion", VERSION)
    assert machine.bazel("info").returncode == 7


def test_missing_directory_for_temporary_files(machine: Machine) -> None:
    assert machine.bazel("info", TMPDIR="/nonexistent").returncode == 7


def test_failed_root_stops_the_launcher(machine: Machine) -> None:
    machine.program("mmdebstrap", "#!/bin/sh\necho 'E: no'\nexit 1\n")
    assert machine.bazel("info").returncode == 1
    assert not runs_root(machine)


def test_standard_input_and_output(machine: Machine) -> None:
    machine.write(machine.fakes / "bazel_in_root", '#!/bin/sh\necho "out $*"\necho err >&2\n')
    result = machine.bazel("info")
    assert result.stdout.startswith("out ") and result.stdout.endswith(" info\n") and result.returncode == 0
    assert result.stderr.endswith("err\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signal_reaches_bazel(machine: Machine, number: signal.Signals) -> None:
    """And its exit status comes back, though it is bubblewrap that the launcher has started."""
    machine.write(
        machine.fakes / "bazel_in_root",
        "#!/bin/sh\ntrap 'echo cancelled; exit 8' TERM HUP\ntouch \"$FAKES/runs\"\nwhile :; do sleep 0.05; done\n",
    )
    process = machine.start([str(machine.workspace / "tools/bazel"), "build"])
    wait_for((machine.fakes / "runs").exists, "Bazel to run")
    process.send_signal(number)
    result = finish(process)
    assert (result.stdout, result.returncode) == ("cancelled\n", 8)


def test_interrupt_from_the_terminal_leaves_the_end_to_bazel(machine: Machine) -> None:
    machine.write(machine.fakes / "bazel_in_root", '#!/bin/sh\ntouch "$FAKES/runs"\nsleep 0.5\necho ended; exit 8\n')
    process = machine.start([str(machine.workspace / "tools/bazel"), "build"])
    wait_for((machine.fakes / "runs").exists, "Bazel to run")
    process.send_signal(signal.SIGINT)
    result = finish(process)
    assert (result.stdout, result.returncode) == ("ended\n", 8)


def test_no_namespaces(machine: Machine) -> None:
    machine.write(machine.fakes / "no_namespaces", "")
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
    mounts = (machine.fakes / "mounts").read_bytes().decode().split("\0")
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
    assert len((machine.fakes / "trust.input").read_text().splitlines()) == 2
    assert (machine.fakes / "0002.pem").read_text() == "-----BEGIN CERTIFICATE-----\n1\n-----END CERTIFICATE-----\n"

    machine.write(Path(machine.environment["SSL_CERT_FILE"]), certificates(3))
    machine.bazel("info")
    assert len(machine.calls("trust")) == 2 and len(list(machine.cache.glob("trust-*"))) == 2


@pytest.mark.parametrize("making", ["echo 'no such alias'; exit 1", "exit 0"])
def test_trust_store_that_can_not_be_made(machine: Machine, making: str) -> None:
    machine.write(machine.fakes / "trust", f"{making}\n")
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
    lines = (machine.fakes / "environment").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def test_registries_are_asked_from_the_clients(machine: Machine) -> None:
    lines = [
        "https://debian.example/debian/",
        "https://old.example/debian",
        "https://debian.example/debian/",
        "https://x.example/x",
    ]
    machine.program("apt-get", "#!/bin/sh\n" + "".join(f"echo {line}\n" for line in lines))
    machine.program("python3", "#!/bin/sh\necho https://index.example/simple\n")
    machine.bazel("info", LD_PRELOAD="", PYTHONPATH="/x")
    found = environment(machine)
    assert found["RUNTIME_DEBIAN_URL"] == "https://debian.example/debian/ https://old.example/debian"
    assert found["RUNTIME_PYPI_INDEX_URL"] == "https://index.example/simple"
    assert "PYTHONPATH" not in found and found["PATH"] == "/usr/sbin:/usr/bin"

    machine.bazel("info", RUNTIME_DEBIAN_URL="https://company.example/debian")
    assert environment(machine)["RUNTIME_DEBIAN_URL"] == "https://company.example/debian"


def test_clients_are_asked_once(machine: Machine) -> None:
    """Until a client, its configuration or a variable changes."""

    def asked(**variables: str) -> list[int]:
        machine.bazel("info", **variables)
        assert environment(machine)["RUNTIME_PYPI_INDEX_URL"] == "https://index.example/simple"
        return [len(machine.calls(name)) for name in ("apt-get", "python3")]

    machine.root()
    site = machine.home / "site/pip.conf"
    said = 'echo "$*" >>"$FAKES/{}.calls"\n'
    machine.program("apt-get", f"#!/bin/sh\n{said.format('apt-get')}echo https://debian.example/debian\n")
    machine.program(
        "python3", f"#!/bin/sh\necho x >>$FAKES/python3.calls\necho https://index.example/simple\necho {site}\n"
    )
    assert asked() == [1, 1]
    assert asked() == [1, 1]
    assert asked(PIP_INDEX_URL="https://other.example/simple") == [2, 2]
    assert asked() == [2, 2]
    user = machine.home / ".config/pip/pip.conf"
    for count, file in enumerate((user, site), 3):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("[global]\n")
        assert asked() == [count, count]
        assert asked() == [count, count]
    for kept in machine.cache.glob("registries.*"):
        kept.write_text("damaged\n")
    assert asked() == [5, 5]
    assert len(list(machine.cache.glob("registries.*"))) == 2


def test_without_clients_nothing_is_said_about_registries(machine: Machine) -> None:
    machine.bazel("info")
    assert {"RUNTIME_DEBIAN_URL", "RUNTIME_PYPI_INDEX_URL"}.isdisjoint(environment(machine))


# Bazel writes down how a program is run, with its arguments quoted, and does not run it.
WRITE_SCRIPT = r"""#!/bin/sh
printf '%s\0' "$@" >"$FAKES/arguments"
for argument; do case $argument in --script_path=*) script=${argument#*=} ;; esac; done
cat "$FAKES/script" >"$script"
exit "$(cat "$FAKES/status")"
"""


def on_host(machine: Machine, *arguments: str, script: str = "", status: int = 0) -> Any:
    machine.write(machine.fakes / "bazel_in_root", WRITE_SCRIPT)
    machine.write(machine.fakes / "status", str(status))
    machine.write(machine.fakes / "script", f"#!/bin/bash\n{script}")
    return machine.bazel(*arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "//runtime:10.push", "--", "registry.example/a", "run", "--moving"],
        ["--max_idle_secs=5", "run", "-c", "opt", "//runtime:10.load"],
        ["run", "--config=ci", ":10_base.load", "--", "--name", "two words"],
        ["run", "runtime:10.push"],
        ["run", "@runtime//runtime:10.push"],
        ["run", "//:project", "--", "dir", "--line", "10"],
        ["run", ":project", "--", "dir"],
        ["run", "@runtime//:project", "--", "dir"],
        ["run", "//tests/benchmark:projects", "--", "--rounds", "3"],
        ["run", "//tests/benchmark:interpreters", "--", "--version", "3.11"],
    ],
)
def test_push_and_load_are_run_by_the_host(machine: Machine, arguments: list[str]) -> None:
    # Not in the root's environment, but in the user's; the rest of the line goes on to Bazel.
    program = 'printf \'%s\\n\' "$PATH" "${SSL_CERT_FILE-}" "${JAVA_HOME-none}"; exit 3\n'
    result = on_host(machine, *arguments, script=program)
    path, certificate = machine.environment["PATH"], machine.environment["SSL_CERT_FILE"]
    assert (result.returncode, result.stdout.splitlines()) == (3, [path, certificate, "none"]), result.stderr
    given = machine.arguments()[-len(arguments) - 1 :]
    place = given.index("run") + 1
    assert given[place].startswith("--script_path=")
    assert given[:place] + given[place + 1 :] == arguments
    # The script is gone.
    assert not Path(given[place].partition("=")[2]).exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "//requirements_lock:update"],
        ["run", "//requirements_lock:update", "--", "x.push"],
        ["run", "//requirements_lock:update", "x.push"],
        ["build", "//runtime:10.push"],
        ["build", "--", "run", "//runtime:10.push"],
        ["run"],
    ],
)
def test_all_else_is_run_in_the_root(machine: Machine, arguments: list[str]) -> None:
    assert machine.bazel(*arguments).returncode == 7
    assert machine.arguments()[-len(arguments) :] == arguments
    assert not any(argument.startswith("--script_path") for argument in machine.arguments())


def test_push_that_can_not_be_built_is_not_run(machine: Machine) -> None:
    result = on_host(machine, "run", "//runtime:10.push", script="echo pushed\n", status=1)
    assert (result.returncode, result.stdout) == (1, "")
    assert [path for path in Path(machine.environment["TMPDIR"]).iterdir() if path.name.startswith("tmp.")] == []


def test_signal_reaches_what_the_host_runs(machine: Machine) -> None:
    machine.write(machine.fakes / "bazel_in_root", WRITE_SCRIPT)
    machine.write(machine.fakes / "status", "0")
    program = "trap 'echo cancelled; exit 9' TERM\ntouch \"$FAKES/runs\"\nwhile :; do sleep 0.05; done\n"
    machine.write(machine.fakes / "script", program)
    process = machine.start([str(machine.workspace / "tools/bazel"), "run", "//runtime:10.push"])
    wait_for((machine.fakes / "runs").exists, "the program to run")
    process.send_signal(signal.SIGTERM)
    result = finish(process)
    assert (result.stdout, result.returncode) == ("cancelled\n", 9)


def test_what_the_host_runs_has_standard_input(machine: Machine) -> None:
    machine.write(machine.fakes / "bazel_in_root", WRITE_SCRIPT)
    machine.write(machine.fakes / "status", "0")
    machine.write(machine.fakes / "script", "exec cat\n")
    result = subprocess.run(
        [str(machine.workspace / "tools/bazel"), "run", "//runtime:10.push"],
        cwd=machine.workspace,
        env=machine.environment,
        input="from the user",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout) == (0, "from the user")
