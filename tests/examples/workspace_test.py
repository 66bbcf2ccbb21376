"""The examples as workspaces of their own: Bazel in Bazel, on the sources of the work tree.

A whole base has hundreds of parts, and its interpreter takes minutes to compile. So what is built is an image of the same
rules on a small base, and what the examples themselves have without a base.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import tarfile
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.examples import private_index
from tests.examples.private_index import PrivateIndex
from tools.host.lint.worktree import ROOT
from tools.inputs.wheel.samples import make_wheel
from tools.lib import decode
from tools.locks.pypi.local_index import LocalIndex
from tools.locks.pypi.model import LockedFile
from tools.project import lock
from tools.ship.tests import certificates, front
from tools.ship.tests import registry as registries

_HERE = Path(__file__).parent
_NOWHERE = "file:///nowhere"
UPDATE, PUSH = "bazel run :image.update", "bazel run :image.push -- REGISTRY/REPOSITORY:TAG"
_VARIABLES = ("RUNTIME_PYPI_INDEX_URL", "RUNTIME_PYPI_FILES_URL", "RUNTIME_DEBIAN_URL", "RUNTIME_DEBIAN_SECURITY_URL")
# Authorities of this machine: bazelisk's Bazel fetches its modules.
_BUNDLES = [
    Path("/etc/ssl/certs/ca-certificates.crt"),
    Path("/etc/pki/tls/certs/ca-bundle.crt"),
    Path("/etc/ssl/cert.pem"),
]


class Workspace:
    """An example as a team's workspace, and a Bazel server for it.

    Attributes:
        path: of the workspace.
        environment: of Bazel.

    Args:
        directory: an empty directory.
        example: its name.
        startup: options of the server.
    """

    def __init__(self, directory: Path, example: str, startup: Sequence[str] = ()) -> None:
        bazel = os.environ.get("BAZEL_REAL") or shutil.which("bazel")
        assert bazel, "no Bazel to run: neither BAZEL_REAL is set nor bazel on PATH (start the tests by tools/bazel)"
        self.path = directory / "team"
        shutil.copytree(ROOT / "examples" / example, self.path, ignore=shutil.ignore_patterns("bazel-*"))
        module = self.path / "MODULE.bazel"
        text = module.read_text()
        assert text.count('path = "../.."') == 1
        module.write_text(text.replace('"../.."', json.dumps(str(ROOT))))
        files = directory / "files"
        files.mkdir()
        for file in map(Path, os.environ["FILES"].split()):
            (files / file.name).symlink_to(file.absolute())
        self._user_root = directory / "bazel"
        # Less of Java's compiler: the server builds once. What it keeps goes with the test.
        own = [f"--output_user_root={self._user_root}", "--max_idle_secs=60", "--nohome_rc"]
        own += ["--host_jvm_args=-XX:TieredStopAtLevel=1"]
        options = [f"--distdir={files}", "--curses=no", "--color=no", "--noshow_progress", "--jobs=2"]
        # Nothing is asked for: what the test has not named as a file is missing.
        options += [f"--repo_env={name}={_NOWHERE}" for name in _VARIABLES]
        # .push starts Bazel again: it has to be the same server.
        with (self.path / ".bazelrc").open("a") as settings:
            settings.write("".join(f"common {option}\n" for option in options))
        self._bazel = self.path / "tools/bazel"
        self._bazel.parent.mkdir()
        self._bazel.write_text(f'#!/bin/sh\nexec {shlex.join([bazel, *own, *startup])} "$@"\n')
        self._bazel.chmod(0o755)
        self.environment = {"HOME": str(directory), "PATH": os.environ["PATH"], "no_proxy": "*"}
        if Path("/usr/lib/jvm/default-java").exists():
            self.environment["JAVA_HOME"] = "/usr/lib/jvm/default-java"

    def run(self, *words: str, **environment: str) -> str:
        """Run Bazel; return what it prints."""
        done = self._run(*words, **environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fails(self, *words: str, **environment: str) -> str:
        """Run Bazel, which must fail; return what it says."""
        done = self._run(*words, **environment)
        assert done.returncode != 0, done.stdout
        return done.stderr

    def _run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._bazel, *words],
            cwd=self.path,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
        )

    def close(self) -> None:
        """Kill the server: it has nothing to keep."""
        for number in self._user_root.glob("*/server/server.pid.txt"):
            os.kill(int(number.read_text()), signal.SIGKILL)


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    team = Workspace(tmp_path_factory.mktemp("team"), "team_image")
    shutil.copytree(_HERE / "small", team.path / "small", copy_function=shutil.copyfile)
    yield team
    team.close()


def test_image(team: Workspace) -> None:
    """The base's wheel and the project's DAG are in the image; the same bytes as in our own workspace."""
    team.run("build", "//:image.check", "//small:image_amd64", "//small:image.push")
    layout = team.path / "bazel-bin/small/image_amd64"
    names = set()
    for blob in (layout / "blobs/sha256").iterdir():
        data = blob.read_bytes()
        assert hashlib.sha256(data).hexdigest() == blob.name
        if data[:2] == b"\x1f\x8b":
            with tarfile.open(blob) as layer:
                names |= set(layer.getnames())
    assert "usr/local/airflow/dags/hello.py" in names
    assert "usr/local/lib/python3.9/site-packages/astro_runtime_start/__pycache__/__init__.cpython-39.pyc" in names
    (entry,) = json.loads((layout / "index.json").read_text())["manifests"]
    assert entry["digest"] == Path(os.environ["DIGEST"]).read_text().strip()


def test_other_rules(team: Workspace) -> None:
    """Accepted digests, soundness and structure tests are for a consumer's images as for ours."""
    assert "FAIL: //small:golden_test" in team.fails("test", "//small:golden_test")
    team.run("run", "//small:update")
    assert "manifest sha256:" in (team.path / "small/image_amd64.golden").read_text()
    team.run("test", "//small:golden_test", "//small:soundness_test", "//small:structure_test")


