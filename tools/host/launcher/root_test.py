"""root.sh makes the root once, whole or not at all, and says in one line why it can't."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import signal
import stat
import time
from pathlib import Path

import pytest

from tools.host.launcher.machine import KEYS, REPOSITORY, VERSION, Machine, alive, finish, wait_for


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def only_root(machine: Machine) -> Path:
    """Return the root, the only content of the cache."""
    (name,) = machine.in_cache()
    return machine.cache / name


def one_line(stderr: str) -> str:
    """Return the line with the launcher's error: all its output after it has begun."""
    lines = [line for line in stderr.splitlines() if "making a root" not in line]
    assert len(lines) == 1, stderr
    assert lines[0].startswith("tools/bazel: ")
    return lines[0]


def test_makes_the_root_and_prints_its_path(machine: Machine) -> None:
    result = machine.root()
    root = only_root(machine)
    assert (result.returncode, result.stdout) == (0, f"{root}\n")
    assert "about a minute" in result.stderr and "made in" in result.stderr
    configuration = (root / "etc/bazel/bazelrc").read_text()
    assert "build " not in configuration
    overridden = re.findall("--override_module=(.*)=(.*)", configuration)
    assert overridden == [
        ("platforms", "/usr/share/bazel/tools/platforms"),
        ("buildozer", "/usr/share/bazel/stubs/buildozer"),
        ("zlib", "/usr/share/bazel/stubs/zlib"),
    ]
    assert (root / "usr/share/bazel/stubs/zlib/MODULE.bazel").read_text() == 'module(name = "zlib")\n'
    extension = (root / "usr/share/bazel/stubs/buildozer/buildozer_binary.bzl").read_text()
    assert extension.startswith("buildozer_binary = module_extension(")


def test_is_made_once(machine: Machine) -> None:
    first = machine.root()
    second = machine.root()
    assert (second.stdout, second.stderr, second.returncode) == (first.stdout, "", 0)
    assert len(machine.calls("mmdebstrap")) == 1


def test_another_recipe_is_another_root(machine: Machine) -> None:
    first = machine.root().stdout
    with (machine.workspace / "tools/host/launcher/recipe.sh").open("a") as recipe:
        recipe.write("# changed\n")
    assert machine.root().stdout != first


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_interrupted_half_way(machine: Machine, number: signal.Signals) -> None:
    machine.hold()
    process = machine.start_root()
    child = machine.wait_half_way()
    process.send_signal(number)
    result = finish(process)
    assert result.returncode != 0 and result.stdout == ""
    wait_for(lambda: not alive(child), "all of mmdebstrap to end")
    left = machine.in_cache()
    if number == signal.SIGKILL:  # it could not clean up
        assert [name[:7] for name in left] == ["making."]
    else:
        assert left == []

    machine.let_go()
    later = machine.root()
    assert later.returncode == 0, later.stderr
    assert later.stdout == f"{only_root(machine)}\n"
    assert len(machine.calls("mmdebstrap")) == 2


def test_two_starts_at_once_build_once(machine: Machine) -> None:
    machine.hold()
    first = machine.start_root()
    machine.wait_half_way()
    second = machine.start_root()
    waiting = second.stderr
    assert waiting and "waiting" in waiting.readline()
    machine.let_go()
    results = [finish(first), finish(second)]
    assert [result.stdout for result in results] == [f"{only_root(machine)}\n"] * 2
    assert len(machine.calls("mmdebstrap")) == 1


def test_who_waited_builds_when_the_first_is_killed(machine: Machine) -> None:
    machine.hold()
    first = machine.start_root()
    machine.wait_half_way()
    second = machine.start_root()
    waiting = second.stderr
    assert waiting and "waiting" in waiting.readline()
    first.kill()
    finish(first)
    machine.let_go()
    assert finish(second).stdout == f"{only_root(machine)}\n"
    assert len(machine.calls("mmdebstrap")) == 2


def test_half_removed_root_is_made_anew(machine: Machine) -> None:
    machine.root()
    root = only_root(machine)
    (root / ".complete").unlink()
    (root / "left").touch()
    assert machine.root().returncode == 0
    assert only_root(machine) == root and not (root / "left").exists()


