"""Tests of /entrypoint: who the command runs as, with which variables, and as what."""

from __future__ import annotations

import signal
import time

import pytest

ENTRYPOINT = "/entrypoint"
LIBSTDCXX = "/usr/lib/x86_64-linux-gnu/libstdc++.so.6"


def variables(room, *, command=(ENTRYPOINT,), **options) -> dict[str, str]:
    """The environment that a command gets."""
    result = room.run(*command, "env", "-0", **options)
    assert result.returncode == 0, result.stderr
    return dict(pair.split("=", 1) for pair in result.stdout.split("\0") if pair)


class TestCommand:
    def test_standard_output_is_the_commands_alone(self, room):
        result = room.run(ENTRYPOINT, "printf", "out")
        assert (result.stdout, result.stderr, result.returncode) == ("out", "", 0)

    def test_arguments_arrive_as_they_are(self, room):
        odd = ["", " a  b ", "*", "$HOME", "-n", "it's", "line\nbreak"]
        assert room.run(ENTRYPOINT, "printf", "<%s>", *odd).stdout == "".join(f"<{word}>" for word in odd)

    def test_the_command_takes_the_entrypoints_place(self, room):
        names = room.run(ENTRYPOINT, "bash", "-c", "cat /proc/[0-9]*/comm; true").stdout.split()
        assert "bash" in names
        assert "entrypoint" not in names

    def test_no_child_process_on_the_way(self, room):
        stat = room.run(ENTRYPOINT, "cat", "/proc/self/stat").stdout.rpartition(")")[2].split()
        faults_of_children, seconds_of_children = stat[8], stat[13:15]  # proc(5): fields 11, 16 and 17
        assert (faults_of_children, seconds_of_children) == ("0", ["0", "0"])

    def test_exit_status(self, room):
        assert room.run(ENTRYPOINT, "bash", "-c", "exit 42").returncode == 42

    def test_a_path_that_is_not_there(self, room):
        result = room.run(ENTRYPOINT, "/no/such/program")
        assert result.returncode == 127
        assert "/no/such/program" in result.stderr
        assert result.stdout == ""

    def test_airflow(self, room):
        result = room.run(ENTRYPOINT, "airflow", "dags", "list")
        assert (result.stdout, result.stderr) == ("airflow <dags> <list>\n", "")

    @pytest.mark.parametrize("words", [["version"], ["dags", "list"], ["jobs", "check"], ["test"], ["-h"]])
    def test_the_word_airflow_may_be_left_out(self, room, words):
        # "jobs" and "test" are words of the shell, but "test" is a program too.
        result = room.run(ENTRYPOINT, *words)
        if words == ["test"]:
            assert (result.stdout, result.returncode) == ("", 1)
        else:
            assert result.stdout == "airflow " + " ".join(f"<{word}>" for word in words) + "\n"
            assert f"airflow {' '.join(words)}" in result.stderr

    def test_without_a_command(self, room):
        assert room.run(ENTRYPOINT).stdout == "airflow <--help>\n"


class TestIdentity:
    def test_astro(self, room):
        found = variables(room)
        assert found["HOME"] == "/home/astro"
        assert "USER" not in found
        assert room.run(ENTRYPOINT, "id", "-un").stdout == "astro\n"

    def test_a_given_home_stays(self, room):
        assert variables(room, HOME="/usr/local/airflow")["HOME"] == "/usr/local/airflow"

    def test_any_uid_in_group_0(self, room):
        result = room.run(ENTRYPOINT, "bash", "-c", 'echo "$HOME $USER $LOGNAME"; umask', uid=1234560000, HOME="/")
        assert result.stdout == "/home/astro astro astro\n0002\n"
        assert result.stderr == ""

    def test_astro_in_its_own_group(self, room):
        assert room.run(ENTRYPOINT, "true", gid=50000).stderr == ""

    def test_neither_astro_nor_group_0(self, room):
        result = room.run(ENTRYPOINT, "id", "-u", uid=1234, gid=1234)
        assert result.stdout == "1234\n"
        assert "--user 1234:0" in result.stderr

    def test_root(self, room):
        result = room.run(ENTRYPOINT, "bash", "-c", "id -u; echo $HOME", uid=0)
        assert (result.stdout, result.stderr) == ("0\n/root\n", "")

    def test_a_passwd_without_its_last_newline(self, room, tmp_path):
        passwd = tmp_path / "passwd"
        passwd.write_text("root:x:0:0::/root:/bin/sh\nsomebody:x:1234:0::/home/somebody:/bin/sh")
        result = room.run(ENTRYPOINT, "bash", "-c", "echo $HOME", uid=1234, mounts=[(passwd, "/etc/passwd")])
        assert result.stdout == "/home/somebody\n"

    def test_files_are_writable_for_the_group(self, room):
        room.run(ENTRYPOINT, "touch", "/usr/local/airflow/logs/x")
        assert (room.writable / "logs/x").stat().st_mode & 0o777 == 0o664

    def test_pip_installs_for_everybody(self, room):
        assert "PIP_USER" not in variables(room, PIP_USER="1")


