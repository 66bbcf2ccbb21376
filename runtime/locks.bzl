"""Which locks exist. The module extension reads them (tools/fetch/extension.bzl)."""

DEBIAN_LOCKS = {
    arch: Label("//runtime/debian:bullseye_{}.json".format(arch))
    for arch in ["amd64", "arm64"]
}

REQUIREMENTS_LOCKS = {
    lock: Label("//requirements_lock:{}.json".format(lock))
    for lock in []
}

SOURCES_LOCK = Label("//runtime/python:sources.json")