@pytest.mark.parametrize("ci", ["", "true"])
def test_failing_mmdebstrap(machine: Machine, ci: str) -> None:
    machine.program(
        "mmdebstrap", "#!/bin/sh\necho 'I: begin'\necho 'E: no such mirror'\necho 'E: 2'\nkill -HUP 0\nexit 5"
    )
    result = machine.root(CI=ci)
    assert result.returncode == 1 and result.stdout == ""
    line = result.stderr.splitlines()[-1]
    assert "E: no such mirror" in line and "RUNTIME_LAUNCHER_DEBIAN_URL" in line and f"bazel {VERSION} on PATH" in line
    assert ("I: begin" in result.stderr) == bool(ci), "CI shows the log, which is lost there"
    assert ci or line == one_line(result.stderr)
    assert machine.in_cache() == ["failed.log"]


def test_tar_that_is_not_whole(machine: Machine) -> None:
    machine.program("mmdebstrap", '#!/bin/sh\nfor target; do :; done\nhead -c 5000 "$0" >"$target"\n')
    result = machine.root()
    assert result.returncode == 1 and "could not be unpacked" in one_line(result.stderr)
    assert machine.in_cache() == []


def test_newer_version_is_taken_with_its_own_modules(machine: Machine) -> None:
    """Debian's testing suite goes on; what Bazel's module depends on changes with the version."""
    machine.write(machine.fakes / "make", "echo 8.1.0 >$target.tree/usr/share/bazel/build-label.txt\n")
    machine.write(
        machine.fakes / "MODULE.bazel",
        'bazel_dep(name = "abseil", version = "1")\n'
        'shell = use_extension("@rules_shell//shell:sh.bzl", "sh_configure")\nbazel_dep(name = "rules_shell", version = "1")\n',
    )
    result = machine.root()
    assert result.returncode == 0, result.stderr
    root = only_root(machine)
    configuration = (root / "etc/bazel/bazelrc").read_text()
    assert re.findall("stubs/(.*)", configuration) == ["abseil", "rules_shell"]
    assert (root / "usr/share/bazel/stubs/rules_shell/shell/sh.bzl").read_text().startswith("sh_configure = ")
    assert machine.root().stdout == result.stdout


@pytest.mark.parametrize("found", ["9.9.9", "7.3.2", "none"])
def test_mirror_has_another_version(machine: Machine, found: str) -> None:
    label = "" if found == "none" else f"echo {found} >$target.tree/usr/share/bazel/build-label.txt\n"
    machine.write(machine.fakes / "make", label)
    result = machine.root()
    line = one_line(result.stderr)
    assert result.returncode == 1 and f"is {found}, .bazelversion asks for {VERSION}" in line and "on PATH" in line
    assert machine.in_cache() == []


@pytest.mark.parametrize(
    "missing, packages",
    [
        (["mmdebstrap"], "mmdebstrap"),
        (["bwrap"], "bubblewrap"),
        (["newuidmap"], "uidmap"),
        (["mmdebstrap", "bwrap", "newuidmap"], "mmdebstrap bubblewrap uidmap"),
    ],
)
def test_ordinary_user_is_told_what_to_install(machine: Machine, missing: list[str], packages: str) -> None:
    for name in missing:
        machine.remove(name)
    result = machine.root()
    assert result.returncode == 1
    assert f"Run: sudo apt-get install -y --no-install-recommends {packages} (or " in one_line(result.stderr)
    assert machine.in_cache() == []


def test_keyring_of_the_machine_may_be_missing(machine: Machine) -> None:
    assert machine.root(RUNTIME_LAUNCHER_KEYRING="/nonexistent").returncode == 0
    assert (machine.fakes / "keyrings").read_text().split() == ["debian-archive.asc"]


def test_keyrings_of_the_project_and_of_the_machine(machine: Machine) -> None:
    machine.root()
    assert (machine.fakes / "keyrings").read_text().split() == ["debian-archive.asc", "keyring"]