def test_the_guides_commands() -> None:
    """Those that are not run here need a whole base: tests of examples/team_image and //tools/project run what they start."""
    page = (ROOT / "docs/project.md").read_text()
    assert re.findall(r"^\| `(bazel [^`]+)` \|", page, re.MULTILINE) == [
        UPDATE,
        "bazel build :image",
        PUSH,
        "bazel run :image.load",
        "bazel test :image.packages_amd64_test",
        "bazel test :dags_test",
    ]


def test_push(team: Workspace, tmp_path: Path) -> None:
    """Pushed once, and again with an edited DAG: then a layer and a config are sent."""
    with registries.running(tmp_path / "registry") as registry:
        name = f"{registry.address}/team/airflow:dev"
        words = shlex.split(PUSH.replace(":image", "//small:image").replace("REGISTRY/REPOSITORY:TAG", name))[1:]
        first = team.run(*words, "--tls-verify=false").strip()
        (team.path / "small/dags/hello.py").write_text("# edited\n")
        registry.forget()
        second = team.run(*words, "--tls-verify=false").strip()
        assert registry.sent_blobs() == 2
        team.run("run", "//small:base.push", "--", f"{registry.address}/team/base", "--tls-verify=false")
        registry.get("/v2/team/base/manifests/1")
        served = registry.get("/v2/team/airflow/manifests/dev")[1]
    assert second == f"{name}@{served}"
    assert first.partition("@")[0] == name and first != second


