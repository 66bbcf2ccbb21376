"""Wheels built from locked source archives.

    load("//tools/inputs/sdist:defs.bzl", "locked_sdists", "sdist_wheel_name")

    locked_sdists(
        locks = [REQUIREMENTS["10_py311"]],
        pythons = {"3.11": {"amd64": "//runtime/python:3.11_amd64", "arm64": "//runtime/python:3.11_arm64"}},
        debian = DEBIAN,
        tools = REQUIREMENTS["tools"],
        zig = "//runtime/python:zig",
    )

declares the wheels; `sdist_wheel_name` returns the target that is the wheel of a lock's entry. recipes.bzl says how each project
is built.
"""

load("//tools/inputs/sdist/private:locked_sdists.bzl", _locked_sdists = "locked_sdists", _sdist_wheel_name = "sdist_wheel_name")
load("//tools/inputs/sdist/private:sdist_wheel.bzl", _sdist_wheel = "sdist_wheel")

locked_sdists = _locked_sdists
sdist_wheel = _sdist_wheel
sdist_wheel_name = _sdist_wheel_name
