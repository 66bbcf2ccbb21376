"""Tests of /entrypoint: who the command runs as, with which variables, and as what."""

from __future__ import annotations

import shlex
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from runtime.rootfs.rooms import Room

ENTRYPOINT = "/entrypoint"
NO = ["false", "FALSE", "False", "f", "F", "0", "no", "No", "n", "off", "OFF", " false "]
LIBSTDCXX = "/usr/lib/x86_64-linux-gnu/libstdc++.so.6"


def variables(room: Room, *, command: tuple[Any, ...] = (ENTRYPOINT,), **options: Any) -> dict[str, str]:
    """The environment that a command gets."""
    result = room.run(*command, "env", "-0", **options)
    assert result.returncode == 0, result.stderr
    return dict(pair.split("=", 1) for pair in result.stdout.split("\0") if pair)


class TestCommand:
    def test_standard_output_is_the_commands_alone(self, room: Room) -> None:
        result = room.run(ENTRYPOINT, "printf", "out")
        assert (result.stdout, result.stderr, result.returncode) == ("out", "", 0)

    def test_arguments_arrive_as_they_are(self, room: Room) -> None:
        odd = ["", " a  b ", "*", "$HOME", "-n", "it's", "line\nbreak"]
        assert room.run(ENTRYPOINT, "printf", "<%s>", *odd).stdout == "".join(f"<{word}>" for word in odd)

    def test_the_command_takes_the_entrypoints_place(self, room: Room) -> None:
        names = room.run(ENTRYPOINT, "bash", "-c", "cat /proc/[0-9]*/comm; true").stdout.split()
        assert "bash" in names
        assert "entrypoint" not in names

    def test_no_child_process_on_the_way(self, room: Room) -> None:
        stat = room.run(ENTRYPOINT, "cat", "/proc/self/stat").stdout.rpartition(")")[2].split()
        faults_of_children, seconds_of_children = stat[8], stat[13:15]  # proc(5): fields 11, 16 and 17
        assert (faults_of_children, seconds_of_children) == ("0", ["0", "0"])

    def test_exit_status(self, room: Room) -> None:
        assert room.run(ENTRYPOINT, "bash", "-c", "exit 42").returncode == 42

    def test_a_path_that_is_not_there(self, room: Room) -> None:
        result = room.run(ENTRYPOINT, "/no/such/program")
        assert result.returncode == 127
        assert "/no/such/program" in result.stderr
        assert result.stdout == ""

    def test_airflow(self, room: Room) -> None:
        result = room.run(ENTRYPOINT, "airflow", "dags", "list")
        assert (result.stdout, result.stderr) == ("airflow <dags> <list>\n", "")

    @pytest.mark.parametrize("words", [["version"], ["dags", "list"], ["jobs", "check"], ["test"], ["-h"]])
    def test_the_word_airflow_may_be_left_out(self, room: Room, words: list[str]) -> None:
        # "jobs" and "test" are words of the shell, but "test" is a program too.
        result = room.run(ENTRYPOINT, *words)
        if words == ["test"]:
            assert (result.stdout, result.returncode) == ("", 1)
        else:
            assert result.stdout == "airflow " + " ".join(f"<{word}>" for word in words) + "\n"
            assert (f"airflow {' '.join(words)}" in result.stderr) == (words == ["-h"])

    @pytest.mark.parametrize("words", [["celery", "worker"], ["celery", "flower"], ["users", "list"], ["users"]])
    def test_airflows_own_words_come_before_programs(self, room: Room, words: list[str]) -> None:
        result = room.run(ENTRYPOINT, *words)
        assert result.stdout == "airflow " + " ".join(f"<{word}>" for word in words) + "\n"
        assert result.stderr == ""

    def test_a_path_reaches_the_program(self, room: Room) -> None:
        assert room.run(ENTRYPOINT, "/usr/local/bin/celery").stdout == "amqp://\n"
        assert room.run(ENTRYPOINT, "bash", "-c", "celery").stdout == "amqp://\n"

    @pytest.mark.parametrize("word", ["", "celery worker", "celer", "*"])
    def test_words_that_are_neither(self, room: Room, word: str) -> None:
        assert room.run(ENTRYPOINT, word).stdout == f"airflow <{word}>\n"

    def test_without_a_command(self, room: Room) -> None:
        assert room.run(ENTRYPOINT).stdout == "airflow <--help>\n"


