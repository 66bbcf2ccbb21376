"""The module extension that turns locks into repositories.

    locked = use_extension("//tools/fetch:extension.bzl", "locked")
    use_repo(locked, "locked", "tools_python")

Every file that a lock names becomes one repository of its own, so that building one image fetches just its files.
They are reached through the hub:

    @locked//pypi:adal-1.2.7-py2.py3-none-any.whl     a wheel or sdist, by its file name
    @locked//debian:tini_0.19.0-1_amd64.deb           a .deb or a file of a source package
    @locked//:locks.bzl                               REQUIREMENTS, DEBIAN, SOURCES: the decoded locks

`tools_python` is the CPython that runs our own tools (tools/python). Which locks of wheels there are stands in
requirements_lock/locks.json.
"""

load("//tools/fetch/private:hub.bzl", "hub")
load("//tools/fetch/private:locked_file.bzl", "locked_file")
load("//tools/fetch/private:registries.bzl", "registries")
load("//tools/python:repository.bzl", "python_repository")

_REQUIREMENTS = Label("//requirements_lock:locks.json")

_DEBIAN = {
    "amd64": Label("//runtime/debian:bullseye_amd64.json"),
    "arm64": Label("//runtime/debian:bullseye_arm64.json"),
}

_SOURCES = Label("//runtime/python:sources.json")

_ENTRY_KEYS = ["file", "registry", "path", "sha256", "size"]

def _decode(module_ctx, label):
    """Reads a lock; stops with its name when an entry is not whole."""
    content = json.decode(module_ctx.read(label))
    for entry in content["files"]:
        missing = [key for key in _ENTRY_KEYS if key not in entry]
        if missing:
            fail("{lock}: the entry {entry} lacks {missing}; remake the lock with its :update target".format(
                lock = label,
                entry = entry.get("file", entry),
                missing = ", ".join(missing),
            ))
    return content

def _directory(entry):
    return "pypi" if entry["registry"] == "pypi" else "debian"

def _locked_impl(module_ctx):
    requirements_labels = {
        lock["lock"]: _REQUIREMENTS.relative(lock["lock"] + ".json")
        for lock in json.decode(module_ctx.read(_REQUIREMENTS))
    }
    requirements = {name: _decode(module_ctx, label) for name, label in requirements_labels.items()}
    debian = {arch: _decode(module_ctx, label) for arch, label in _DEBIAN.items()}
    sources = _decode(module_ctx, _SOURCES)

    registries(name = "registries")
    repositories = {}  # "pypi/<file>" -> (repository, entry, lock)
    locks = [(requirements_labels[name], lock) for name, lock in requirements.items()]
    locks += [(_DEBIAN[arch], lock) for arch, lock in debian.items()]
    locks.append((_SOURCES, sources))
    for label, lock in locks:
        for entry in lock["files"]:
            key = "{}/{}".format(_directory(entry), entry["file"])
            known = repositories.get(key)
            if known:
                if known.sha256 != entry["sha256"]:
                    fail("{} stands in {} and in {} with different sha256: one file name is one file".format(
                        entry["file"],
                        known.lock,
                        label,
                    ))
                continue
            repository = "file_" + entry["sha256"][:20]
            repositories[key] = struct(repository = repository, sha256 = entry["sha256"], lock = str(label))
            locked_file(
                name = repository,
                file = entry["file"],
                registries = "@registries//:registries.json",
                registry = entry["registry"],
                path = entry["path"],
                sha256 = entry["sha256"],
                size = entry["size"],
                lock = "{}/{}".format(label.package, label.name),
            )

    python_repository(
        name = "tools_python",
        debs = {
            "@{}//:{}".format(repositories["debian/" + entry["file"]].repository, entry["file"]): entry["file"]
            for entry in debian["amd64"]["files"]
            if "python" in entry["sets"]
        },
    )
    hub(
        name = "locked",
        files = {key: known.repository for key, known in repositories.items()},
        requirements = json.encode(requirements),
        debian = json.encode(debian),
        sources = json.encode(sources),
    )

locked = module_extension(
    doc = "One lazily fetched repository per file in our locks, the hub `locked`, and `tools_python`.",
    implementation = _locked_impl,
)
