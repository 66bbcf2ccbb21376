"""One file of a lock, fetched by its sha256."""

_VARIABLE = {
    "debian": "RUNTIME_DEBIAN_URL",
    "debian-security": "RUNTIME_DEBIAN_SECURITY_URL",
    "pypi": "RUNTIME_PYPI_FILES_URL",
}

def _locked_file_impl(ctx):
    registries = json.decode(ctx.read(ctx.attr.registries))
    if ctx.attr.registry not in registries:
        fail("{}: {} names the registry '{}'; known are {}".format(
            ctx.attr.lock,
            ctx.attr.file,
            ctx.attr.registry,
            ", ".join(registries.keys()),
        ))

    # Mirrors that are plain file servers want the reserved characters of Debian's versions quoted.
    url = "{}/{}".format(registries[ctx.attr.registry], ctx.attr.path.replace("+", "%2B"))
    result = ctx.download(
        url = url,
        output = ctx.attr.file,
        sha256 = ctx.attr.sha256,
        allow_fail = True,
    )
    if not result.success:
        fail("""\
{file} can't be fetched (see the warning above for the mirror's answer).
  lock:     {lock} (sha256 {sha256}, {size} bytes)
  asked:    {url}
  remedy:   another mirror by --repo_env={variable}=URL; if the file was withdrawn or differs everywhere, remake the lock \
(tools/bazel run //{package}:update)""".format(
            file = ctx.attr.file,
            lock = ctx.attr.lock,
            sha256 = ctx.attr.sha256,
            size = ctx.attr.size,
            url = url,
            variable = _VARIABLE[ctx.attr.registry],
            package = ctx.attr.lock.rpartition("/")[0],
        ))
    ctx.file("BUILD.bazel", "exports_files([{}])\n".format(repr(ctx.attr.file)))

locked_file = repository_rule(
    doc = """\
Downloads one locked file into Bazel's repository cache and exports it under its own name.

Fails naming file, lock, URL and the mirror's variable when the mirror does not serve exactly these bytes; a partial
download never stays (Bazel checks sha256 before the file gets its name).
""",
    implementation = _locked_file_impl,
    attrs = {
        "file": attr.string(mandatory = True, doc = "File name, also the target's name."),
        "lock": attr.string(mandatory = True, doc = "The lock that names the file, for messages."),
        "path": attr.string(mandatory = True, doc = "Path relative to the registry, without a host."),
        "registries": attr.label(mandatory = True, doc = "registries.json: where the registries are."),
        "registry": attr.string(mandatory = True, doc = "pypi, debian or debian-security."),
        "sha256": attr.string(mandatory = True),
        "size": attr.int(mandatory = True, doc = "Bytes."),
    },
)