IDENTITY = "/usr/local/share/astro-runtime/identity.sh"
# As in the images' configuration.
IMAGE = {"HOME": "/home/astro", "USER": "astro", "LOGNAME": "astro", "BASH_ENV": IDENTITY, "ENV": IDENTITY}
SHOW = 'echo "$HOME $USER $LOGNAME"; umask'
SHELLS = {
    "entrypoint": (ENTRYPOINT, "sh", "-c", SHOW),
    "bash": ("bash", "-c", SHOW),
    "nested": ("bash", "-c", f"exec {ENTRYPOINT} bash -c '{SHOW}'"),
    "login bash": ("bash", "-lc", SHOW),
    "login sh": ("sh", "-lc", SHOW),
    "interactive bash": ("bash", "-ic", SHOW),
}

ROOT = "/root root root", "0022"
ASTRO = "/home/astro astro astro", "0002"
ELSEWHERE = "/tmp astro astro", "0002"


def who(
    room: Room, tmp_path: Path, *, passwd: str = "", foreign_home: bool = False, **options: Any
) -> dict[str, tuple[str, str]]:
    """Identity and umask in each of SHELLS; `passwd` is another line of /etc/passwd, a foreign home can only be read."""
    accounts = tmp_path / "passwd"
    accounts.write_text((room.root / "etc/passwd").read_text() + passwd)
    mounts = [(accounts, "/etc/passwd")]
    if foreign_home:
        mounts.append((room.root / "home/astro", "/home/astro"))
    script = "\n".join(f"echo '== {name}'; {shlex.join(command)}" for name, command in SHELLS.items())
    options = {**IMAGE, "read_only": False, **options}
    result = room.run("sh", "-c", f"umask 0022\n{script}", mounts=mounts, **options)
    found = {}
    for part in result.stdout.split("== ")[1:]:
        name, identity, umask = part.splitlines()
        found[name] = identity, umask
    return found


ENGINE = "1234:x:1234:0::{}:/sbin/nologin"


