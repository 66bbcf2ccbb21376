"""The program itself: from a project's directory to a registry and to a layout."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import shlex
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.ship.skopeo import Skopeo
from tools.ship.tests import registry as registries
from tools.ship.tests.registry import Registry

HERE = Path("tools/project/tests")
DAG = "from airflow import DAG\n"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with registries.running(tmp_path_factory.mktemp("registry")) as server:
        yield server


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project of one DAG."""
    root = tmp_path / "project"
    for name, text in {
        "Dockerfile": "FROM registry.example/astronomer/astro-runtime:10.9.0\n",
        "requirements.txt": "# nothing\n",
        "packages.txt": "",
        ".dockerignore": "logs\n",
        "dags/a.py": DAG,
        "include/run.sh": "#!/bin/sh\n",
        "logs/x.log": "x",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "include/run.sh").chmod(0o755)
    return root


class Program:
    """Runs //:project as Bazel has written it down, with the small bases."""

    def __init__(self, place: Path) -> None:
        self.place = place
        (place / "golden").mkdir()
        self.accept(HERE, "amd64", "arm64")

    def accept(self, layouts: Path, *architectures: str) -> None:
        """Take the bases of a directory."""
        self.layouts = layouts
        for architecture in architectures:
            digest = (layouts / f"10_py311_{architecture}.digest").read_text()
            (self.place / f"golden/10_py311_{architecture}.golden").write_text(f"# x\nmanifest {digest}")

    def __call__(self, *arguments: object, status: int = 0) -> tuple[str, str]:
        """Run the program; return standard output and standard error."""
        given = {
            "catalogue": "tools/project/catalogue.json",
            "golden": self.place / "golden",
            "client": "tools/ship/client",
            "locks": "requirements_lock",
            "uv": "requirements_lock/uv",
        }
        support = {arch: os.environ[f"SUPPORT_{arch.upper()}"].split() for arch in ("amd64", "arm64")}
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.place), "XDG_RUNTIME_DIR": str(self.place / "runtime")}
        done = subprocess.run(
            [
                str(Path(__file__).parents[1] / "project"),
                *(f"--{name}={value}" for name, value in given.items()),
                *(word for arch, debs in support.items() for word in (f"--support-{arch}", *debs)),
                "--backends",
                *os.environ["BACKENDS"].split(),
                f"--layouts={self.layouts}",
                *map(str, arguments),
            ],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stderr
        return done.stdout, done.stderr


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def blob(layout: Path, digest: str) -> bytes:
    data = (layout / "blobs" / digest.replace(":", "/")).read_bytes()
    assert "sha256:" + hashlib.sha256(data).hexdigest() == digest
    return data


def image(layout: Path, architecture: str = "amd64") -> tuple[dict, dict]:
    """Manifest and config in a layout."""
    (root,) = json.loads((layout / "index.json").read_bytes())["manifests"]
    if root["mediaType"].endswith("index.v1+json"):
        entries = json.loads(blob(layout, root["digest"]))["manifests"]
        root = next(entry for entry in entries if entry["platform"]["architecture"] == architecture)
    manifest = json.loads(blob(layout, root["digest"]))
    return manifest, json.loads(blob(layout, manifest["config"]["digest"]))


def test_layout(program: Program, project: Path, tmp_path: Path) -> None:
    said, _ = program(project, "--output", tmp_path / "out", "--json")
    report = json.loads(said)
    assert (report["release"], report["python"], report["files"]) == ("10.9.0", "3.11", 6)
    for architecture in ("amd64", "arm64"):
        manifest, config = image(tmp_path / "out", architecture)
        base_manifest, base_config = image(HERE / f"10_py311_{architecture}")
        assert manifest["layers"][:-3] == base_manifest["layers"]
        assert [entry["created_by"] for entry in config["history"][-3:]] == [
            "project: include",
            "project",
            "project: dags",
        ]
        assert manifest["annotations"]["org.opencontainers.image.base.digest"] == report["bases"][architecture]
        assert base_config["config"].pop("OnBuild")
        assert config["config"] == base_config["config"]
        assert config["created"] == base_config["created"]
        assert len(config["history"]) == len(config["rootfs"]["diff_ids"]) == len(manifest["layers"])
        found: dict[str, tuple[float, ...]] = {}
        for layer, diff_id in zip(manifest["layers"], config["rootfs"]["diff_ids"]):
            data = blob(tmp_path / "out", layer["digest"])
            assert "sha256:" + hashlib.sha256(gzip.decompress(data)).hexdigest() == diff_id
            if layer in manifest["layers"][-3:]:
                with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                    found |= {each.name: (each.mode, each.uid, each.gid, each.mtime) for each in archive}
    home = "usr/local/airflow"
    root, directory, file, program_file = (0o755, 0, 0), (0o775, 50000, 0), (0o664, 50000, 0), (0o775, 50000, 0)
    expected = {
        ".": root,
        "usr": root,
        "usr/local": root,
        home: directory,
        f"{home}/dags": directory,
        f"{home}/include": directory,
        f"{home}/include/run.sh": program_file,
        **{
            f"{home}/{name}": file
            for name in (".dockerignore", "Dockerfile", "packages.txt", "requirements.txt", "dags/a.py")
        },
    }
    assert found == {name: (*attributes, 1704067200) for name, attributes in expected.items() if name in found}
    assert expected.keys() - found.keys() <= {"."}


def test_same_digest_everywhere(program: Program, project: Path, tmp_path: Path) -> None:
    first, _ = program(project)
    copy = tmp_path / "elsewhere" / "another name"
    copy.parent.mkdir()
    subprocess.run(["cp", "-r", project, copy], check=True)
    for path in copy.rglob("*"):
        path.chmod(0o700 if path.is_dir() or path.stat().st_mode & 0o100 else 0o600)
        os.utime(path, (1, 1))
    assert program(copy)[0] == first
    (copy / "dags/a.py").write_text(DAG + "\n")
    assert program(copy)[0] != first


def test_an_edited_dag_is_one_small_layer(program: Program, project: Path, registry: Registry) -> None:
    (project / "include/data.bin").write_bytes(os.urandom(3 << 20))
    where = ["--push", f"{registry.address}/team/edited:dev", "--tls-verify", "false"]
    registry.forget()
    program(project, *where)
    # Two layers of the bases, three of the project, two configs.
    assert registry.sent_blobs() == 7
    before = json.loads(registry.get("/v2/team/edited/manifests/dev")[0])

    # A holder of the base need not get it again, so its layers are not requested.
    program.layouts = program.place / "nowhere"
    (project / "dags/a.py").write_text(DAG + "# edited\n")
    registry.forget()
    said, log = program(project, *where)
    assert registry.sent_blobs() == 3
    after, digest = registry.get("/v2/team/edited/manifests/dev")
    assert said == f"{registry.address}/team/edited:dev@{digest}\n"
    assert "was sha256:" in log
    sizes = [blob["size"] for each in (json.loads(after), before) for blob in each["manifests"]]
    assert max(sizes) < 100_000

    registry.forget()
    assert "is there already" in program(project, *where)[1]
    assert {method for method, _ in registry.requests()} == {"GET"}


def test_one_architecture(program: Program, project: Path, registry: Registry) -> None:
    program(project, "--arch", "arm64", "--push", f"{registry.address}/arm:1", "--tls-verify", "false")
    manifest = json.loads(registry.get("/v2/arm/manifests/1")[0])
    config = json.loads(registry.get(f"/v2/arm/blobs/{manifest['config']['digest']}")[0])
    assert config["architecture"] == "arm64"


def test_base_from_a_registry(program: Program, project: Path, registry: Registry) -> None:
    """A machine that has built nothing takes the base's documents from where the base is."""
    name = f"{registry.address}/astro-runtime"
    Skopeo(Path("tools/ship/client"), tls_verify=False).copy_all(str(HERE / "10_py311_amd64"), f"{name}:10.9.0")
    (project / "Dockerfile").write_text(f"FROM {name}:10.9.0\n")
    expected, _ = program(project, "--arch", "amd64")
    for file in (program.place / ".cache").rglob("*.json"):
        file.unlink()
    program.layouts = program.place / "nowhere"
    said, _ = program(project, "--arch", "amd64", "--push", f"{name}:project", "--tls-verify", "false")
    assert said == f"{name}:project@{expected}"


def test_base_in_another_repository_is_mounted(program: Program, project: Path, registry: Registry) -> None:
    """Nothing of the base is sent or requested."""
    name = f"{registry.address}/platform/astro-runtime"
    client = Skopeo(Path("tools/ship/client"), tls_verify=False)
    for architecture in ("amd64", "arm64"):
        client.copy_all(str(HERE / f"10_py311_{architecture}"), f"{name}:{architecture}")
    program.layouts = program.place / "nowhere"
    registry.forget()
    _, log = program(project, "--base", name, "--push", f"{registry.address}/team/mounted:1", "--tls-verify", "false")
    assert f"mounted 2 layers of the base from {name}" in log
    assert registry.sent_blobs() == 5  # the project's three layers, two configs


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"packages.txt": "# x\nmake gcc\n"},
            "packages.lock is missing, and packages.txt, line 2 asks for make: run .*--lock$",
        ),
        ({"packages.txt": "# x\nmake-\n"}, "packages.txt, line 2: apt would remove make"),
        (
            {"requirements.txt": "requests\n"},
            "requirements.lock is missing, and requirements.txt, line 1 asks for requests: run .*--lock$",
        ),
        ({"Dockerfile": "FROM astro-runtime:10.9.0\nRUN x\n"}, "Dockerfile, line 2: RUN"),
        ({".env": "PASSWORD=x"}, ".env: looks like a secret"),
    ],
)
def test_refusals(program: Program, project: Path, registry: Registry, change: dict[str, str], message: str) -> None:
    for name, text in change.items():
        (project / name).write_text(text)
    registry.forget()
    said, log = program(project, "--push", f"{registry.address}/refused:1", "--tls-verify", "false", status=1)
    assert said == ""
    assert log.startswith("project: ")
    assert re.search(message, log)
    assert registry.requests() == []


