"""A8: builds of projects on an image: packages.txt, requirements.txt, the project's files, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance import services
from tests.acceptance.airflow import HOME, Line
from tests.acceptance.containers import Engine
from tests.acceptance.fixtures import Given
from tests.acceptance.registries import INDEX, SOURCE, registries
from tests.acceptance.room import Finished, Room

SUFFIX = re.compile("_(?=[a-z]+$)")
REFUSAL = "Do not upgrade by specifying 'apache-airflow' in your requirements.txt, change the base image instead!"


@pytest.fixture(scope="module")
def wheel(given: Given) -> Path:
    """Another version of a provider than the image's."""
    return given.files["provider.whl"]


@pytest.fixture(scope="module")
def mirrors(given: Given, wheel: Path) -> Iterator[None]:
    """Where the builds get packages from, if their projects say so."""
    with registries(given.place / "registries", [wheel], [given.files["package.deb"]]):
        yield


@pytest.fixture(scope="module")
def registry(given: Given, room: Room, engine: Engine, line: Line) -> Iterator[str]:
    """Start a registry that has the image under test; return its reference there."""
    with services.registry(room) as address:
        reference = f"{address}/astro-runtime:{line.tag}"
        engine.push(given.images[0][1], reference)
        yield reference


@pytest.fixture(scope="module")
def build(room: Room, registry: str, mirrors: None) -> Callable[..., Finished]:
    """Build a project as the CLI does: `podman build --format docker`, or buildah; return status and output."""

    def build(name: str, base: str = registry, builder: str = "podman", umask: int = 0o022, **files: str) -> Finished:
        place = room.directory(f"/srv/projects/{name}")
        room.write(f"{place}/Dockerfile", f"FROM {base}\n")
        for file, text in files.items():
            room.write(f"{place}/{SUFFIX.sub('.', file.replace('__', '/'))}", text)
        for path in room.path(place).rglob("*"):
            path.chmod((0o777 if path.is_dir() else 0o666) & ~umask)
        verb = ("podman", "build") if builder == "podman" else ("buildah", "bud")
        options = ("--format", "docker", "--layers", "--network", "host", "--tag", f"localhost/{name}")
        return room.run(*verb, *options, place, timeout=900)

    return build


def test_a_project(build: Callable[..., Finished], engine: Engine, line: Line, wheel: Path) -> None:
    version = wheel.name.split("-")[1]
    before = engine.run(line.image, "pip", "list", "--format=freeze").succeeded().out.splitlines()
    assert f"apache-airflow-providers-ftp=={version}" not in before
    build(
        "project",
        umask=0o077,
        packages_txt="\ufeff# a comment\r\nmake\r\n",  # made on Windows
        packages_sources=f"{SOURCE}\n",
        requirements_txt=f"apache-airflow-providers-ftp=={version}\n",
        requirements_conf=f"[global]\nindex-url = {INDEX}\n",
        dags__flow_py="from include.names import NAME\n",
        include__names_py="NAME = 'x'\n",
    ).succeeded()
    script = f"""
        id
        make --version | head -n 1
        pip list --format=freeze
        stat -c '%U:%G %A %n' {HOME}/dags {HOME}/dags/flow.py {HOME}/include/names.py {HOME}/packages.txt
        ls -A /var/lib/apt/lists
        python {HOME}/dags/flow.py && echo imported
        airflow version
    """
    said = engine.run("localhost/project", "bash", "-euc", script).succeeded().out.splitlines()
    assert said[0].startswith("uid=50000(astro)")
    assert said[1].startswith("GNU Make")
    assert [text for text in said if text.startswith("apache-airflow")] == [
        f"apache-airflow-providers-ftp=={version}" if text.startswith("apache-airflow-providers-ftp==") else text
        for text in before
        if text.startswith("apache-airflow")
    ]
    assert [text for text in said if text.startswith("astro:root ")] == [
        f"astro:root drwxrwx--- {HOME}/dags",
        *(f"astro:root -rw-rw---- {HOME}/{name}" for name in ("dags/flow.py", "include/names.py", "packages.txt")),
    ]
    assert said[-3:] == ["partial", "imported", line.airflow]
    made = engine.inspect("localhost/project")
    assert made["User"] == "50000"
    assert not made["Config"].get("OnBuild"), "a project's image must not do it again"


def test_an_empty_project(build: Callable[..., Finished], engine: Engine, line: Line) -> None:
    done = build("empty", builder="buildah", packages_txt="", requirements_txt="")
    done.succeeded()
    assert engine.run("localhost/empty", "airflow", "version").succeeded().out == f"{line.airflow}\n"


@pytest.mark.parametrize("builder", ["podman", "buildah"])
def test_an_archive_that_has_moved(build: Callable[..., Finished], builder: str) -> None:
    source = SOURCE.replace("/debian ./", "/gone bullseye main")
    done = build(f"moved-{builder}", builder=builder, packages_txt="make", requirements_txt="", packages_sources=source)
    assert done.status != 0
    assert "bullseye may have moved to Debian's archive" in done.said
    assert "packages.sources beside packages.txt" in done.said


@pytest.mark.parametrize("builder", ["podman", "buildah"])
@pytest.mark.parametrize("pin", ["==2.0.0", ">=2.0.0", "~=2.0.0", " == 2.0.0"])
def test_airflow_is_not_changed(build: Callable[..., Finished], builder: str, pin: str) -> None:
    done = build("refused", builder=builder, packages_txt="", requirements_txt=f"apache-airflow{pin}\n")
    assert done.status != 0
    assert REFUSAL in done.said
    assert f"apache-airflow{pin}" in done.said


def test_a_file_is_missing(build: Callable[..., Finished]) -> None:
    done = build("missing", requirements_txt="")
    assert done.status != 0
    assert "packages.txt" in done.said


def test_base_does_none_of_this(build: Callable[..., Finished], engine: Engine, given: Given) -> None:
    (_, _), (line, layout) = given.images
    engine.load(layout, line.image)
    assert not engine.inspect(line.image)["Config"].get("OnBuild")
    build("plain", base=line.image, dags__flow_py="").succeeded()
    assert engine.run("localhost/plain", "find", HOME, "-type", "f").succeeded().out == ""
    # The helpers are there, for those who call them by themselves.
    tools = engine.run(line.image, "bash", "-c", "type -p install-system-packages install-python-dependencies")
    assert len(tools.succeeded().out.split()) == 2