class TestIdentity:
    """The table in docs/using-images.md."""

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ({"uid": 0}, ROOT),
            ({}, ASTRO),
            ({"gid": 50000}, ASTRO),
            ({"uid": 1234}, ASTRO),
            ({"uid": 1234, "passwd": ENGINE.format("/")}, ASTRO),
            ({"uid": 1234, "passwd": ENGINE.format("/usr/local/airflow")}, ASTRO),
            ({"uid": 1234, "passwd": "me:x:1234:0::/usr/local/airflow:"}, ("/usr/local/airflow me me", "0002")),
            ({"uid": 1234, "passwd": "me:x:1234:0::/none:"}, ("/home/astro me me", "0002")),
            ({"uid": 1234, "gid": 1234, "foreign_home": True}, ELSEWHERE),
            ({"read_only": True}, ELSEWHERE),
        ],
    )
    def test_of_shells(self, room: Room, tmp_path: Path, options: dict[str, Any], expected: Any) -> None:
        assert who(room, tmp_path, **options) == dict.fromkeys(SHELLS, expected)

    @pytest.mark.parametrize(
        ("home", "options", "expected"),
        [
            ("/", {"uid": 1234}, ASTRO),
            ("/", {"uid": 1234, "passwd": ENGINE.format("/")}, ASTRO),
            ("/", {"uid": 1234, "gid": 1234, "foreign_home": True}, ELSEWHERE),
            ("/none", {}, ASTRO),
            (".", {"uid": 1234}, ASTRO),
            ("//", {"uid": 0}, ROOT),
            ("", {}, ASTRO),
            ("/usr/local/airflow", {}, ("/usr/local/airflow astro astro", "0002")),
            ("/usr/local/airflow", {"read_only": True}, ("/usr/local/airflow astro astro", "0002")),
            ("/usr/local/airflow", {"uid": 0}, ("/usr/local/airflow root root", "0022")),
        ],
    )
    def test_a_home_that_is_given(
        self, room: Room, tmp_path: Path, home: str, options: dict[str, Any], expected: Any
    ) -> None:
        found = who(room, tmp_path, HOME=home, **options)
        del found["interactive bash"]  # looks for its .bashrc in the HOME that is given
        assert found == dict.fromkeys(found, expected)

    @pytest.mark.parametrize("uid", [50000, 1234])
    def test_of_a_program_that_sources_nothing(self, room: Room, uid: int) -> None:
        result = room.run("sh", "-c", "touch ~/x; rm ~/x; echo $HOME $USER $LOGNAME", uid=uid, read_only=False, **IMAGE)
        assert (result.stdout, result.stderr) == (ASTRO[0] + "\n", "")

    def test_what_is_changed_below_it_stays(self, room: Room) -> None:
        change = f"umask 0077; HOME=/none USER=me exec bash -c '{SHOW}'"
        assert room.run(ENTRYPOINT, "bash", "-c", change, **IMAGE).stdout == "/none me astro\n0077\n"

    def test_another_umask_of_the_engine_stays(self, room: Room) -> None:
        assert room.run("sh", "-c", f"umask 0027; {ENTRYPOINT} sh -c umask", **IMAGE).stdout == "0027\n"

    def test_a_traced_step_of_a_build_shows_itself_alone(self, room: Room) -> None:
        result = room.run("bash", "-o", "pipefail", "-euxc", "echo ~", uid=0, read_only=False, **IMAGE)
        assert (result.stdout, result.stderr) == ("/root\n", "+ echo /root\n")

    def test_neither_astro_nor_group_0(self, room: Room) -> None:
        result = room.run(ENTRYPOINT, "id", "-u", uid=1234, gid=1234)
        assert result.stdout == "1234\n"
        assert "--user 1234:0" in result.stderr

    def test_root_writes_without_group_0(self, room: Room) -> None:
        result = room.run(ENTRYPOINT, "id", "-u", uid=0, gid=1234)
        assert (result.stdout, result.stderr) == ("0\n", "")

    @pytest.mark.parametrize("command", [(), ("env", "-u", "BASH_ENV")])
    def test_without_accounts_and_without_proc(self, room: Room, tmp_path: Path, command: tuple[str, ...]) -> None:
        """As in a sandbox: /etc/passwd cannot be read, /proc is not there."""
        (tmp_path / "passwd").mkdir()
        script = f"umask 0022; mount -t tmpfs none /proc; {shlex.join((*command, ENTRYPOINT, 'sh', '-c', SHOW))}"
        bare = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")
        mounts = [(tmp_path / "passwd", "/etc")]
        result = room.run(*bare, script, mounts=mounts, **IMAGE)
        assert (result.stdout, result.stderr) == ("/tmp astro astro\n0022\n", "")

    def test_files_are_writable_for_the_group(self, room: Room) -> None:
        room.run(ENTRYPOINT, "touch", "/usr/local/airflow/logs/x")
        assert (room.writable / "logs/x").stat().st_mode & 0o777 == 0o664

    def test_pip_installs_for_everybody(self, room: Room) -> None:
        assert "PIP_USER" not in variables(room, PIP_USER="1")


class TestPreload:
    def test_libstdcxx(self, room: Room) -> None:
        assert variables(room)["LD_PRELOAD"] == LIBSTDCXX

    def test_before_what_is_there(self, room: Room) -> None:
        other = "/lib/x86_64-linux-gnu/libz.so.1"
        assert variables(room, LD_PRELOAD=other)["LD_PRELOAD"] == f"{LIBSTDCXX}:{other}"

    def test_opt_out(self, room: Room) -> None:
        tries = "; ".join(f"ASTRONOMER_PRELOAD_LIBSTDCXX='{no}' {ENTRYPOINT} printenv LD_PRELOAD" for no in NO)
        result = room.run("bash", "-c", f"{tries}; echo end")
        assert (result.stdout, result.stderr) == ("end\n", "")

    @pytest.mark.parametrize("given", ["", "true", "1"])
    def test_no_opt_out(self, room: Room, given: str) -> None:
        assert variables(room, ASTRONOMER_PRELOAD_LIBSTDCXX=given)["LD_PRELOAD"] == LIBSTDCXX

    def test_once(self, room: Room) -> None:
        assert variables(room, command=(ENTRYPOINT, ENTRYPOINT))["LD_PRELOAD"] == LIBSTDCXX


CORE = "AIRFLOW__CORE__SQL_ALCHEMY_CONN"
DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"


class TestConnectionNames:
    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ({CORE: "a"}, {CORE: "a", DATABASE: "a"}),
            ({DATABASE: "a"}, {CORE: "a", DATABASE: "a"}),
            ({CORE: "a", DATABASE: "b"}, {CORE: "a", DATABASE: "b"}),
            ({CORE + "_CMD": "echo a"}, {CORE + "_CMD": "echo a", DATABASE + "_CMD": "echo a"}),
            ({DATABASE + "_SECRET": "a"}, {CORE + "_SECRET": "a", DATABASE + "_SECRET": "a"}),
            ({CORE: "a", DATABASE + "_CMD": "echo b"}, {CORE: "a", DATABASE + "_CMD": "echo b"}),
            ({}, {}),
        ],
    )
    def test_both_names_work(self, room: Room, given: dict[str, Any], expected: dict[str, Any]) -> None:
        found = variables(room, **given)
        assert {name: value for name, value in found.items() if "SQL_ALCHEMY" in name} == expected


