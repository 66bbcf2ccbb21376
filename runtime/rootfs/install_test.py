"""Tests of install-system-packages and install-python-dependencies in a real image: real apt, dpkg and pip, as root.

The tests change the image from one to the next, as the steps of a build do.
"""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from runtime.rootfs import rooms
from tools.structure_test.unpack import remove

PACKAGES = "/usr/local/bin/install-system-packages"
DEPENDENCIES = "/usr/local/bin/install-python-dependencies"
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/mnt"}


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """The image, which the tests may change."""
    place = tmp_path_factory.mktemp("image")
    yield rooms.build_image(place)
    remove(place)


@pytest.fixture
def build(image, tmp_path):
    """Runs a step of a build upon the image: as root, in the project's directory, which has the given files."""

    def step(program, mounts=(), uid=0, **files_and_environment):
        files = {name: value for name, value in files_and_environment.items() if name.endswith("_txt")}
        environment = {name: value for name, value in files_and_environment.items() if name not in files}
        for name in ("packages", "requirements"):
            (image.writable / f"{name}.txt").unlink(missing_ok=True)
        for name, text in files.items():
            (image.writable / name.replace("_txt", ".txt")).write_bytes(text.encode())
        options = {"uid": uid, "read_only": False, "chdir": "/usr/local/airflow", "mounts": mounts}
        return image.run(program, timeout=240, **options, **environment)

    return step


@pytest.fixture
def archive(image, tmp_path):
    """An apt archive of two packages, for the architecture-independent packages demo-one and demo-two."""
    place = tmp_path / "archive"
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
        index.append(
            f"{control}Filename: ./{deb.name}\nSize: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n"
        )
    (place / "Packages").write_text("\n".join(index))
    sources = tmp_path / "sources.list"
    sources.write_text("deb [trusted=yes] file:/mnt ./\n")
    settings = tmp_path / "apt.conf"
    settings.write_text('APT::Sandbox::User "root";\n')  # there is only one uid in the room
    return [(place, "/mnt"), (sources, "/etc/apt/sources.list"), (settings, "/etc/apt/apt.conf.d/99test")]


def wheel(place: Path, name: str, version: str, *requires: str) -> None:
    """A wheel with one module, which has the distribution's name."""
    module, info = name.replace("-", "_"), f"{name.replace('-', '_')}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {each}\n" for each in requires)
    files = {
        f"{module}.py": f"version = '{version}'\n",
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(place / f"{module}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
        archive.writestr(f"{info}/RECORD", "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"]))


@pytest.fixture
def index(tmp_path):
    """A directory of wheels for pip, mounted on /mnt."""
    place = tmp_path / "index"
    place.mkdir()
    wheel(place, "demo-lib", "1.0")
    wheel(place, "demo-airflow", "1.0", "apache-airflow==1.10.15")
    wheel(place, "demo-old", "1.0", "idna==0.1")
    wheel(place, "apache-airflow", "1.10.15")
    wheel(place, "idna", "0.1")
    return [(place, "/mnt")]


class TestSystemPackages:
    def test_nothing_asked_for(self, build):
        result = build(PACKAGES, packages_txt="")
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")

    def test_no_file(self, build):
        result = build(PACKAGES)
        assert result.returncode == 1
        assert "there is no packages.txt in /usr/local/airflow" in result.stderr

    def test_not_root(self, build):
        result = build(PACKAGES, uid=50000, packages_txt="demo-one\n")
        assert result.returncode == 1
        assert "put 'USER root' before this step" in result.stderr

    def test_installs(self, image, build, archive):
        result = build(PACKAGES, mounts=archive, packages_txt="# comment\r\ndemo-one=1.0 # why\r\n\r\n  demo-two\r\n")
        assert result.returncode == 0, result.stdout + result.stderr
        assert (image.root / "usr/share/demo-one").exists()
        assert (image.root / "usr/share/demo-two").exists()
        assert [path.name for path in (image.root / "var/lib/apt/lists").iterdir()] == ["partial"]
        assert image.run("dpkg", "--audit").stdout == ""
        assert "demo-two" in image.run("dpkg-query", "-W").stdout

    def test_a_package_that_is_not_there(self, build, archive):
        result = build(PACKAGES, mounts=archive, packages_txt="demo-none\n")
        assert result.returncode == 1
        assert "not installed: demo-none (from packages.txt)" in result.stderr

    def test_a_mirror_that_is_not_there(self, image, build, tmp_path):
        sources = tmp_path / "sources.list"
        sources.write_text("deb [trusted=yes] file:/no/such/place ./\n")
        result = build(PACKAGES, mounts=[(sources, "/etc/apt/sources.list")], packages_txt="demo-one\n")
        assert result.returncode == 1
        assert "/etc/apt/sources.list" in result.stderr
        assert [path.name for path in (image.root / "var/lib/apt/lists").iterdir()] == ["partial"]


class TestPythonDependencies:
    def test_installs_for_everybody(self, image, build, index):
        result = build(DEPENDENCIES, mounts=index, requirements_txt="demo-lib\r\n", **OFFLINE)
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
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
            ),
        ],
    )
    def test_another_airflow_by_name(self, build, line):
        result = build(DEPENDENCIES, requirements_txt=f"demo-lib\r\n{line}\r\n", **OFFLINE)
        assert result.returncode == 1
        assert (
            "Do not upgrade by specifying 'apache-airflow' in your requirements.txt, change the base image"
            in result.stderr
        )
        assert line.strip() in result.stderr

    @pytest.mark.parametrize(
        "line", ["apache-airflow-providers-amazon==1", "# apache-airflow==2.0.0", "apache-airflow"]
    )
    def test_lines_that_are_none(self, build, line):
        result = build(DEPENDENCIES, requirements_txt=f"{line}\n", **OFFLINE)
        assert "Do not upgrade" not in result.stderr

    def test_another_airflow_by_a_requirement_of_others(self, build, index):
        result = build(DEPENDENCIES, mounts=index, requirements_txt="demo-airflow\n", **OFFLINE)
        assert result.returncode == 1
        assert "pip could not install requirements.txt" in result.stderr
        assert "The user requested (constraint) apache-airflow==2." in result.stderr

    def test_packages_that_do_not_fit_together(self, build, index):
        result = build(DEPENDENCIES, mounts=index, requirements_txt="demo-old\n", **OFFLINE)
        assert result.returncode == 0
        assert "do not fit together" in result.stderr
        assert "idna" in result.stderr

    def test_another_airflow_past_the_constraints(self, build, index):
        result = build(
            DEPENDENCIES, mounts=index, requirements_txt="demo-airflow\n", PIP_CONFIG_FILE="/dev/null", **OFFLINE
        )
        assert result.returncode == 1
        assert "has changed apache-airflow from 2." in result.stderr
        assert "to 1.10.15" in result.stderr
