"""Debian packages as parts of images, without dpkg and without running maintainer scripts.

    load("//tools/inputs/deb:defs.bzl", "deb_part", "debian_state_part")

An image of a Debian system contains one deb_part for each package and one debian_state_part for all of them.
`deb_set` declares the parts of whole locks.
"""

load("//tools/inputs/deb/private:deb_part.bzl", _deb_part = "deb_part")
load("//tools/inputs/deb/private:deb_set.bzl", _deb_set = "deb_set")
load("//tools/inputs/deb/private:debian_state_part.bzl", _debian_state_part = "debian_state_part")
load("//tools/inputs/deb/private:system_description.bzl", _system_description = "system_description")
load("//tools/inputs/deb/private/providers:deb_info.bzl", _DebInfo = "DebInfo")

DebInfo = _DebInfo
deb_part = _deb_part
deb_set = _deb_set
debian_state_part = _debian_state_part
system_description = _system_description