@pytest.mark.parametrize(
    "line, reason",
    [
        ("W: GPG error: x: The following … NO_PUBKEY 6ED0E7B82643E131", ": NO_PUBKEY 6ED0E7B82643E131"),
        ("Err: Sub-process sqv … Missing key 4CB50190207B4758, which is", ": Missing key 4CB50190207B4758"),
        ("E: The repository 'http://mirror.example forky InRelease' is not signed.", ": is not signed"),
    ],
)
def test_signature_by_an_unknown_key(machine: Machine, line: str, reason: str) -> None:
    machine.program("mmdebstrap", f'#!/bin/sh\necho "{line}"\necho "E: apt-get update failed"\nexit 1\n')
    said = one_line(machine.root(RUNTIME_LAUNCHER_DEBIAN_URL="https://mirror.example/debian").stderr)
    assert f"the signature of forky on https://mirror.example/debian can't be checked{reason} (log: " in said
    assert (
        f"{machine.environment['RUNTIME_LAUNCHER_KEYRING']}: name a keyring that has it by RUNTIME_LAUNCHER_KEYRING"
        in said
    )


def test_keys_of_the_project() -> None:
    """They have the fingerprints that Debian publishes for its automatic signing keys of bookworm and trixie."""
    text = (REPOSITORY / "tools/host/launcher" / KEYS).read_text()
    data = base64.b64decode(text.partition("\n\n")[2].partition("\n=")[0])
    found = []
    while data:
        tag, octets = data[0] >> 2 & 15, 1 << (data[0] & 3)  # RFC 4880, 4.2.1
        length = int.from_bytes(data[1 : 1 + octets], "big")
        body, data = data[1 + octets : 1 + octets + length], data[1 + octets + length :]
        if tag == 6:  # a primary key: its fingerprint is by 12.2
            found.append(hashlib.sha1(b"\x99" + length.to_bytes(2, "big") + body).hexdigest().upper())
    assert found == ["B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8", "04B54C3CDCA79751B16BC6B5225629DF75B188BD"]


def test_root_installs_what_is_missing(tmp_path: Path) -> None:
    machine = Machine(tmp_path, uid=0)
    machine.program("unshare", '#!/bin/sh\n[ "$1" = --mount ] && shift && exec "$@"\n')
    (machine.bin / "mmdebstrap").rename(machine.fakes / "mmdebstrap")
    machine.remove("newuidmap")
    machine.program(
        "apt-get",
        "#!/bin/sh\n"
        'echo "$*" >>"$FAKES/apt-get.calls"\n'
        f'case $1 in install) [ ! -e "$FAKES/mmdebstrap" ] || mv "$FAKES/mmdebstrap" {machine.bin}/ ;; esac\n',
    )
    result = machine.root()
    assert result.returncode == 0, result.stderr
    assert machine.calls("apt-get")[0] == "install -y --no-install-recommends mmdebstrap"
    # A user's own tree needs no tar file, and what mmdebstrap leaves when killed must lie where the next run removes it.
    assert f"TMPDIR={machine.cache}/making." in (machine.fakes / "mmdebstrap.environment").read_text()
    assert machine.calls("mmdebstrap")[0].endswith("/root")


def test_root_without_the_capability_to_mount(tmp_path: Path) -> None:
    """As in a container of docker's or podman's defaults."""
    machine = Machine(tmp_path, uid=0)
    machine.program("unshare", "#!/bin/sh\nexit 1\n")
    result = machine.root()
    assert result.returncode == 1 and "needs CAP_SYS_ADMIN" in one_line(result.stderr)
    assert machine.calls("mmdebstrap") == [] and machine.in_cache() == []


def test_root_that_can_not_install(tmp_path: Path) -> None:
    machine = Machine(tmp_path, uid=0)
    machine.remove("bwrap")
    machine.program("apt-get", "#!/bin/sh\nexit 100\n")
    result = machine.root()
    assert result.returncode == 1
    assert "could not be installed: bubblewrap" in result.stderr.splitlines()[-1]


def test_other_machines(machine: Machine) -> None:
    machine.program("uname", "#!/bin/sh\ncase $1 in -s) echo Darwin ;; *) echo arm64 ;; esac\n")
    result = machine.root()
    assert result.returncode == 1 and "this is Darwin arm64" in one_line(result.stderr)