class TestLineage:
    @pytest.mark.parametrize(
        ("airflow", "given", "expected"),
        [
            ("2.5.3", {}, "true"),
            ("2.5.3", {"OPENLINEAGE_URL": "http://localhost:5000"}, None),
            ("2.5.3", {"OPENLINEAGE_DISABLED": "false"}, "false"),
            ("2.5.3", {"OPENLINEAGE_DISABLED": "TRUE", "OPENLINEAGE_URL": "http://localhost:5000"}, "true"),
            ("2.7.3", {"OPENLINEAGE_DISABLED": "1"}, "true"),
            ("2.7.3", {}, None),
        ],
    )
    def test_off_unless_configured(self, room: Room, airflow: str, given: dict[str, Any], expected: str | None) -> None:
        assert variables(room, AIRFLOW_VERSION=airflow, **given).get("OPENLINEAGE_DISABLED") == expected


class TestPidFiles:
    """Of a component that was killed: the new one may get the same number, or another process has it."""

    SLEEP = "sleep 60 & pid=$!;"
    CELERY = "(exec -a '[celeryd: celery@x:MainProcess] -active- (celery worker)' sleep 60) & pid=$!;"
    PYTHON = "(exec -a '/usr/local/bin/python3.9 /usr/local/bin/airflow celery worker' sleep 60) & pid=$!;"
    SCHEDULER = "(exec -a '/usr/local/bin/python3.9 /usr/local/bin/airflow scheduler' sleep 60) & pid=$!;"
    GUNICORN = "(exec -a 'gunicorn: master [airflow-webserver]' sleep 60) & pid=$!;"

    def left(self, room: Room, name: str, process: str, *command: str) -> bool:
        """Whether a pid file is there after the command, which starts beside a process."""
        script = f"""
            {process}
            if ((pid < 4000000)); then
                trap 'kill $pid' EXIT
                while [[ $(tr '\\0' ' ' </proc/$pid/cmdline) == bash* ]]; do sleep 0.01; done
            fi
            echo $pid >{name}
            ({shlex.join((ENTRYPOINT, *command))}) >/dev/null
            [[ -e {name} ]]
        """
        result = room.run("bash", "-c", script, AIRFLOW_HOME="/usr/local/airflow")
        return result.returncode == 0

    @pytest.mark.parametrize(
        ("component", "command"),
        [
            ("worker", "airflow celery worker"),
            ("worker", "celery worker --queues x"),
            ("flower", "celery flower"),
            ("webserver", "airflow webserver"),
            ("webserver-monitor", "webserver --daemon"),
            ("webserver", "standalone"),
            ("scheduler", "scheduler"),
            ("triggerer", "triggerer"),
            ("dag-processor", "airflow dag-processor"),
        ],
    )
    def test_its_number_is_anothers(self, room: Room, component: str, command: str) -> None:
        assert not self.left(room, f"/usr/local/airflow/airflow-{component}.pid", self.SLEEP, *command.split())

    def test_its_number_is_free(self, room: Room) -> None:
        assert not self.left(room, "/usr/local/airflow/airflow-worker.pid", "pid=4000000;", "celery", "worker")

    @pytest.mark.parametrize(
        "command",
        [("celery", "worker"), ("bash", "-c", "exec airflow celery worker"), ("bash", "-c", "airflow  celery worker&")],
    )
    def test_its_own_number(self, room: Room, command: tuple[str, ...]) -> None:
        file = "/usr/local/airflow/airflow-worker.pid"
        start = f"echo $$ >{file}; exec {shlex.join((ENTRYPOINT, *command))}"
        room.run("bash", "-c", start, AIRFLOW_HOME="/usr/local/airflow")
        assert not (room.writable / "airflow-worker.pid").exists()

    @pytest.mark.parametrize(
        "spelling",
        [
            "--pid={}",
            "--pid {}",
            '--pid "{}"',
            "--pid=${{AIRFLOW_HOME}}/../../../{}",
            "--pid $AIRFLOW_HOME/../../..{}; :",
        ],
    )
    def test_a_file_of_another_name(self, room: Room, spelling: str) -> None:
        command = ("bash", "-c", "exec airflow celery worker " + spelling.format("/tmp/w.pid"))
        assert not self.left(room, "/tmp/w.pid", self.SLEEP, *command)

    @pytest.mark.parametrize(
        "command",
        [
            ("celery", "worker", "--pid", "/tmp/a worker.pid"),
            ("celery", "worker", "--pid=/tmp/a worker.pid"),
            ("bash", "-c", "exec airflow celery worker --pid '/tmp/a worker.pid'"),
        ],
    )
    def test_a_name_with_a_blank(self, room: Room, command: tuple[str, ...]) -> None:
        assert not self.left(room, "'/tmp/a worker.pid'", self.SLEEP, *command)

    @pytest.mark.parametrize(
        ("name", "process", "command"),
        [
            ("airflow-worker", CELERY, "celery worker"),
            ("airflow-worker", PYTHON, "celery worker"),
            ("airflow-webserver", GUNICORN, "webserver"),
            ("other", CELERY, "celery worker --pid /usr/local/airflow/other.pid"),
            ("airflow-worker", SLEEP, "scheduler"),
            ("airflow-worker", "pid=4000000;", "airflow jobs check"),
            ("airflow-worker", "pid=;", "celery worker"),
            ("other", SLEEP, "echo --pid /usr/local/airflow/other.pid"),
            ("other", SLEEP, "celery stop --pid /usr/local/airflow/other.pid"),
        ],
    )
    def test_not_stale(self, room: Room, name: str, process: Any, command: str) -> None:
        assert self.left(room, f"/usr/local/airflow/{name}.pid", process, *command.split())

    def test_of_another_component(self, room: Room) -> None:
        assert not self.left(room, "/usr/local/airflow/airflow-worker.pid", self.SCHEDULER, "celery", "worker")


