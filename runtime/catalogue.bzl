"""The catalogue: which Runtime images exist. Data, and the functions that read it.

A row is one line of the Runtime or of Core:
  line           name in targets: //runtime:<line>_py<XY>_<arch>
  edition        "runtime" or "core"
  version        version of the release that the row follows
  airflow        version of Airflow
  python         default Python, what //runtime:<line> means
  pythons        every Python the line is built for; each needs the lock requirements_lock/<line>_py<XY>.json
  architectures  amd64, arm64
  cutoff         last day (UTC) whose uploads its locks take
  without        optional: provider of runtime/providers.bzl that this line can't have -> why

Adding a Runtime is adding a row and its lock (docs/adding-a-runtime.md).
"""

load("//tools/lib:architectures.bzl", "ARCHITECTURES")

_ROWS = [
    {
        "line": "4",
        "edition": "runtime",
        "version": "4.2.9",
        "airflow": "2.2.5",
        "python": "3.9",
        "pythons": ["3.9"],
        "architectures": ["amd64"],
        "cutoff": "2022-12-13",
    },
    {
        "line": "5",
        "edition": "runtime",
        "version": "5.4.0",
        "airflow": "2.3.4",
        "python": "3.9",
        "pythons": ["3.9"],
        "architectures": ["amd64"],
        "cutoff": "2023-03-24",
    },
    {
        "line": "6",
        "edition": "runtime",
        "version": "6.7.0",
        "airflow": "2.4.3",
        "python": "3.9",
        "pythons": ["3.9"],
        "architectures": ["amd64", "arm64"],
        "cutoff": "2023-10-13",
    },
    {
        "line": "7",
        "edition": "runtime",
        "version": "7.6.0",
        "airflow": "2.5.3",
        "python": "3.9",
        "pythons": ["3.9"],
        "architectures": ["amd64", "arm64"],
        "cutoff": "2023-06-14",
    },
    {
        "line": "8",
        "edition": "runtime",
        "version": "8.10.0",
        "airflow": "2.6.3",
        "python": "3.10",
        "pythons": ["3.10"],
        "architectures": ["amd64", "arm64"],
        "cutoff": "2023-10-13",
    },
    {
        "line": "9",
        "edition": "runtime",
        "version": "9.17.0",
        "airflow": "2.7.3",
        "python": "3.11",
        "pythons": ["3.9", "3.10", "3.11"],
        "architectures": ["amd64", "arm64"],
        "cutoff": "2024-07-19",
    },
    {
        "line": "10",
        "edition": "runtime",
        "version": "10.9.0",
        "airflow": "2.8.4",
        "python": "3.11",
        "pythons": ["3.9", "3.10", "3.11"],
        "architectures": ["amd64", "arm64"],
        "cutoff": "2024-06-14",
    },
    {
        "line": "core_2_2",
        "edition": "core",
        "version": "2.2.5",
        "airflow": "2.2.5",
        "python": "3.9",
        "pythons": ["3.9"],
        "architectures": ["amd64"],
        "cutoff": "2022-04-04",
    },
    {
        "line": "core_2_3",
        "edition": "core",
        "version": "2.3.4",
        "airflow": "2.3.4",
        "python": "3.9",
        "pythons": ["3.9"],
        "architectures": ["amd64"],
        "cutoff": "2022-08-23",
    },
    {
        "line": "core_2_4",
        "edition": "core",
        "version": "2.4.3",
        "airflow": "2.4.3",
        "python": "3.9",
        "pythons": ["3.9"],
        "architectures": ["amd64", "arm64"],
        "cutoff": "2022-11-14",
    },
]

_FIELDS = ["airflow", "architectures", "cutoff", "edition", "line", "python", "pythons", "version"]
_OPTIONAL_FIELDS = ["without"]

# The images of a row: suffix of their names -> whether they have ONBUILD instructions.
VARIANTS = {
    "": True,
    "_base": False,
}

def row_errors(rows):
    """Return what is wrong with a catalogue.

    Args:
      rows: list of rows.

    Returns:
      list of messages, each naming its row: unknown or missing fields, an unknown architecture, a default Python missing from `pythons`, two
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
            if arch not in ARCHITECTURES:
                errors.append(name + "architecture {} is not one of {}".format(arch, ", ".join(ARCHITECTURES)))
        if row["python"] not in row["pythons"]:
            errors.append(name + "its default Python {} is not among its pythons {}".format(row["python"], ", ".join(row["pythons"])))
        for python in row["pythons"]:
            lock = lock_name(row["line"], python)
            if lock in locks:
                errors.append(name + "two rows make the target {}".format(lock))
            locks[lock] = True
    return errors

def lock_name(line, python):
    """Return the name of a line's lock and index for a Python: 10_py311."""
    return "{}_py{}".format(line, python.replace(".", ""))

def image_rows(rows = _ROWS):
    """Return one row for each line and Python.

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
            cutoff = row["cutoff"],
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

def image_names(row, variant):
    """Return the names of a row's targets in //runtime.

    Args:
      row: a row of image_rows().
      variant: a key of VARIANTS.

    Returns:
      struct: `index`, name of the multi-arch index; `images`, dict: architecture -> name of its image; `alias`, what the line
      alone means, None for all Pythons but its default.
    """
    index = row.lock + variant
    return struct(
        alias = row.line + variant if row.default_python else None,
        images = {arch: "{}_{}".format(index, arch) for arch in row.architectures},
        index = index,
    )

def lock_rows(rows = _ROWS):
    """Return the rows of the images' locks, as in requirements_lock/locks.json.

    Args:
      rows: the catalogue; another one in tests only.

    Returns:
      list of dicts.
    """
    return [
        {
            "archs": row.architectures,
            "cutoff": row.cutoff,
            "input": "providers/{}.in".format(row.line if row.edition == "core" else "runtime_" + row.line),
            "lock": row.lock,
            "python": row.python,
        }
        for row in image_rows(rows)
    ]