@dataclass(frozen=True)
class Private:
    """The example with a private index.

    Attributes:
        workspace: with a second project in it, //other, which has no lock yet.
        index: what both projects name.
        variables: what the example's README exports.
        machine: variable of this machine's own index.
    """

    workspace: Workspace
    index: PrivateIndex
    variables: Mapping[str, str]
    machine: Mapping[str, str]

    def lock(self, package: str = "") -> bytes:
        """Return a project's lock, which names neither the host nor who logs in."""
        data = (self.workspace.path / package / lock.NAME).read_bytes()
        self.assert_silent(data)
        return data

    def files(self, package: str = "") -> dict[str, LockedFile]:
        """Return the files of a project's lock by name of the distribution."""
        rows = decode.at(decode.value(self.lock(package)), "files", hint=list)
        return {row["name"]: decode.fields(LockedFile, row) for row in rows}

    def fetched(self, file: LockedFile) -> bytes:
        """Return a wheel that Bazel has fetched."""
        (found,) = self._external().glob(f"*airflow_projects?wheel_?_{file.sha256[:20]}/{file.file}")
        return found.read_bytes()

    def assert_silent(self, data: bytes) -> None:
        """Check that a file names neither the host nor who logs in."""
        known = {text for value in self.variables.values() for text in (value, urllib.parse.quote(value, safe=""))}
        assert not [text for text in known if text.encode() in data]

    def repositories(self) -> list[Path]:
        """Return the files of all repositories of locks."""
        return [file for file in self._external().glob("*airflow_projects?*/**/*") if file.is_file()]

    def _external(self) -> Path:
        return Path(self.workspace.run("info", "output_base").strip(), "external")


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Private]:
    authority = certificates.authority(tmp_path_factory.mktemp("tls"))
    store = authority.java_store(*_BUNDLES)
    place = tmp_path_factory.mktemp("private")
    workspace = Workspace(place, "private_index", [f"--host_jvm_args=-Djavax.net.ssl.trustStore={store}"])
    workspace.environment["SSL_CERT_FILE"] = str(authority.certificate)
    folder = tmp_path_factory.mktemp("index")
    _write_other(workspace, folder)
    with private_index.running(folder, authority.server("index")) as index, LocalIndex(folder) as machine:
        # The public package is that of the other example.
        for name in ("requirements_lock/10_py311.json", "examples/team_image/requirements.lock"):
            for file in lock.read_base(ROOT / name).files:
                machine.locked(file)
        yield Private(workspace, index, index.variables, {"RUNTIME_PYPI_INDEX_URL": machine.url})
    workspace.close()


def _write_other(workspace: Workspace, folder: Path) -> None:
    """Write a project that wants a wheel of the index, two at addresses, and one of its own."""
    root = workspace.path / "other"
    (root / "wheels").mkdir(parents=True)
    _, two, three = (make_wheel(folder, {f"{name}.py": ""}, name=name) for name in ("one", "two", "three"))
    sha256 = hashlib.sha256(two.read_bytes()).hexdigest()
    own = make_wheel(root / "wheels", {"four.py": ""}, name="four")
    (root / "requirements.txt").write_text(
        "--extra-index-url https://${INDEX_HOST}/simple\none\n"
        f"two @ https://${{INDEX_USER}}:${{INDEX_WORD}}@${{INDEX_HOST}}/files/{two.name}#sha256={sha256}\n"
        f"three @ https://${{INDEX_USER}}@${{INDEX_HOST}}/files/{three.name}\n"
        f"./wheels/{own.name}\n"
    )
    (root / "BUILD.bazel").write_text(
        'load("@airflow_runtime_images//:defs.bzl", "airflow_project")\n'
        'airflow_project(name = "image", line = "10_py311", requirements = "requirements.txt", srcs = [])\n'
    )
    with (workspace.path / "MODULE.bazel").open("a") as module:
        module.write('airflow_projects.lock(file = "//other:requirements.lock")\n')
        module.write('use_repo(airflow_projects, "airflow_project_locks")\n')


def test_the_examples_commands() -> None:
    """The DAG is tested by private_image_test, in a whole base; .push above."""
    page = (ROOT / "examples/private_index/README.md").read_text()
    assert re.findall(r"^    (bazel .*?)(?:  +#.*)?$", page, re.MULTILINE) == [UPDATE, "bazel test :dags_test", PUSH]
    (exported,) = re.findall(r"^    export (.*)$", page, re.MULTILINE)
    assert {word.partition("=")[0] for word in exported.split()} == PrivateIndex("", Path()).variables.keys()
    (line,) = re.findall(r"^--.*$", (ROOT / "examples/private_index/requirements.txt").read_text(), re.MULTILINE)
    assert f"| variables | `{line}` |" in page


