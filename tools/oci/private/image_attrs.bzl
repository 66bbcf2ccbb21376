"""Attributes of an image's configuration: data only."""

load("//tools/lib:architectures.bzl", "ARCHITECTURES")

CONFIG_ATTRS = {
    "annotations": attr.string_dict(
        doc = "Annotations of the manifest.",
    ),
    "architecture": attr.string(
        doc = "`amd64` or `arm64`.",
        mandatory = True,
        values = ARCHITECTURES.keys(),
    ),
    "cmd": attr.string_list(
        doc = "Default arguments of the entrypoint.",
    ),
    "entrypoint": attr.string_list(
        doc = "What the container starts.",
    ),
    "env": attr.string_dict(
        doc = "Environment. Values are literal: nothing is expanded.",
    ),
    "exposed_ports": attr.string_list(
        doc = "Ports, like `8080` or `8793/udp`.",
    ),
    "healthcheck": attr.string_list(
        doc = '`["CMD", …]`, `["CMD-SHELL", "…"]` or `["NONE"]`. A Docker-only field.',
    ),
    "healthcheck_options": attr.string_dict(
        doc = "`interval`, `timeout`, `start_period` (seconds, like `30s`) and `retries`.",
    ),
    "labels": attr.string_dict(
        doc = "Labels of the config.",
    ),
    "max_layers": attr.int(
        default = 100,
        doc = "More layers are an error. Engines stop at about 127, and images built on this one need some as well.",
    ),
    "onbuild": attr.string_list(
        doc = "Dockerfile instructions that run in a build on this image. A Docker-only field.",
    ),
    "os": attr.string(
        default = "linux",
        doc = "Operating system.",
    ),
    "overrides": attr.string_list(
        doc = "Paths, or `directory/**`, that two layers may have: the upper layer wins.",
    ),
    "shell": attr.string_list(
        doc = "What RUN uses in a build on this image. A Docker-only field.",
    ),
    "stop_signal": attr.string(
        doc = "Signal that stops the container, like `SIGTERM`.",
    ),
    "user": attr.string(
        doc = "User, or `user:group`, names or numbers.",
    ),
    "variant": attr.string(
        doc = "Variant of the architecture, like `v8`.",
    ),
    "volumes": attr.string_list(
        doc = "Absolute paths of volumes.",
    ),
    "workdir": attr.string(
        doc = "Absolute path of the working directory.",
    ),
}

# The fields of tools.oci.image.Spec.
SPEC_FIELDS = CONFIG_ATTRS.keys()
