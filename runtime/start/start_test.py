"""Each means that `importing` uses, in a process of its own, on packages that are made here."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import astro_runtime_start
import packaging
import pytest
from astro_runtime_start import reexports

_START = "import gc, sys\nfrom astro_runtime_start import importing\n"


class Python:
    """Programs that can import what was written for them."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def write(self, name: str, text: str) -> None:
        file = self._place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def run(self, program: str, **environment: str) -> str:
        """Give what a program prints after the head of every program here."""
        setuptools = importlib.util.find_spec("setuptools")
        assert setuptools
        files = [astro_runtime_start.__file__, packaging.__file__, setuptools.origin]
        path = ":".join([str(self._place), *(str(Path(file or "").parents[1]) for file in files)])
        command = [sys.executable, "-S", "-B", "-c", _START + program]
        result = subprocess.run(
            command, env={"PYTHONPATH": path, **environment}, capture_output=True, text=True, check=False
        )
        assert not result.stderr
        return result.stdout.strip()


@pytest.fixture
def python(tmp_path: Path) -> Python:
    return Python(tmp_path)


class TestCollector:
    PROGRAM = """
with importing():
    print(gc.isenabled())
print(gc.isenabled(), gc.get_freeze_count() > 0)
"""

    def test_is_off_while_importing_and_then_on(self, python: Python) -> None:
        assert python.run(self.PROGRAM) == "False\nTrue True"

    @pytest.mark.parametrize("no", ["false", "0", " No ", "OFF", "f", "n"])
    def test_stays_on_where_that_is_asked_for(self, python: Python, no: str) -> None:
        assert python.run(self.PROGRAM, ASTRONOMER_PAUSE_GC=no) == "True\nTrue False"

    def test_stays_off_where_the_process_has_it_off(self, python: Python) -> None:
        assert python.run("gc.disable()" + self.PROGRAM) == "False\nFalse False"

    def test_is_on_after_an_import_that_failed(self, python: Python) -> None:
        program = "try:\n    with importing(): import no_such_module\nexcept ImportError: print(gc.isenabled())"
        assert python.run(program) == "True"

    def test_is_off_while_modules_of_airflow_are_imported_later(self, python: Python) -> None:
        python.write("airflow/__init__.py", "")
        python.write("airflow/command.py", "import gc, airflow.inner\nprint('command', gc.isenabled())\n1 / 0")
        python.write("airflow/inner.py", "import gc\nprint('inner', gc.isenabled())")
        python.write("project.py", "import gc\nprint('project', gc.isenabled())")
        program = """
with importing(): import airflow
try: import airflow.command
except ZeroDivisionError: print(gc.isenabled())
import project
"""
        assert python.run(program).splitlines() == ["inner False", "command False", "True", "project True"]
        assert "inner True" in python.run(program, ASTRONOMER_PAUSE_GC="false")

    def test_is_on_in_a_process_that_is_forked_meanwhile(self, python: Python) -> None:
        python.write("airflow/__init__.py", "")
        program = (
            "import os, sys, gc\nif os.fork() == 0:\n    print(gc.isenabled(), flush=True)\n    os._exit(0)\nos.wait()"
        )
        python.write("airflow/forks.py", program)
        assert (
            python.run("with importing(): import airflow\nimport airflow.forks\nprint(gc.isenabled())") == "True\nTrue"
        )


