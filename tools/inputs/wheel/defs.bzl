"""Wheels: as parts of images, and as libraries and programs of the build itself.

Example:

    load("//tools/inputs/wheel:defs.bzl", "wheel_part")

    wheel_part(
        name = "adal.py311",
        wheel = "@locked//pypi:adal-1.2.7-py2.py3-none-any.whl",
        distribution = "adal",
        version = "1.2.7",
        python = "//runtime/python:3.11",
    )
"""

load(
    "//tools/inputs/wheel/private:locked_wheels.bzl",
    _locked_file_of = "locked_file_of",
    _locked_libraries = "locked_libraries",
    _wheel_set = "wheel_set",
)
load("//tools/inputs/wheel/private:wheel_binary.bzl", _wheel_binary = "wheel_binary")
load("//tools/inputs/wheel/private:wheel_library.bzl", _wheel_library = "wheel_library")
load("//tools/inputs/wheel/private:wheel_part.bzl", _wheel_part = "wheel_part")
load("//tools/inputs/wheel/private/providers:target_python_info.bzl", _TargetPythonInfo = "TargetPythonInfo")

TargetPythonInfo = _TargetPythonInfo
locked_file_of = _locked_file_of
locked_libraries = _locked_libraries
wheel_binary = _wheel_binary
wheel_library = _wheel_library
wheel_part = _wheel_part
wheel_set = _wheel_set