class TestPreload:
    def test_libstdcxx(self, room):
        assert variables(room)["LD_PRELOAD"] == LIBSTDCXX

    def test_before_what_is_there(self, room):
        other = "/lib/x86_64-linux-gnu/libz.so.1"
        assert variables(room, LD_PRELOAD=other)["LD_PRELOAD"] == f"{LIBSTDCXX}:{other}"

    def test_opt_out(self, room):
        assert "LD_PRELOAD" not in variables(room, ASTRONOMER_PRELOAD_LIBSTDCXX="false")

    def test_once(self, room):
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
    def test_both_names_work(self, room, given, expected):
        found = variables(room, **given)
        assert {name: value for name, value in found.items() if "SQL_ALCHEMY" in name} == expected


class TestLineage:
    @pytest.mark.parametrize(
        ("airflow", "given", "expected"),
        [
            ("2.5.3", {}, "true"),
            ("2.5.3", {"OPENLINEAGE_URL": "http://localhost:5000"}, None),
            ("2.5.3", {"OPENLINEAGE_DISABLED": "false"}, "false"),
            ("2.7.3", {}, None),
        ],
    )
    def test_off_unless_configured(self, room, airflow, given, expected):
        assert variables(room, AIRFLOW_VERSION=airflow, **given).get("OPENLINEAGE_DISABLED") == expected


class TestSignals:
    def test_the_command_gets_them(self, room):
        script = "trap 'echo stopped; exit 7' TERM; echo ready; while :; do sleep 0.05; done"
        process = room.start(ENTRYPOINT, "bash", "-c", script)
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=20)[0] == "stopped\n"
        assert process.returncode == 7

    def test_it_ends_while_it_waits(self, room):
        connection = "postgresql://127.0.0.1:1/db"
        process = room.start(
            ENTRYPOINT, "airflow", "scheduler", CONNECTION_CHECK_SLEEP_TIME="30", **{DATABASE: connection}
        )
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

    def test_tini_reaps_orphans(self, room):
        script = "sleep 0.2 & disown; exec sleep 0.6"
        watch = f"({ENTRYPOINT} true); cat /proc/1/comm; (bash -c '{script}'); cat /proc/[0-9]*/stat"
        result = room.run(*self.AS_PROCESS_1, ENTRYPOINT, "bash", "-c", watch)
        assert result.stdout.splitlines()[0] == "tini", result.stderr
        assert " Z " not in result.stdout

    def test_tini_passes_on_exit_status(self, room):
        assert room.run(*self.AS_PROCESS_1, ENTRYPOINT, "bash", "-c", "exit 42").returncode == 42

    def test_a_signal_reaches_the_command_alone(self, room):
        # As Celery's warm shutdown needs it: the parent stops, its workers go on.
        worker = "trap 'echo worker' TERM; sleep 1; echo done"
        script = f'bash -c "{worker}" & trap "echo parent" TERM; echo ready; wait; wait; exit 3'
        result = room.run(*self.AS_PROCESS_1, ENTRYPOINT, "bash", "-c", f"(sleep 0.3; kill -TERM 1) & {script}")
        assert result.stdout.splitlines() == ["ready", "parent", "done"], result.stderr
        assert result.returncode == 3