def test_cache_that_can_not_be_written(machine: Machine) -> None:
    result = machine.root(XDG_CACHE_HOME="/dev/null/cache")
    line = one_line(result.stderr)
    assert result.returncode == 1 and "/dev/null/cache" in line and "XDG_CACHE_HOME" in line


def test_no_home(machine: Machine) -> None:
    del machine.environment["HOME"]
    result = machine.root()
    assert result.returncode == 1 and "HOME is not set" in one_line(result.stderr)


def test_umask_of_the_user_does_not_count(machine: Machine) -> None:
    before = os.umask(0o077)
    try:
        assert machine.root().returncode == 0
    finally:
        os.umask(before)
    root = only_root(machine)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (root, root / "etc", root / "usr/share/bazel")} == {0o755}


def test_roots_unused_for_a_month_are_removed(machine: Machine) -> None:
    day = 86400
    for name, age in (("bazel-7.4.0-old", 40 * day), ("bazel-7.5.0-used", 5 * day)):
        mark = machine.cache / name / ".complete"
        mark.parent.mkdir(parents=True)
        mark.touch()
        os.utime(mark, (time.time() - age, time.time() - age))
    result = machine.root()
    assert "bazel-7.4.0-old, unused for a month" in result.stderr
    names = machine.in_cache()
    assert "bazel-7.5.0-used" in names and "bazel-7.4.0-old" not in names and len(names) == 2

    os.utime(Path(result.stdout.strip()) / ".complete", (0, 0))
    machine.root()
    assert time.time() - (Path(result.stdout.strip()) / ".complete").stat().st_mtime < day, "a use is remembered"


def test_debian_mirror(machine: Machine) -> None:
    machine.program(
        "apt-get",
        "#!/bin/sh\n"
        "printf '%s\\n' https://mirror.example/debian-security/ mirror+file:///etc/list/debian/ https://mirror.example/debian/\n",
    )
    machine.root()
    assert machine.calls("mmdebstrap")[0].endswith(" https://mirror.example/debian/")
    with (machine.workspace / "tools/host/launcher/recipe.sh").open("a") as recipe:
        recipe.write("# changed\n")
    machine.root(RUNTIME_DEBIAN_URL="https://company.example/debian https://old.example/debian")
    assert machine.calls("mmdebstrap")[1].endswith(" https://company.example/debian")
    with (machine.workspace / "tools/host/launcher/recipe.sh").open("a") as recipe:
        recipe.write("# again\n")
    machine.root(
        RUNTIME_DEBIAN_URL="https://old.example/debian", RUNTIME_LAUNCHER_DEBIAN_URL="https://new.example/debian"
    )
    assert machine.calls("mmdebstrap")[2].endswith(" https://new.example/debian")


@pytest.mark.parametrize(
    "settings, mark, message",
    [
        (
            {},
            True,
            "in this container (it needs CAP_SYS_ADMIN and a seccomp profile that allows it). Start the container",
        ),
        (
            {"kernel/apparmor_restrict_unprivileged_userns": "1"},
            False,
            "forbids it. Run: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        ({"kernel/unprivileged_userns_clone": "0"}, False, "sudo sysctl -w kernel.unprivileged_userns_clone=1"),
        ({"user/max_user_namespaces": "0"}, False, "sudo sysctl -w user.max_user_namespaces=10000"),
        (
            {"user/max_user_namespaces": "5", "kernel/apparmor_restrict_unprivileged_userns": "0"},
            False,
            "Allow user namespaces",
        ),
    ],
)
def test_machine_without_namespaces(machine: Machine, settings: dict[str, str], mark: bool, message: str) -> None:
    """It is said before the root is made, which takes a minute and 2 GB."""
    machine.write(machine.fakes / "no_namespaces", "")
    for name, value in settings.items():
        (machine.settings / name).parent.mkdir(parents=True, exist_ok=True)
        machine.write(machine.settings / name, value)
    if mark:
        machine.write(machine.settings.parent / "in-a-container", "")
    result = machine.root()
    line = one_line(result.stderr)
    assert result.returncode == 1 and message in line and f"or put bazelisk or bazel {VERSION} on PATH" in line
    assert machine.calls("mmdebstrap") == [] and machine.in_cache() == []
