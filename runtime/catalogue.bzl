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

def row_errors(rows):
    """Says what is wrong with a catalogue.

    Args:
      rows: list of rows.

    Returns:
      list of messages, each naming its row: unknown or missing fields, an architecture or default Python that is none, two
      rows that make one target.
    """
    errors = []
    locks = {}
    for row in rows:
        name = "catalogue row {}: ".format(row.get("line", row))
        unknown = [field for field in sorted(row.keys()) if field not in _FIELDS]
        missing = [field for field in _FIELDS if field not in row]
        if unknown or missing:
            errors.append(name + "unknown fields {}, missing fields {}; the fields are explained in runtime/catalogue.bzl".format(unknown, missing))
            continue
        for arch in row["architectures"]:
            if arch not in _ARCHITECTURES:
                errors.append(name + "architecture {} is not one of {}".format(arch, ", ".join(_ARCHITECTURES)))
        if row["python"] not in row["pythons"]:
            errors.append(name + "its default Python {} is not among its pythons {}".format(row["python"], ", ".join(row["pythons"])))
        for python in row["pythons"]:
            lock = lock_name(row["line"], python)
            if lock in locks:
                errors.append(name + "two rows make the target {}".format(lock))
            locks[lock] = True
    return errors

def lock_name(line, python):
    """The name of a line's lock and index for a Python: 10_py311."""
    return "{}_py{}".format(line, python.replace(".", ""))

def image_rows(rows = _ROWS):
    """Gives one row for each line and Python.

    Args:
      rows: the catalogue; another one in tests only.

    Returns:
      list of structs: the fields of a row, `python` being the image's own, and also `lock` (name of its lock and of its
      index) and `default_python` (whether `python` is the line's default). Fails with row_errors().
    """
    errors = row_errors(rows)
    if errors:
        fail("\n".join(errors))
    return [
        struct(
            airflow = row["airflow"],
            architectures = row["architectures"],
            cutoff = row["cutoff"],
            default_python = python == row["python"],
            edition = row["edition"],
            line = row["line"],
            lock = lock_name(row["line"], python),
            python = python,
            version = row["version"],
        )
        for row in rows
        for python in row["pythons"]
    ]
