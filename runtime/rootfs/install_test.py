"""Tests of install-system-packages and install-python-dependencies in a real image: real apt, dpkg and pip, as root.

The tests change the image from one to the next, as the steps of a build do.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.rootfs import mirrors, rooms
from runtime.rootfs.mirrors import wheel
from runtime.rootfs.rooms import Room
from tools.verify.structure_test.apply_layers import remove

Step = Callable[..., subprocess.CompletedProcess[str]]
Mounts = list[tuple[Path, str]]
Server = tuple[str, type[mirrors.Handler]]

PACKAGES = "/usr/local/bin/install-system-packages"
DEPENDENCIES = "/usr/local/bin/install-python-dependencies"
FILES = ("packages", "requirements")
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/mnt"}


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """The image, which the tests may change."""
    place = tmp_path_factory.mktemp("image")
    yield rooms.build_image(place)
    remove(place)


def remove_project(image: Room) -> None:
    """Remove the files of a project that steps read."""
    for name in FILES:
        for left in image.writable.glob(f"{name}.*"):
            left.unlink()


@pytest.fixture(autouse=True)
def no_project(image: Room) -> None:
    """Start every test with an empty project, whatever the test before it left."""
    remove_project(image)


@pytest.fixture
def build(image: Room, tmp_path: Path) -> Step:
    """Runs a step of a build upon the image: as root, in the project's directory, which has the given files."""

    def step(program: Any, mounts: tuple[Any, ...] = (), uid: int = 0, **files_and_environment: Any) -> Any:
        files = {name: value for name, value in files_and_environment.items() if name.partition("_")[0] in FILES}
        environment = {name: value for name, value in files_and_environment.items() if name not in files}
        remove_project(image)
        for name, text in files.items():
            data = text if isinstance(text, bytes) else text.encode()
            (image.writable / name.replace("_", ".")).write_bytes(data)
        options = {"uid": uid, "read_only": False, "chdir": "/usr/local/airflow", "mounts": mounts}
        return image.run(program, timeout=240, **options, **environment)

    return step


