"""Which files of tests an image of the catalogue has to pass."""

_PACKAGE = "//tests/structure"

# arm64 images in which programs are run, under emulation, minutes each: one for each interpreter. All others are judged from
# their layers (//tests/soundness).
EMULATED = ["6_py39", "8_py310", "10_py311"]

# All that depends on the architecture runs on this one.
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

    Not every image runs everything: a file is run where something that its answers depend on differs.

    * `line.yaml`: pure Python, the same on every architecture and Python of a line. For amd64, one image of each line: with its
      default Python, and every Python is some line's.
    * `common.yaml`: the system, the interpreter, native modules. Every image for amd64; of the emulated ones, minutes each, one.
    * `dag_run.yaml`: Airflow's own processes, from a migration to a task that has run. Every image for amd64.
    * The others: architecture, line and interpreter, each with its native modules. Every image in which programs are run.

    Args:
      row: a row of image_rows().
      arch: architecture of the image.

    Returns:
      list of labels.
    """
    configs = structure_configs(row, arch)
    if arch == "amd64":
        return configs + _labels(["dag_run"] + (["line"] if row.default_python else []))
    return [config for config in configs if row.lock == _EMULATED_WHOLLY or config not in _labels(["common"])]

# For the images without ONBUILD instructions: the layers are the same, only the config differs.
BASE_CONFIGS = _labels(["base"])
