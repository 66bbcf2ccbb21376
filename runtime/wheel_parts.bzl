"""The wheels of the images, as one value: //runtime/wheels declares their parts, layers.bzl takes the labels."""

load("@locked//:locks.bzl", "REQUIREMENTS")
load("//runtime/python:interpreters.bzl", "TARGET_PYTHONS", "built_wheel")
load("//tools/inputs/wheel:defs.bzl", "wheel_set")
load(":catalogue.bzl", "image_rows")
load(":shared_files.bzl", "LEFT_OUT")

WHEELS = wheel_set(
    package = "//runtime/wheels",
    leave_out = LEFT_OUT,
    locks = [REQUIREMENTS[row.lock] for row in image_rows() if row.lock in REQUIREMENTS],
    pythons = TARGET_PYTHONS,
    # Probes and tasks start Airflow all day: see //runtime/start.
    script_contexts = {"apache-airflow": "astro_runtime_start:importing"},
    sdist_wheel = built_wheel,
)