@pytest.fixture(scope="module")
def packages(image: Room, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the architecture-independent packages demo-one and demo-two, and their index."""
    place = tmp_path_factory.mktemp("packages")
    index = []
    for name in ("demo-one", "demo-two"):
        tree = place / name
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "usr/share").mkdir(parents=True)
        (tree / "usr/share" / name).write_text("here\n")
        control = f"Package: {name}\nVersion: 1.0\nArchitecture: all\nMaintainer: x <x@example.com>\nDescription: x\n"
        (tree / "DEBIAN/control").write_text(control)
        pack = ["dpkg-deb", "--root-owner-group", "-b", f"/mnt/{name}", f"/usr/local/airflow/{name}.deb"]
        result = image.run(*pack, uid=0, mounts=[(place, "/mnt")])
        assert result.returncode == 0, result.stderr
        deb = image.writable / f"{name}.deb"
        data = deb.read_bytes()
        deb.replace(place / deb.name)
        shutil.rmtree(tree)
        index.append(
            f"{control}Filename: ./{deb.name}\nSize: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n"
        )
    (place / "Packages").write_text("\n".join(index))
    return place


@pytest.fixture
def archive(packages: Path, tmp_path: Path) -> Mounts:
    """An apt archive of the demo packages, which the test may change."""
    place = tmp_path / "archive"
    shutil.copytree(packages, place)
    sources = tmp_path / "sources.list"
    sources.write_text("deb [trusted=yes] file:/mnt ./\n")
    settings = tmp_path / "apt.conf"
    settings.write_text('APT::Sandbox::User "root";\n')  # there is only one uid in the room
    return [(place, "/mnt"), (sources, "/etc/apt/sources.list"), (settings, "/etc/apt/apt.conf.d/99test")]


@pytest.fixture
def index(tmp_path: Path) -> Mounts:
    """A directory of wheels for pip, mounted on /mnt."""
    place = tmp_path / "index"
    place.mkdir()
    wheel(place, "demo-lib", "1.0")
    wheel(place, "demo-airflow", "1.0", "apache-airflow==1.10.15")
    wheel(place, "demo-old", "1.0", "idna==0.1")
    wheel(place, "apache-airflow", "1.10.15")
    wheel(place, "idna", "0.1")
    return [(place, "/mnt")]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A web server on the loopback: its host and port, and its handler."""
    with mirrors.server(tmp_path) as served:
        yield served


def installed(image: Room) -> Any:
    """Those of the archive's packages that are there."""
    listed = image.run("dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${Package}\\n").stdout
    return [name for name in ("demo-one", "demo-two") if f"ii  {name}\n" in listed]


class TestSystemPackages:
    def test_nothing_asked_for(self, build: Step) -> None:
        result = build(PACKAGES, packages_txt="")
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")

    def test_no_file(self, build: Step) -> None:
        result = build(PACKAGES)
        assert result.returncode == 1
        assert "there is no packages.txt in /usr/local/airflow" in result.stderr

    def test_not_root(self, build: Step) -> None:
        result = build(PACKAGES, uid=50000, packages_txt="demo-one\n")
        assert result.returncode == 1
        assert "put 'USER root' before this step" in result.stderr

    def test_installs(self, image: Room, build: Step, archive: Mounts) -> None:
        result = build(PACKAGES, mounts=archive, packages_txt="# comment\r\ndemo-one=1.0 # why\r\n\r\n  demo-two\r\n")
        assert result.returncode == 0, result.stdout + result.stderr
        assert (image.root / "usr/share/demo-one").exists() and (image.root / "usr/share/demo-two").exists()
        assert [path.name for path in (image.root / "var/lib/apt/lists").iterdir()] == ["partial"]
        assert image.run("dpkg", "--audit").stdout == ""
        assert "demo-two" in image.run("dpkg-query", "-W").stdout

    @pytest.mark.parametrize(
        "data",
        [
            *("demo-one\r\ndemo-two".encode(encoding) for encoding in ("utf-8-sig", "utf-16", "utf-32")),
            b"\xfe\xff" + "demo-one\r\ndemo-two\r\n".encode("utf-16-be"),
            b"# one\rdemo-one # why\rdemo-two\r",
            "demo-one\u00a0\u00a0demo-two".encode(),
            b"# caf\xe9, in Latin-1\ndemo-one:all demo-one\n--no-install-suggests demo-two",
        ],
    )
    def test_text_of_other_systems(self, image: Room, build: Step, archive: Mounts, data: bytes) -> None:
        image.run("dpkg", "--purge", "demo-one", "demo-two", uid=0, read_only=False)
        assert installed(image) == []
        result = build(PACKAGES, mounts=archive, packages_txt=data)
        assert result.returncode == 0, result.stderr
        assert installed(image) == ["demo-one", "demo-two"]

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            ("demo-one\r\n".encode("utf-16-le"), "packages.txt: is UTF-16; save it as UTF-8"),
            ("demo-one\r\n".encode("utf-16-be"), "packages.txt: is UTF-16; save it as UTF-8"),
            (b"demo-one\ndemo-two and more\0\n", "packages.txt: has NUL bytes; save it as UTF-8"),
            (b"demo-one\nd\xc3\xa9mo\n", "packages.txt, line 2: 'd\\xe9mo' is not the name of a package"),
            (b"demo-one-\n", "line 1: apt-get would remove demo-one for 'demo-one-'"),
        ],
    )
    def test_text_that_is_refused(self, build: Step, archive: Mounts, data: bytes, reason: str) -> None:
        result = build(PACKAGES, mounts=archive, packages_txt=data)
        assert result.returncode == 1
        assert reason in result.stderr
        assert "Reading package lists" not in result.stderr

    def test_an_option_that_keeps_apt_from_it(self, image: Room, build: Step, archive: Mounts) -> None:
        image.run("dpkg", "--purge", "demo-one", uid=0, read_only=False)
        result = build(PACKAGES, mounts=archive, packages_txt="--download-only\ndemo-one\n")
        assert result.returncode == 1
        assert "not installed: demo-one (from packages.txt): take the options out" in result.stderr

    @pytest.mark.parametrize(
        "sources",
        [
            "\ufeffdeb [trusted=yes] file:/mnt ./\r\n",
            *(f"#\r\n{key}: deb\r\nURIs: file:/mnt\r\nSuites: ./\r\nTrusted: yes\r\n" for key in ("Types", "types")),
        ],
    )
    def test_sources_of_the_project(self, image: Room, build: Step, archive: Mounts, sources: str) -> None:
        image.run("dpkg", "--purge", "demo-one", uid=0, read_only=False)
        before = (image.root / "etc/apt/sources.list").read_text()
        files = {"packages_txt": "demo-one\n", "packages_sources": sources}
        result = build(PACKAGES, mounts=[archive[0], archive[2]], **files)
        assert result.returncode == 0, result.stderr
        assert installed(image)[0] == "demo-one"
        assert (image.root / "etc/apt/sources.list").read_text() == before

    def test_an_expired_release(self, build: Step, archive: Mounts) -> None:
        place, _ = archive[0]
        digest = hashlib.sha256((place / "Packages").read_bytes()).hexdigest()
        release = "Date: Mon, 31 Aug 2026 00:00:00 UTC\nValid-Until: Tue, 01 Sep 2020 00:00:00 UTC\nSHA256:\n"
        (place / "Release").write_text(f"{release} {digest} {(place / 'Packages').stat().st_size} Packages\n")
        files = {"packages_txt": "demo-one\n", "packages_sources": "deb [trusted=yes] file:/mnt ./\n"}
        result = build(PACKAGES, mounts=[archive[0], archive[2]], **files)
        assert result.returncode == 1
        assert "the Release file has expired" in result.stderr
        assert "packages.sources beside packages.txt" in result.stderr
        files["packages_sources"] = "deb [trusted=yes check-valid-until=no] file:/mnt ./\n"
        assert build(PACKAGES, mounts=[archive[0], archive[2]], **files).returncode == 0

    def test_a_mirror_without_it_and_with_a_password(
        self, image: Room, build: Step, archive: Mounts, server: Server
    ) -> None:
        address, _ = server
        sources = f"deb [trusted=yes] http://someone:s3cret%40word@{address}/debian bullseye main\n"
        result = build(PACKAGES, mounts=archive, packages_txt="demo-one\n", packages_sources=sources)
        assert result.returncode == 1
        assert "bullseye may have moved to Debian's archive" in result.stderr
        assert "packages.sources beside packages.txt" in result.stderr
        assert "s3cret" not in result.stdout + result.stderr
        assert [path.name for path in (image.root / "var/lib/apt/lists").iterdir()] == ["partial"]

    def test_a_mirror_that_does_not_answer(self, build: Step, archive: Mounts) -> None:
        sources = "deb [trusted=yes] http://127.0.0.1:9/debian bullseye main\n"
        result = build(PACKAGES, mounts=archive, packages_txt="demo-one\n", packages_sources=sources)
        assert result.returncode == 1
        assert "the package lists could not be fetched: name a mirror that this build can reach" in result.stderr

    def test_a_proxy(self, build: Step, archive: Mounts, server: Server) -> None:
        """Builders hand on HTTP_PROXY; apt reads http_proxy only. The server answers 404 to what a proxy is asked."""
        address, handler = server
        asked: list[str] = []

        def refuse(self: mirrors.Handler) -> None:
            asked.append(self.path)
            self.send_error(404)

        handler.do_GET = refuse  # type: ignore[method-assign]
        sources = "deb [trusted=yes] http://mirror.example/debian bullseye main\n"
        files = {"packages_txt": "demo-one\n", "packages_sources": sources}
        build(PACKAGES, mounts=archive, HTTP_PROXY=f"http://{address}", **files)
        assert asked[0].startswith("http://mirror.example/debian/dists/bullseye/")

    def test_a_package_that_is_not_there(self, build: Step, archive: Mounts) -> None:
        result = build(PACKAGES, mounts=archive, packages_txt="demo-none\n")
        assert result.returncode == 1
        assert "not installed: demo-none (from packages.txt)" in result.stderr


