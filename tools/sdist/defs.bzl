"""Wheels built of locked sdists.

    load("//tools/sdist:defs.bzl", "sdist_wheel")

What a distribution needs to be built stands in recipes.bzl.
"""

load("//tools/sdist/private:locked_sdists.bzl", _locked_sdists = "locked_sdists", _sdist_wheel_name = "sdist_wheel_name")
load("//tools/sdist/private:sdist_wheel.bzl", _sdist_wheel = "sdist_wheel")

locked_sdists = _locked_sdists
sdist_wheel = _sdist_wheel
sdist_wheel_name = _sdist_wheel_name
