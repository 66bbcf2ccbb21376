"""The catalogue: which Runtime images exist. Data only; runtime/images.bzl turns rows into targets.

A row is one Runtime line:
  line           name in targets: //runtime:<line>_py<XY>_<arch>
  version        version of the Runtime release the row follows
  airflow        version of Airflow
  python         default Python, what //runtime:<line> means
  pythons        every Python the line is built for; each needs the lock requirements_lock/<line>_py<XY>.json
  architectures  amd64, arm64
  cutoff         only distributions uploaded up to this day are in its locks

Adding a Runtime is adding a row and its lock (docs/adding-a-runtime.md).
"""

RUNTIMES = [
    {
        "line": "10",
        "version": "10.9.0",
        "airflow": "2.8.4",
        "python": "3.11",
        "pythons": ["3.11"],
        "architectures": ["amd64", "arm64"],
        "cutoff": "2024-06-14",
    },
]
