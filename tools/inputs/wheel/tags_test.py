"""Tags are those of `packaging`, in its order."""

from __future__ import annotations

import pytest
from packaging import tags as reference

from tools.inputs.wheel.tags import TagError, expand, fits, is_pure, parse_wheel_name, platforms, supported


@pytest.mark.parametrize("python", ["3.9", "3.10", "3.11"])
@pytest.mark.parametrize("arch", ["amd64", "arm64"])
def test_order_is_that_of_packaging(python: str, arch: str) -> None:
    version = tuple(int(part) for part in python.split("."))
    places = platforms(arch)
    interpreter = f"cp{python.replace('.', '')}"
    expected = [
        *reference.cpython_tags(version, platforms=places),
        *reference.compatible_tags(version, interpreter, places),
    ]
    assert supported(python, arch) == [str(tag) for tag in expected]


def test_platforms() -> None:
    found = platforms("amd64")
    assert found[0] == "manylinux_2_31_x86_64"
    assert found.index("manylinux2014_x86_64") == found.index("manylinux_2_17_x86_64") + 1
    assert found[-3:] == ["manylinux_2_5_x86_64", "manylinux1_x86_64", "linux_x86_64"]
    assert platforms("arm64")[-2:] == ["manylinux2014_aarch64", "linux_aarch64"]


def test_unknown() -> None:
    with pytest.raises(TagError, match="unknown architecture 'riscv64': known are amd64, arm64"):
        supported("3.11", "riscv64")
    with pytest.raises(TagError, match=r"'2\.7' is not of the form 3\.N"):
        supported("2.7", "amd64")


def test_names() -> None:
    assert parse_wheel_name("a_b-1.0-2-py2.py3-none-any.whl") == ("a_b", "1.0", ["py2-none-any", "py3-none-any"])
    assert expand("cp36-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64") == [
        "cp36-abi3-manylinux2014_x86_64",
        "cp36-abi3-manylinux_2_17_x86_64",
    ]
    for bad in ("a-1.0.whl", "a-1.0-py3-none-any.zip", "a--py3-none-any.whl", "whl"):
        with pytest.raises(TagError):
            parse_wheel_name(bad)


def test_pure() -> None:
    assert is_pure(["py3-none-any"])
    assert not is_pure(["py3-none-manylinux2014_x86_64"])
    assert not fits(["cp311-cp311-musllinux_1_1_x86_64"], "3.11", "amd64")