class TestEditedModules:
    """What a Dockerfile patches, copies or mounts over takes effect, although bytecode is there."""

    LIBRARY = "/usr/local/lib/python3.11"

    @pytest.fixture
    def edited(self, image: Room) -> Iterator[None]:
        """As a step of a build does it; undone afterwards."""
        files = [image.root / self.LIBRARY[1:] / name for name in ("colorsys.py", "site-packages/airflow/__init__.py")]
        before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in files]
        script = (
            "printf '\\nPATCHED = 1\\n' >>colorsys.py\n"
            # Airflow's own providers read it, so it has to be a version.
            "sed -i 's/^__version__ = .*/__version__ = \"2.8.4+patched\"/' site-packages/airflow/__init__.py"
        )
        step = image.run("bash", "-ec", script, uid=0, read_only=False, chdir=self.LIBRARY)
        assert step.returncode == 0, step.stderr
        yield
        for path, (content, stamp) in zip(files, before):
            path.write_bytes(content)
            os.utime(path, ns=(stamp, stamp))

    def python(self, image: Room, script: str, **options: Any) -> Any:
        result = image.run("python", "-c", script, AIRFLOW_HOME="/tmp/airflow", **options)
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    @pytest.mark.parametrize("uid", [0, 50000, 1234560000])
    @pytest.mark.usefixtures("edited")
    def test_patched(self, image: Room, uid: int) -> None:
        """Also for users who cannot write bytecode."""
        script = "import airflow, colorsys; print(colorsys.PATCHED, airflow.__version__)"
        assert self.python(image, script, uid=uid, read_only=uid != 0) == "1 2.8.4+patched"

    def test_mounted_over(self, image: Room, tmp_path: Path) -> None:
        """A file of the same size: only its time differs."""
        place = f"{self.LIBRARY}/stringprep.py"
        text = (image.root / place[1:]).read_text()
        condition = "unicodedata.unidata_version == '3.2.0'"
        source = tmp_path / "stringprep.py"
        source.write_text(text.replace(condition, "globals().setdefault('MOUNTED', 1)".ljust(len(condition))))
        assert source.stat().st_size == len(text.encode())
        said = self.python(image, "import stringprep; print(stringprep.MOUNTED)", mounts=[(source, place)])
        assert said == "1"

    def test_upgraded_and_removed(self, image: Room, index: Mounts) -> None:
        """pip takes the bytecode away with its source, and writes its own."""
        script = (
            "pip install --no-deps -q idna==0.1 && python -c 'import idna; print(idna.version)' && "
            f"pip uninstall -q -y idna && ls -d {self.LIBRARY}/site-packages/idna* || echo gone"
        )
        result = image.run("bash", "-c", script, uid=0, read_only=False, mounts=index, timeout=240, **OFFLINE)
        assert result.stdout.split() == ["0.1", "gone"], result.stderr


