"""The module extension that turns locks into repositories.

    locked = use_extension("//tools/locks/fetch:extension.bzl", "locked")
    use_repo(locked, "locked", "tools_python")

Every file that a lock names becomes one repository of its own, so that building one image fetches just its files.
They are reached through the hub:

    @locked//pypi:adal-1.2.7-py2.py3-none-any.whl     a wheel or sdist, by its file name
    @locked//debian:tini_0.19.0-1_amd64.deb           a .deb or a file of a source package
    @locked//:locks.bzl                               REQUIREMENTS, DEBIAN, SOURCES: the decoded locks

`tools_python` is the CPython that runs our own tools (tools/host/python). The locks of wheels are those of the tools, which
requirements_lock/locks.json lists, and those of the images, which follow from runtime/catalogue.bzl. A lock that has not been made yet is
left out, so that the program that makes it can be built.
"""

load("//runtime:catalogue.bzl", "lock_rows")
load("//tools/host/python:repository.bzl", "python_repository")
load("//tools/locks/fetch/private:hub.bzl", "hub")
load("//tools/locks/fetch/private:lock.bzl", "read_lock")
load("//tools/locks/fetch/private:locked_file.bzl", "locked_file")
load("//tools/locks/fetch/private:registries.bzl", "debian_registry", "pypi_registry")

_REQUIREMENTS = Label("//requirements_lock:locks.json")

_DEBIAN = {
    "amd64": Label("//runtime/debian:bullseye_amd64.json"),
    "arm64": Label("//runtime/debian:bullseye_arm64.json"),
}

_SOURCES = Label("//runtime/python:sources.json")

def _locked_files(locks):
    """Declare the repository of every file.

    Args:
      locks: list of (Label, decoded lock).
    Returns:
      dict "pypi/<file>" or "debian/<file>" -> the file's repository.
    """
    known = {}  # key -> (entry, label)
    names = {}  # repository -> key
    for label, lock in locks:
        for entry in lock["files"]:
            directory = "pypi" if entry["registry"] == "pypi" else "debian"
            key = "{}/{}".format(directory, entry["file"])
            if key in known:
                if known[key][0]["sha256"] != entry["sha256"]:
                    fail("{} is in {}/{} and in {}/{} with different sha256: one file name is one file".format(
                        entry["file"],
                        known[key][1].package,
                        known[key][1].name,
                        label.package,
                        label.name,
                    ))
                continue
            known[key] = (entry, label)
            repository = "file_" + entry["sha256"][:20]
            if repository in names:  # the same bytes under another name
                repository = "{}_{}".format(repository, len(names))
            names[repository] = key
            locked_file(
                name = repository,
                file = entry["file"],
                lock = "{}/{}".format(label.package, label.name),
                path = entry["path"],
                project = entry.get("name", entry.get("source", "")) if directory == "pypi" else "",
                registry = entry["registry"],
                sha256 = entry["sha256"],
                size = entry["size"],
                where = "@{}_registry//:registry.json".format(directory),
            )
    return {key: repository for repository, key in names.items()}

def _locked_impl(module_ctx):
    labels = {}
    for row in json.decode(module_ctx.read(_REQUIREMENTS)) + lock_rows():
        file = module_ctx.path(_REQUIREMENTS).dirname.get_child(row["lock"] + ".json")
        module_ctx.watch(file)
        if file.exists:
            labels[row["lock"]] = _REQUIREMENTS.relative(file.basename)
    requirements = {name: read_lock(module_ctx, label) for name, label in labels.items()}
    debian = {arch: read_lock(module_ctx, label) for arch, label in _DEBIAN.items()}
    sources = read_lock(module_ctx, _SOURCES)

    debian_registry(name = "debian_registry")
    pypi_registry(name = "pypi_registry")
    repositories = _locked_files(
        [(labels[name], lock) for name, lock in requirements.items()] +
        [(_DEBIAN[arch], lock) for arch, lock in debian.items()] +
        [(_SOURCES, sources)],
    )
    python_repository(
        name = "tools_python",
        debs = {
            "@{}//:{}".format(repositories["debian/" + entry["file"]], entry["file"]): entry["file"]
            for entry in debian["amd64"]["files"]
            if "python" in entry["sets"]
        },
    )
    hub(
        name = "locked",
        files = repositories,
        requirements = json.encode(requirements),
        debian = json.encode(debian),
        sources = json.encode(sources),
    )

locked = module_extension(
    doc = "One lazily fetched repository per file in our locks, the hub `locked`, and `tools_python`.",
    implementation = _locked_impl,
)