class TestSignals:
    def test_the_command_gets_them(self, room: Room) -> None:
        script = "trap 'echo stopped; exit 7' TERM; echo ready; while :; do sleep 0.05; done"
        process = room.start(ENTRYPOINT, "bash", "-c", script)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=20)[0] == "stopped\n"
        assert process.returncode == 7

    def test_it_ends_while_it_waits(self, room: Room) -> None:
        connection = "postgresql://127.0.0.1:1/db"
        environment: dict[str, Any] = {DATABASE: connection, "CONNECTION_CHECK_SLEEP_TIME": "30"}
        process = room.start(ENTRYPOINT, "airflow", "scheduler", **environment)
        assert process.stderr
        assert "waiting for the database" in process.stderr.readline()
        start = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
        assert process.returncode == 128 + signal.SIGTERM
        assert time.monotonic() - start < 10


class TestProcess1:
    """Where it is the first process of a container, tini takes that place."""

    AS_PROCESS_1 = (
        *("unshare", "--user", "--map-user=50000", "--pid", "--fork", "--mount-proc", "--kill-child"),
        *("env", "--default-signal"),  # unshare ignores some signals, which its child inherits
    )

    def test_tini_reaps_orphans(self, room: Room) -> None:
        script = "sleep 0.2 & disown; exec sleep 0.6"
        watch = f"({ENTRYPOINT} true); cat /proc/1/comm; (bash -c '{script}'); cat /proc/[0-9]*/stat"
        result = room.run(*self.AS_PROCESS_1, ENTRYPOINT, "bash", "-c", watch)
        assert result.stdout.splitlines()[0] == "tini", result.stderr
        assert " Z " not in result.stdout

    def test_tini_passes_on_exit_status(self, room: Room) -> None:
        assert room.run(*self.AS_PROCESS_1, ENTRYPOINT, "bash", "-c", "exit 42").returncode == 42

    def test_a_signal_reaches_the_command_alone(self, room: Room) -> None:
        # As Celery's warm shutdown needs it: the parent stops, its workers go on.
        worker = "trap 'echo worker' TERM; sleep 1; echo done"
        script = f'bash -c "{worker}" & trap "echo parent" TERM; echo ready; wait; wait; exit 3'
        result = room.run(*self.AS_PROCESS_1, ENTRYPOINT, "bash", "-c", f"(sleep 0.3; kill -TERM 1) & {script}")
        assert result.stdout.splitlines() == ["ready", "parent", "done"], result.stderr
        assert result.returncode == 3
