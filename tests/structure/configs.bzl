"""Which files of tests an image of the catalogue has to pass."""

_PACKAGE = "//tests/structure"

# arm64 images in which programs are run, under emulation, minutes each: one for each interpreter. All others are judged from
# their layers (//tests/soundness).
EMULATED = ["6_py39", "8_py310", "10_py311"]

# Everything runs on this one.
_EMULATED_WHOLLY = "10_py311"

def _labels(names):
    return ["{}:{}.yaml".format(_PACKAGE, name) for name in names]

def structure_configs(row, arch):
    """Return the files for an image that projects build on.

    Args:
      row: a row of image_rows().
      arch: architecture of the image.

    Returns:
      list of labels.
    """
    return _labels([
        arch,
        "common",
        "onbuild",
        "python" + row.python.replace(".", ""),
        row.line if row.edition == "core" else "runtime_" + row.line,
    ])

def run_configs(row, arch):
    """Return the files whose commands are run in an image.

    Args:
      row: a row of image_rows().
      arch: architecture of the image.

    Returns:
      list of labels. For amd64 all, and a DAG's run. arm64 is emulated, minutes for each file: without the DAG, and what all
      images have in common in one of them only.
    """
    if arch == "amd64":
        return structure_configs(row, arch) + _labels(["dag_run"])
    return [
        config
        for config in structure_configs(row, arch)
        if row.lock == _EMULATED_WHOLLY or config not in _labels(["common"])
    ]

# For the images without ONBUILD instructions: the layers are the same, only the config differs.
BASE_CONFIGS = _labels(["base"])