def test_remedy_for_a_directory_with_a_blank(program: Program, project: Path, tmp_path: Path) -> None:
    """The command can be typed as it is printed."""
    directory = project.rename(tmp_path / "team's project")
    (directory / "requirements.txt").write_text("requests\n")
    _, log = program(directory, status=1)
    said = shlex.split(log.rstrip("\n").partition(": run ")[2])
    assert said == ["bazel", "run", "//:project", "--", str(directory), "--line", "10", "--python", "3.11", "--lock"]


@pytest.mark.parametrize(
    "name", ["registry.example/a", "registry.example/A:1", "a:1", "https://r.example/a:1", "r.example/a:!"]
)
def test_names_that_no_registry_takes(program: Program, project: Path, name: str) -> None:
    _, log = program(project, "--push", name, status=1)
    assert log.startswith("project: --push ")
    assert log.count("\n") == 1


def test_bazel_makes_the_same(program: Program, registry: Registry, tmp_path: Path) -> None:
    """The project in team/, by airflow_project: the digest, and what its .push sends to a registry that has the base."""
    directory = tmp_path / "team"
    for file in (HERE / "team").rglob("*"):
        if file.is_file() and file.suffix in (".py", ".sh"):
            target = directory / file.relative_to(HERE / "team")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
            target.chmod(0o755 if file.suffix == ".sh" else 0o644)
    name = f"{registry.address}/team/bazel"
    said, _ = program(directory, "--line", "10", "--push", f"{name}:directory", "--tls-verify", "false")
    _, _, digest = said.strip().partition("@")
    assert (HERE / "team/image.digest").read_text().strip() == digest
    registry.forget()
    done = subprocess.run(
        # What `bazel run` gives it first.
        [
            str(Path(__file__).parent / "team/image.push"),
            f"@{HERE}/team/image.shipped",
            "--client=tools/ship/client",
            "push",
        ]
        + [f"{name}:bazel", "--tls-verify", "false"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path / "runtime")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, f"{name}:bazel@{digest}\n"), done.stderr
    assert registry.sent_blobs() == 0


