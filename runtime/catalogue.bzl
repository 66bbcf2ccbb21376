"""The catalogue: which Runtime images exist. Data, and the one function that reads it.

A row is one line of the Runtime or of Core:
  line           name in targets: //runtime:<line>_py<XY>_<arch>
  edition        "runtime" or "core"
  version        version of the release that the row follows
  airflow        version of Airflow
  python         default Python, what //runtime:<line> means
  pythons        every Python the line is built for; each needs the lock requirements_lock/<line>_py<XY>.json
  architectures  amd64, arm64
  without        optional: provider of runtime/providers.bzl that this line can't have -> why

Adding a Runtime is adding a row and its lock (docs/adding-a-runtime.md).
"""

_ROWS = [
    {
        "line": "4",
        "edition": "runtime",
        "version": "4.2.9",
        "airflow": "2.2.5",
        "python": "3.9",
        "pythons": ["3.9"],
        "architectures": ["amd64"],
    },
    {
        "line": "5",
        "edition": "runtime",
        "version": "5.4.0",
        "airflow": "2.3.4",
        "python": "3.9",
        "pythons": ["3.9"],
        "architectures": ["amd64"],
    },
    {
        "line": "6",
        "edition": "runtime",
        "version": "6.7.0",
        "airflow": "2.4.3",
        "python": "3.9",
        "pythons": ["3.9"],
        "architectures": ["amd64", "arm64"],
    },
    {
        "line": "7",
        "edition": "runtime",
        "version": "7.6.0",
        "airflow": "2.5.3",
        "python": "3.9",
        "pythons": ["3.9"],
        "architectures": ["amd64", "arm64"],
    },
    {
        "line": "8",
        "edition": "runtime",
        "version": "8.10.0",
        "airflow": "2.6.3",
        "python": "3.10",
        "pythons": ["3.10"],
        "architectures": ["amd64", "arm64"],
    },
    {
        "line": "9",
        "edition": "runtime",
        "version": "9.17.0",
        "airflow": "2.7.3",
        "python": "3.11",
        "pythons": ["3.9", "3.10", "3.11"],
        "architectures": ["amd64", "arm64"],
    },
    {
        "line": "10",
        "edition": "runtime",
        "version": "10.9.0",
        "airflow": "2.8.4",
        "python": "3.11",
        "pythons": ["3.9", "3.10", "3.11"],
        "architectures": ["amd64", "arm64"],
    },
    {
        "line": "core_2_2",
        "edition": "core",
        "version": "2.2.5",
        "airflow": "2.2.5",
        "python": "3.9",
        "pythons": ["3.9"],
        "architectures": ["amd64"],
    },
    {
        "line": "core_2_3",
        "edition": "core",
        "version": "2.3.4",
        "airflow": "2.3.4",
        "python": "3.9",
        "pythons": ["3.9"],
        "architectures": ["amd64"],
    },
    {
        "line": "core_2_4",
        "edition": "core",
        "version": "2.4.3",
        "airflow": "2.4.3",
        "python": "3.9",
        "pythons": ["3.9"],
        "architectures": ["amd64", "arm64"],
    },
]

_FIELDS = ["airflow", "architectures", "edition", "line", "python", "pythons", "version"]
_OPTIONAL_FIELDS = ["without"]
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
        unknown = [field for field in sorted(row.keys()) if field not in _FIELDS + _OPTIONAL_FIELDS]
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
      list of structs: the fields of a row, `python` being the image's own and `without` possibly empty, and also `lock`
      (name of its lock and of its index) and `default_python` (whether `python` is the line's default). Fails with row_errors().
    """
    errors = row_errors(rows)
    if errors:
        fail("\n".join(errors))
    return [
        struct(
            airflow = row["airflow"],
            architectures = row["architectures"],
            default_python = python == row["python"],
            edition = row["edition"],
            line = row["line"],
            lock = lock_name(row["line"], python),
            python = python,
            version = row["version"],
            without = row.get("without", {}),
        )
        for row in rows
        for python in row["pythons"]
    ]