class TestPythonDependencies:
    def test_installs_for_everybody(self, image: Room, build: Step, index: Mounts) -> None:
        elsewhere = {"PIP_USER": "1", "PIP_TARGET": "/opt/x", "PIP_REQUIRE_VIRTUALENV": "1", "PIP_DRY_RUN": "1"}
        result = build(DEPENDENCIES, mounts=index, requirements_txt="demo-lib\r\n", **elsewhere, **OFFLINE)
        assert result.returncode == 0, result.stderr
        assert "installing 1 requirement of requirements.txt" in result.stderr
        assert "Successfully installed demo-lib-1.0" in result.stderr
        found = image.run("python", "-c", "import demo_lib; print(demo_lib.__file__)").stdout
        assert found.startswith("/usr/local/lib/python3")

    @pytest.mark.parametrize(
        "line",
        [
            *("apache-airflow==2.0.0", "apache-airflow>=2.0.0", "apache-airflow~=2.0.0", "apache-airflow == 2.0.0"),
            *(
                "Apache.Airflow[ldap]<3",
                "  apache_airflow!=2",
                "apache-airflow @ file:///mnt/x.whl",
                "apache-airflow(==2)",
                'apache-airflow==2.0.0; python_version > "3"',
                "https://mirror.example/apache_airflow-2.0.0-py3-none-any.whl",
                "git+https://mirror.example/airflow@2.0.0#egg=apache-airflow",
            ),
        ],
    )
    def test_another_airflow_by_name(self, build: Step, line: str) -> None:
        result = build(DEPENDENCIES, requirements_txt=f"demo-lib\r\n{line}\r\n", **OFFLINE)
        assert result.returncode == 1
        assert (
            "Do not upgrade by specifying 'apache-airflow' in your requirements.txt, change the base image"
            in result.stderr
        )
        assert line.strip() in result.stderr

    @pytest.mark.parametrize(
        "data",
        [
            "apache-airflow==2.0.0\n".encode("utf-8-sig"),
            "demo-lib\r\napache-airflow==2.0.0\r\n".encode("utf-16"),
            b"demo-lib\rapache-airflow==2.0.0",
            b"apache-airflow \\\n  ==2.0.0\n",
            b"-r requirements.more\n",
            b"demo-lib\n-c requirements.more\n",
        ],
    )
    def test_another_airflow_as_pip_reads_it(self, build: Step, data: bytes) -> None:
        result = build(DEPENDENCIES, requirements_txt=data, requirements_more="apache-airflow==2.0.0\n", **OFFLINE)
        assert result.returncode == 1
        assert "Do not upgrade by specifying 'apache-airflow'" in result.stderr

    @pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
    def test_an_encoding_that_does_not_say_so(self, build: Step, encoding: str) -> None:
        result = build(DEPENDENCIES, requirements_txt="demo-lib\n".encode(encoding), **OFFLINE)
        assert result.returncode == 1
        assert "requirements.txt: is UTF-16; save it as UTF-8" in result.stderr

    def test_configuration_of_the_project(self, image: Room, build: Step, index: Mounts) -> None:
        image.run("pip", "uninstall", "-y", "demo-lib", uid=0, read_only=False)
        settings = "\ufeff[global]\r\nno-index = true\r\nfind-links = /mnt\r\n"
        result = build(DEPENDENCIES, mounts=index, requirements_txt="demo-lib\n", requirements_conf=settings)
        assert result.returncode == 0, result.stderr
        assert "Successfully installed demo-lib-1.0" in result.stderr
        changed = build(DEPENDENCIES, mounts=index, requirements_txt="demo-airflow\n", requirements_conf=settings)
        assert "The user requested (constraint) apache-airflow==2." in changed.stderr

    @pytest.mark.parametrize(
        ("how", "url"),
        [
            ("file", "http://someone:s3cret%2Fword@{}/simple"),
            ("file", "http://someone:s3cret/word@{}/simple"),
            ("variable", "http://s3cret-token-without-a-name@{}/simple"),
            ("variable", "http://{}/simple?token=s3cret"),
            ("configuration", "http://someone:s3cret-word@{}/simple"),
        ],
    )
    def test_credentials_are_not_shown(self, build: Step, server: Server, how: str, url: str) -> None:
        url = url.format(server[0])
        given = {"requirements_txt": "demo-lib==0.1\n", "PIP_RETRIES": "0"}
        if how == "file":
            given["requirements_txt"] = f"--index-url {url}\ndemo-lib==0.1\n"
        elif how == "variable":
            given["PIP_INDEX_URL"] = url
        else:
            given["requirements_conf"] = f"[global]\nindex-url = {url}\n"
        result = build(DEPENDENCIES, **given)
        assert result.returncode == 1
        assert "pip could not install requirements.txt" in result.stderr
        assert "s3cret" not in result.stdout + result.stderr

    def test_it_keeps_talking_and_a_kill_leaves_the_last_lines(self, image: Room, server: Server) -> None:
        address, handler = server
        handler.delay = 60
        (image.writable / "requirements.txt").write_text(f"--index-url http://{address}/simple\ndemo-slow\n")
        process = image.start(DEPENDENCIES, uid=0, read_only=False, chdir="/usr/local/airflow")
        assert process.stderr
        lines: list[str] = []
        while not (lines and "still running" in lines[-1] and "Looking" in lines[-1]):
            line = process.stderr.readline()
            assert line, f"the step ended before it said that it is still running: {lines}"
            lines.append(line)
        process.kill()
        process.communicate()
        assert "installing 1 requirement of requirements.txt" in lines[0]
        assert "its last message: Looking in indexes" in lines[-1]

    def test_lines_that_are_none(self, build: Step) -> None:
        lines = ["apache-airflow-providers-amazon==1", "# apache-airflow==2.0.0", "apache-airflow"]
        lines.append('apache-airflow==2.0.0; python_version < "3"')
        result = build(DEPENDENCIES, requirements_txt="\n".join([*lines, ""]), **OFFLINE)
        assert "installing 3 requirements of requirements.txt" in result.stderr
        assert "Do not upgrade" not in result.stderr

    def test_another_airflow_by_a_requirement_of_others(self, build: Step, index: Mounts) -> None:
        result = build(DEPENDENCIES, mounts=index, requirements_txt="demo-airflow\n", **OFFLINE)
        assert result.returncode == 1
        assert "pip could not install requirements.txt" in result.stderr
        assert "The user requested (constraint) apache-airflow==2." in result.stderr

    def test_packages_that_do_not_fit_together(self, build: Step, index: Mounts) -> None:
        result = build(DEPENDENCIES, mounts=index, requirements_txt="demo-old\n", **OFFLINE)
        assert result.returncode == 0
        assert "do not fit together" in result.stderr
        assert "idna" in result.stderr

    def test_another_airflow_past_the_constraints(self, build: Step, index: Mounts) -> None:
        result = build(
            DEPENDENCIES, mounts=index, requirements_txt="demo-airflow\n", PIP_CONFIG_FILE="/dev/null", **OFFLINE
        )
        assert result.returncode == 1
        assert "has changed apache-airflow from 2." in result.stderr
        assert "to 1.10.15" in result.stderr