def test_a_requirement_that_is_compiled(program: Program, tmp_path: Path) -> None:
    """The project in native/ makes the image that airflow_project makes; a second run installs and compiles nothing."""
    team = HERE / "native"
    program.accept(team, "amd64")
    directory = tmp_path / "project"
    for name in ("dags/a.py", "packages.lock", "packages.txt", "requirements.lock", "requirements.txt"):
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes((team / name).read_bytes())
    for kind, files in (("debs", "DEBS"), ("wheels", "ARCHIVES")):
        for file in map(Path, os.environ[files].split()):
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            place = program.place / ".cache/airflow-runtime-images" / kind / digest
            place.mkdir(parents=True)
            (place / file.name).write_bytes(file.read_bytes())
    words = [directory, "--line", "10", "--arch", "amd64"]
    said, log = program(*words, "--json")
    assert "installing 29 Debian packages" in log
    assert "building netifaces-0.11.0-cp311-cp311-linux_x86_64.whl" in log
    report = json.loads(said)
    assert report["digest"] == (team / "image_amd64.digest").read_text().strip()
    names = [layer["name"] for layer in report["layers"]]
    assert names == ["packages.txt", "requirements (amd64)", "project", "project: dags"]
    (directory / "dags/a.py").write_text(DAG + "# edited\n")
    said, log = program(*words, "--json")
    assert "installing" not in log and "building" not in log
    assert json.loads(said)["layers"][:2] == report["layers"][:2]
    (directory / "packages.txt").write_text("tree make\n")
    assert "packages.txt or the base has changed since packages.lock was made: run" in program(*words, status=1)[1]


