"""The column `airflow_default` of runtime/providers.bzl says what the wheels of Airflow themselves require.

AIRFLOW_WHEELS: paths of the wheels, separated by spaces; PROVIDERS: the table as JSON.
"""

from __future__ import annotations

import json
import os
import re
import zipfile
from email.parser import HeaderParser

PROVIDERS = json.loads(os.environ["PROVIDERS"])


def required_without_extra(wheel: str) -> tuple[str, set[str]]:
    """Return the minor version of an Airflow wheel and the normalised names that it requires (core metadata, Requires-Dist)."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = HeaderParser().parsestr(archive.read(name).decode())
    names = set()
    for requirement in metadata.get_all("Requires-Dist", []):
        specifier, _, marker = requirement.partition(";")
        if "extra" not in marker:
            (name,) = re.findall("^[A-Za-z0-9._-]+", specifier.strip())
            names.add(re.sub("[-_.]+", "-", name).lower())
    return ".".join(metadata["Version"].split(".")[:2]), names


def test_default_dependencies_of_airflow() -> None:
    required = dict(required_without_extra(wheel) for wheel in os.environ["AIRFLOW_WHEELS"].split())
    assert len(required) == 7
    said = {provider["name"]: provider["airflow_default"] for provider in PROVIDERS}
    found = {
        provider["name"]: sorted(version for version, names in required.items() if provider["distribution"] in names)
        for provider in PROVIDERS
    }
    assert said == found


def test_the_table_is_the_specifications() -> None:
    assert len(PROVIDERS) == 17
    assert len({provider["distribution"] for provider in PROVIDERS}) == 17
