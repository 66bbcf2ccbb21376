"""acceptance_test: a file of acceptance tests as a Bazel test on images."""

load("@locked//:locks.bzl", "DEBIAN", "REQUIREMENTS")
load("//runtime:catalogue.bzl", "VARIANTS", "image_names")
load("//runtime/config:defs.bzl", "image_config")
load("//tools/host/python:defs.bzl", "py_test")
load("//tools/inputs/wheel:defs.bzl", "locked_file_of")
load("//tools/lib:table.bzl", "table")
load("//tools/locks/fetch:debs.bzl", "debs", "debs_of_sets", "entries_of_sets")
load(":subjects.bzl", "BUMPED", "BUMPS", "PACKAGE", "UNUSED")

# Containers are started by root of the machine itself, which no sandbox, cache or other machine has; and no other test may
# take the processors while a test waits for Airflow.
_TAGS = [
    "acceptance",
    "exclusive",
    "external",
    "no-remote",
    "no-sandbox",
]

_ARCHITECTURE = "amd64"  # the engine's and the services'

# What packages.txt of a project asks for.
PROJECT_DEB = debs(DEBIAN[_ARCHITECTURE], [PACKAGE])[0]

EMBEDDING = REQUIREMENTS["embedding"]

def room_debs(sets):
    """Return what the root of a room consists of.

    Args:
      sets: package sets.

    Returns:
      list of labels of .debs.
    """
    return debs(DEBIAN[_ARCHITECTURE], [
        entry["package"]
        for entry in entries_of_sets(DEBIAN[_ARCHITECTURE], sets)
        if entry["package"] not in UNUSED
    ])

def _description(row, suffix):
    """Return a row of tests.acceptance.airflow.Lines."""
    config = image_config(
        airflow = row.airflow,
        default_python = row.default_python,
        edition = row.edition,
        onbuild = VARIANTS[suffix],
        pip = "",
        python = row.python,
        version = row.version,
    )
    return {
        "airflow": row.airflow,
        "edition": row.edition,
        "line": row.line,
        "python": row.python,
        "tag": config["env"]["ASTRONOMER_IMAGE_TAG"],
        "version": row.version,
    }

def project_files(row):
    """Return what builds of projects install.

    Args:
      row: a row of image_rows().

    Returns:
      dict: name under which the test finds the file -> label.
    """
    return {
        "package.deb": PROJECT_DEB,
        "provider.whl": locked_file_of(REQUIREMENTS[BUMPS[row.line]], BUMPED),
    }

def embedding_files():
    """Return what programs that embed Python are built from.

    Returns:
      dict: name under which the test finds the file -> label; compiler/<file> are .debs, embedding/<name> are wheels and sdists.
    """
    return {
        "compiler/" + label.rpartition(":")[2]: label
        for label in debs_of_sets(DEBIAN[_ARCHITECTURE], ["compiler"])
    } | {
        "embedding/" + entry["name"]: locked_file_of(EMBEDDING, entry["name"])
        for entry in EMBEDDING["files"]
    }

def acceptance_test(name, src, rows, sets, variants = [""], files = {}, timeout = "eternal", **kwargs):
    """Run a file of tests with real services and a real container engine on images of the catalogue.

    Args:
      name: target name.
      src: the file.
      rows: rows of image_rows(): their images are given to the test in this order.
      sets: package sets that the test's room holds.
      variants: suffixes of the images of each row.
      files: dict: name under which the test finds the file -> label.
      timeout: Bazel's.
      **kwargs: passed on to py_test.
    """
    images = [(row, suffix) for row in rows for suffix in variants]
    labels = ["//runtime:" + image_names(row, suffix).images[_ARCHITECTURE] for row, suffix in images]
    services = room_debs(sets)
    table(
        name = name + ".lines",
        value = {"lines": [_description(row, suffix) for row, suffix in images]},
    )
    lines = ":{}.lines".format(name)
    py_test(
        name = name,
        size = "enormous",
        timeout = timeout,
        srcs = [src, "//tests/acceptance:main.py"],
        main = "//tests/acceptance:main.py",
        args = ["--lines=$(rootpath {})".format(lines)] +
               ["--image=$(rootpath {})".format(label) for label in labels] +
               ["--file={}=$(rootpath {})".format(file, label) for file, label in files.items()] +
               ["--deb=$(rootpath {})".format(deb) for deb in services] +
               ["$(rootpath {})".format(src)],
        data = depset(labels + services + files.values() + [lines]).to_list(),  # a package may be in several sets
        tags = _TAGS,
        deps = ["//tests/acceptance:modules"],
        **kwargs
    )