class TestReexports:
    """`kubernetes` stands for all packages of `reexports.PACKAGES`."""

    @pytest.fixture(autouse=True)
    def package(self, python: Python) -> None:
        python.write("kubernetes/__init__.py", '__version__ = "1"\nimport kubernetes.client\n')
        text = '"""The client."""\n\n# flake8\nfrom __future__ import absolute_import\n'
        text += "from kubernetes.client.api.pods_api import PodsApi\nfrom kubernetes.client.models.pod import Pod\n"
        python.write("kubernetes/client/__init__.py", text)
        python.write("kubernetes/client/api/__init__.py", "from kubernetes.client.api.pods_api import PodsApi\n")
        python.write("kubernetes/client/api/pods_api.py", "class PodsApi: pass\n")
        python.write("kubernetes/client/models/__init__.py", "from kubernetes.client.models.pod import Pod\n")
        python.write("kubernetes/client/models/pod.py", "class Pod: pass\n")

    def test_loads_a_module_with_the_first_use_of_its_name(self, python: Python) -> None:
        program = """
with importing(): from kubernetes.client import models as k8s
print('kubernetes.client.models.pod' in sys.modules)
print(k8s.Pod.__name__, 'Pod' in vars(k8s), 'kubernetes.client.api.pods_api' in sys.modules)
import kubernetes
print(kubernetes.__version__, kubernetes.client.__doc__, kubernetes.client.PodsApi is kubernetes.client.api.pods_api.PodsApi)
"""
        assert python.run(program).splitlines() == ["False", "Pod True False", "1 The client. True"]

    def test_has_all_names_that_it_has_without_us(self, python: Python) -> None:
        program = """
with importing(): import kubernetes.client
from kubernetes.client import *
print(Pod, PodsApi, models, api, sorted(set(dir(kubernetes.client)) - {'__getattr__', '__dir__', '__builtins__'}))
try: kubernetes.client.Nothing
except AttributeError as error: print(error)
try: from kubernetes.client import Nothing
except ImportError as error: print(type(error).__name__)
"""
        lazily = python.run(program)
        assert lazily == python.run(program, ASTRONOMER_LAZY_IMPORTS="false").replace("'absolute_import', ", "")
        assert "module 'kubernetes.client' has no attribute 'Nothing'" in lazily

    def test_a_name_can_be_replaced_for_a_test(self, python: Python) -> None:
        program = """
with importing(): import kubernetes.client
from unittest import mock
with mock.patch('kubernetes.client.Pod', 1): print(kubernetes.client.Pod)
print(kubernetes.client.Pod.__name__)
"""
        assert python.run(program).splitlines() == ["1", "Pod"]

    @pytest.mark.parametrize("line", ["print('edited')", "from os import path", "from kubernetes.client import *"])
    def test_a_package_that_does_more_is_executed(self, python: Python, line: str) -> None:
        source = f"from kubernetes.client.pod import Pod\n{line}\n"
        assert reexports.names("kubernetes.client", source) is None
        python.write("kubernetes/__init__.py", "import kubernetes.client\nprint('edited')\n")
        program = "with importing(): import kubernetes\nprint('kubernetes.client' in sys.modules)"
        assert python.run(program) == "edited\nTrue"

    def test_a_name_of_two_meanings_is_not_ours_to_choose(self) -> None:
        assert reexports.names("kubernetes", "from kubernetes.stream.stream import stream\n") is None


class TestDeferred:
    @pytest.fixture(autouse=True)
    def user(self, python: Python) -> None:
        python.write("aiohttp/__init__.py", "session = 1\n")
        python.write("aiohttp/part.py", "")
        for package in ("openlineage", "openlineage/airflow", "openlineage/airflow/extractors"):
            python.write(package + "/__init__.py", "")
        text = "import aiohttp\nimport aiohttp as alias\ndef use(): return aiohttp.session\n"
        python.write("openlineage/airflow/extractors/dbt_cloud_extractor.py", text)

    HEAD = "with importing(): import openlineage.airflow.extractors.dbt_cloud_extractor as user\n"

    def test_loads_the_library_with_its_first_use(self, python: Python) -> None:
        program = "print('aiohttp' in sys.modules, user.use(), user.aiohttp is user.alias is sys.modules['aiohttp'])"
        assert python.run(self.HEAD + program) == "False 1 True"

    def test_others_import_the_library_itself(self, python: Python) -> None:
        program = "import aiohttp.part\nprint(aiohttp.__file__ == user.aiohttp.__file__, user.use())"
        assert python.run(self.HEAD + program) == "True 1"

    def test_a_library_that_is_not_there_fails_at_once(self, python: Python, tmp_path: Path) -> None:
        (tmp_path / "aiohttp").rename(tmp_path / "gone")
        program = "try:\n    with importing(): import openlineage.airflow.extractors.dbt_cloud_extractor\n"
        assert python.run(program + "except ImportError as error: print(error)") == "No module named 'aiohttp'"

    def test_is_loaded_at_once_where_that_is_asked_for(self, python: Python) -> None:
        assert python.run(self.HEAD + "print('aiohttp' in sys.modules)", ASTRONOMER_LAZY_IMPORTS="false") == "True"

    @pytest.mark.parametrize(("lazy", "loaded"), [("true", False), ("false", True)])
    def test_a_name_that_a_small_library_has_too(self, python: Python, lazy: str, loaded: bool) -> None:
        python.write("openlineage/airflow/plugin.py", "from pkg_resources import parse_version\n")
        program = """
with importing(): import openlineage.airflow.plugin as user
print('pkg_resources' in sys.modules, user.parse_version('2.10') > user.parse_version('2.9'))
"""
        assert python.run(program, ASTRONOMER_LAZY_IMPORTS=lazy) == f"{loaded} True"

    @pytest.mark.parametrize(("lazy", "loaded"), [("true", False), ("false", True)])
    def test_a_function_that_is_only_called(self, python: Python, lazy: str, loaded: bool) -> None:
        for package in ("airflow", "airflow/utils", "airflow/www"):
            python.write(package + "/__init__.py", "")
        python.write("airflow/www/views.py", "other = 1\ndef dag_edges(dag, *, deep): return [dag, deep]\n")
        python.write("airflow/utils/dot_renderer.py", "from airflow.www.views import dag_edges\n")
        program = """
with importing(): import airflow.utils.dot_renderer as user
print('airflow.www.views' in sys.modules, user.dag_edges(1, deep=2), end=' ')
import airflow.www.views as views
print(views.other)
"""
        assert python.run(program, ASTRONOMER_LAZY_IMPORTS=lazy) == f"{loaded} [1, 2] 1"

    def test_an_airflow_without_that_package(self, python: Python) -> None:
        for package in ("airflow", "airflow/utils"):
            python.write(package + "/__init__.py", "")
        python.write("airflow/utils/dot_renderer.py", "found = 1\n")
        assert python.run("with importing(): import airflow.utils.dot_renderer as user\nprint(user.found)") == "1"

    def test_others_get_the_whole_library(self, python: Python) -> None:
        python.write(
            "openlineage/airflow/plugin.py", "from pkg_resources import parse_version\nimport other, another\n"
        )
        python.write("other.py", "import pkg_resources\n")
        python.write("another.py", "import pkg_resources.extern\n")
        program = """
with importing(): import openlineage.airflow.plugin, other, another
print(another.pkg_resources.extern.__name__, *other.pkg_resources.parse_requirements('a==1'))
"""
        assert python.run(program) == "pkg_resources.extern a==1"


