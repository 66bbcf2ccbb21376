"""The catalogue: which Runtime images exist. Data, and the one function that reads it.

A row is one line of the Runtime or of Core:
  line           name in targets: //runtime:<line>_py<XY>_<arch>
  edition        "runtime" or "core"
  version        version of the release that the row follows
  airflow        version of Airflow
  python         default Python, what //runtime:<line> means
  pythons        every Python the line is built for; each needs the lock requirements_lock/<line>_py<XY>.json
  architectures  amd64, arm64
  cutoff         its locks hold only distributions uploaded up to this day

Adding a Runtime is adding a row and its lock (docs/adding-a-runtime.md).
"""

_ROWS = [
    {
        "line": "10",
        "edition": "runtime",
        "version": "10.9.0",
        "airflow": "2.8.4",
        "python": "3.11",
        "pythons": ["3.11"],
        "architectures": ["amd64", "arm64"],
        "cutoff": "2024-06-14",
    },
]

_FIELDS = ["airflow", "architectures", "cutoff", "edition", "line", "python", "pythons", "version"]
_ARCHITECTURES = ["amd64", "arm64"]

def _check(row):
    name = row.get("line", str(row))
    fields = sorted(row.keys())
    if fields != _FIELDS:
        unknown = [field for field in fields if field not in _FIELDS]
        missing = [field for field in _FIELDS if field not in fields]
        fail("catalogue row {}: unknown fields {}, missing fields {}".format(name, unknown, missing))
    for arch in row["architectures"]:
        if arch not in _ARCHITECTURES:
            fail("catalogue row {}: architecture {} is not one of {}".format(name, arch, ", ".join(_ARCHITECTURES)))
    if row["python"] not in row["pythons"]:
        fail("catalogue row {}: its default Python {} is not among its pythons {}".format(name, row["python"], row["pythons"]))

def image_rows(rows = _ROWS):
    """Gives one row for each line and Python.

    Args:
      rows: the catalogue; another one in tests only.

    Returns:
      list of structs: the fields of a row, `python` being the image's own, and also `lock` (name of its lock and of its
      index), `default_python` (whether `python` is the line's default) and `minor`, Airflow's minor version. Fails,
      naming the row, on unknown or missing fields, an unknown architecture, and two rows with one name.
    """
    result = {}
    for row in rows:
        _check(row)
        for python in row["pythons"]:
            lock = "{}_py{}".format(row["line"], python.replace(".", ""))
            if lock in result:
                fail("catalogue: two rows make the target {}".format(lock))
            result[lock] = struct(
                airflow = row["airflow"],
                architectures = row["architectures"],
                cutoff = row["cutoff"],
                default_python = python == row["python"],
                edition = row["edition"],
                line = row["line"],
                lock = lock,
                python = python,
                version = row["version"],
            )
    return result.values()