def test_output_does_not_replace_other_things(program: Program, project: Path, tmp_path: Path) -> None:
    _, log = program(project, "--output", project, status=1)
    assert "this is not an OCI layout" in log
    program(project, "--output", tmp_path / "out")
    first = (tmp_path / "out/index.json").read_bytes()
    (project / "dags/a.py").write_text("x = 1\n")
    program(project, "--output", tmp_path / "out")
    assert (tmp_path / "out/index.json").read_bytes() != first
    assert not list(tmp_path.glob("out.*"))


def test_many_directories_share_a_layer(program: Program, project: Path, tmp_path: Path) -> None:
    for number in range(20):
        (project / f"d{number}").mkdir()
        (project / f"d{number}/x").write_text("x")
    said, _ = program(project, "--output", tmp_path / "out", "--json")
    assert [layer["name"] for layer in json.loads(said)["layers"]] == ["project", "project: dags"]


def test_a_manifest(program: Program, project: Path, tmp_path: Path) -> None:
    """pyproject.toml with [tool.astro] names the base; what the vendor's tools write for one machine stays out."""
    expected = json.loads(program(project, "--json")[0])
    (project / "Dockerfile").write_text("FROM other:1\nRUN something\n")  # not declared, so not read
    (project / "pyproject.toml").write_text(
        '[project]\ndependencies = ["apache-airflow==2.8.*"]\nrequires-python = ">=3.9"\n[tool.astro]\n'
    )
    for name in (".env", ".venv/bin/python", ".astro/standalone/airflow.db"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("x")
    said = json.loads(program(project, "--json")[0])
    assert (said["release"], said["python"], said["bases"]) == ("10.9.0", "3.11", expected["bases"])
    assert said["files"] == expected["files"] + 1
    with (project / "pyproject.toml").open("a") as file:
        file.write('dockerfile = "Dockerfile"\n')
    assert "Dockerfile, line 2: RUN" in program(project, status=1)[1]


def test_project_without_dags(program: Program, project: Path) -> None:
    (project / "dags/a.py").unlink()
    assert "has no DAGs" in program(project)[1]
