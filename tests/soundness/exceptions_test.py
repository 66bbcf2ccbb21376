"""Every exception is for a package that some image of the catalogue has (each image's own test checks that it fits a finding)."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tools.oci.origin import Origin
from tools.verify.soundness import soundness
from tools.verify.soundness.findings import read_exceptions

EXCEPTIONS = Path(__file__).with_name("exceptions.yaml")


def test_every_package_is_in_an_image() -> None:
    files = os.environ["LOCKS"].split()
    assert files
    locks = [json.loads(Path(file).read_bytes()) for file in files]
    origins = {Origin("wheel", entry["name"], entry["version"]) for lock in locks for entry in lock["files"]}
    allowed = read_exceptions(EXCEPTIONS, soundness.KINDS)
    assert allowed
    nobodys = [str(each) for each in allowed if each.package and not any(map(each.is_of, origins))]
    assert not nobodys, f"no image has their packages, remove them: {nobodys}"