class TestOptional:
    @pytest.fixture(autouse=True)
    def user(self, python: Python) -> None:
        text = "try: import pytest\nexcept ImportError: HAVE_PYTEST = False\nelse: HAVE_PYTEST = True\n"
        python.write("time_machine.py", text)
        python.write("pytest.py", "")

    PROGRAM = """
with importing(): import time_machine
print(time_machine.HAVE_PYTEST, 'pytest' in sys.modules)
import pytest
"""

    def test_is_left_out_and_can_be_imported_afterwards(self, python: Python) -> None:
        assert python.run(self.PROGRAM) == "False False"

    def test_is_imported_where_that_is_asked_for(self, python: Python) -> None:
        assert python.run(self.PROGRAM, ASTRONOMER_LAZY_IMPORTS="false") == "True True"

    def test_is_there_for_who_has_it_already(self, python: Python) -> None:
        assert python.run("import pytest" + self.PROGRAM) == "True True"

    def test_is_there_for_a_later_import(self, python: Python) -> None:
        assert python.run("with importing(): pass\nimport time_machine\nprint(time_machine.HAVE_PYTEST)") == "True"


class TestDistutils:
    """By setuptools' own finder, which a .pth file of it puts in place in an image."""

    HEAD = "import _distutils_hack\n_distutils_hack.add_shim()\nbefore = [*sys.meta_path]\n"
    TAIL = """
print('setuptools' in sys.modules, user.version.__name__, [one for one in sys.meta_path if one in before] == before)
import distutils.version, setuptools
print('setuptools' in distutils.version.__file__, distutils.version is user.version)
"""

    @pytest.fixture(autouse=True)
    def user(self, python: Python) -> None:
        python.write("apispec/__init__.py", "")
        python.write("apispec/utils.py", "from distutils import version\n")

    def run(self, python: Python, program: str, **environment: str) -> list[str]:
        return python.run(f"{self.HEAD}{program}{self.TAIL}", **environment).splitlines()

    def test_is_pythons_own_for_who_only_compares_versions(self, python: Python) -> None:
        found = self.run(python, "with importing(): import apispec.utils as user")
        assert found == ["False distutils.version True", "True False"]

    def test_is_setuptools_where_that_is_asked_for(self, python: Python) -> None:
        found = self.run(python, "with importing(): import apispec.utils as user", ASTRONOMER_LAZY_IMPORTS="false")
        assert found == ["True distutils.version True", "True True"]

    def test_is_what_was_loaded_before(self, python: Python) -> None:
        found = self.run(python, "import distutils\nwith importing(): import apispec.utils as user")
        assert found == ["True distutils.version True", "True True"]

    def test_is_as_before_after_an_import_that_failed(self, python: Python) -> None:
        python.write("apispec/utils.py", "from distutils import version\n1 / 0\n")
        program = "try:\n    with importing(): import apispec.utils\nexcept ZeroDivisionError: import distutils.version"
        found = self.run(python, f"{program}\nuser = distutils")
        assert found == ["True distutils.version True", "True True"]