def test_private_index_without_credentials(private: Private) -> None:
    """Updater and build name the variable that is not set; or the host that refused, and what helps."""
    bazel, file = private.workspace, private.files()["company-calendar"]
    label, update = f"@airflow_project_locks//lock_0:{file.file}", UPDATE.split()[1:]
    log = bazel.fails(*update, **private.machine)
    assert "requirements.txt, line 2: ${INDEX_USER} is not set: export INDEX_USER" in log
    log = bazel.fails("build", label)
    assert "${INDEX_USER} in the requirements is not set: export INDEX_USER, or pass --repo_env=INDEX_USER=VALUE" in log
    refused = {**private.variables, "INDEX_WORD": "of-last-year"}
    log = bazel.fails(*update, **private.machine, **refused)
    page = f"https://{private.index.host}/simple/company-calendar/"
    assert f"requirements.txt, line 2: {page}: 401 Unauthorized: correct INDEX_USER and INDEX_WORD" in log, log
    assert "of-last-year" not in log
    log = bazel.fails("build", label, **refused)
    assert f"https://{private.index.host}/{file.path} failed" in log and "401" in log, log
    assert "in ~/.netrc or in the variables that the requirements name" in log.partition("remedy:")[2]
    assert "of-last-year" not in log


def test_private_index(private: Private) -> None:
    """The lock names no host: the requirements do, and the environment has host, user and password."""
    bazel, file = private.workspace, private.files()["company-calendar"]
    bazel.run("build", ":image.check", f"@airflow_project_locks//lock_0:{file.file}", **private.variables)
    data = private.fetched(file)
    assert hashlib.sha256(data).hexdigest() == file.sha256
    assert data == (private.index.folder / file.file).read_bytes()
    files = private.repositories()
    assert {"locks.bzl", file.file} <= {each.name for each in files}
    for each in files:
        private.assert_silent(each.read_bytes())


def test_the_examples_lock_is_what_its_updater_makes(private: Private) -> None:
    before = private.lock()
    (private.workspace.path / lock.NAME).unlink()
    day = decode.at(decode.value(before), "cutoff")
    private.workspace.run(*UPDATE.split()[1:], "--", "--cutoff", day, **private.machine, **private.variables)
    after = private.lock()
    assert after == before, (
        f"requirements or base have changed: write this into {lock.NAME} of the example:\n{after.decode()}"
    )


def test_other_places(private: Private) -> None:
    """By netrc; wheels at addresses, by a user that Bazel alone knows and by a credential helper; a wheel in the project."""
    home, host = Path(private.workspace.environment["HOME"]), private.index.host.partition(":")[0]
    (home / ".netrc").write_text(f"machine {host} login {private_index.USER} password {private_index.WORD}\n")
    private.workspace.run("run", "//other:image.update", **private.machine, **private.variables)
    files = private.files("other")
    assert {name: file.registry for name, file in files.items()} == {
        "one": lock.INDEX,
        "two": lock.ADDRESS,
        "three": lock.ADDRESS,
        "four": lock.PROJECT,
    }
    labels = [f"@airflow_project_locks//lock_1:{file.file}" for file in files.values() if file.registry != lock.PROJECT]
    variables = {name: value for name, value in private.variables.items() if name != "INDEX_USER"}
    user = f"--repo_env=INDEX_USER={private_index.USER}"
    (label,) = [label for label in labels if "three" in label]
    log = private.workspace.fails("build", label, user, **variables)
    assert f"/{files['three'].path} failed" in log and "401" in log, log
    helper = home / "helper"
    answer = {"headers": {"Authorization": [front.basic(f"{private_index.USER}:{private_index.WORD}")]}}
    helper.write_text(f"#!/bin/sh\ncat > /dev/null\necho {shlex.quote(json.dumps(answer))}\n")
    helper.chmod(0o755)
    private.workspace.run("build", label, user, f"--credential_helper={host}={helper}", **variables)
    private.workspace.run("build", "//other:image.check", *labels, user, **variables)
    for name in ("one", "two", "three"):
        assert hashlib.sha256(private.fetched(files[name])).hexdigest() == files[name].sha256
