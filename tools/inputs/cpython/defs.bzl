"""Interpreters of the images, built from source.

Example:

    load("//tools/inputs/cpython:defs.bzl", "cpythons")

    cpythons(recipes = RECIPES, debian = DEBIAN, sources = SOURCES, training = …, zig = …)

    :3.11_amd64, :3.11_arm64             the interpreters (PythonTreeInfo; TargetPythonInfo for amd64)
    :3.11_amd64.part, :3.11_arm64.part   the same as parts of layers
"""

load("//tools/inputs/cpython/private:cpython.bzl", _cpython = "cpython")
load("//tools/inputs/cpython/private:cpythons.bzl", _cpythons = "cpythons", _interpreter_debs = "interpreter_debs", _profile_debs = "profile_debs")
load("//tools/inputs/cpython/private:zig_archive.bzl", _zig_archive = "zig_archive")
load("//tools/inputs/cpython/private/providers:python_tree.bzl", _PythonTreeInfo = "PythonTreeInfo")

PythonTreeInfo = _PythonTreeInfo
cpython = _cpython
cpythons = _cpythons
interpreter_debs = _interpreter_debs
profile_debs = _profile_debs
zig_archive = _zig_archive
