"""Repositories of projects' locks: one for each wheel and each .deb, and the hub @airflow_project_locks."""

load("//tools/locks/fetch/private:registries.bzl", "debian_registry", "pypi_registry")
load(":deb_repository.bzl", "deb_repository")
load(":places.bzl", "places_of")
load(":wheel_repository.bzl", "wheel_repository")

_HUB = "airflow_project_locks"
_WHEEL_KEYS = ["archs", "file", "kind", "name", "path", "registry", "requested", "sha256", "tags", "version"]
_DEB_KEYS = ["archs", "file", "package", "path", "registry", "sha256", "version"]

def _is_debian(lock):
    """Whether a lock is of packages.txt."""
    return "packages" in lock

def _read(module_ctx, label):
    """Decode a lock; return None if it has not been made."""
    file = module_ctx.path(label)
    module_ctx.watch(file)
    if not file.exists:
        return None
    lock = json.decode(module_ctx.read(file), default = None)
    if type(lock) != "dict" or type(lock.get("files")) != "list" or type(lock.get("packages", lock.get("layers"))) != "list":
        fail("{} is not a lock: remove it, and make it again by the target NAME.update of the package".format(label))
    for entry in lock["files"]:
        missing = [key for key in (_DEB_KEYS if _is_debian(lock) else _WHEEL_KEYS) if key not in entry]
        if missing:
            fail("{}: an entry lacks {}: make the lock again by the target NAME.update of the package".format(label, ", ".join(missing)))
    return lock

def _declare_wheel(entry, number, label, places):
    repository = "wheel_{}_{}".format(number, entry["sha256"][:20])
    wheel_repository(
        name = repository,
        file = entry["file"],
        indexes = places.indexes,
        links = places.links,
        lock = str(label),
        path = entry["path"],
        project = entry["name"],
        registry = entry["registry"],
        sha256 = entry["sha256"],
        urls = places.urls.get(entry["file"], []),
        where = "@pypi_registry//:registry.json",
    )
    return repository

def _declare_deb(entry, number, label, _places):
    repository = "deb_{}_{}".format(number, entry["sha256"][:20])
    deb_repository(
        name = repository,
        file = entry["file"],
        lock = str(label),
        path = entry["path"],
        registry = entry["registry"],
        sha256 = entry["sha256"],
        where = "@debian_registry//:registry.json",
    )
    return repository

def _places(module_ctx, label, lock):
    """Return the places that the lock's requirements name; the lock itself names no host."""
    texts = []
    for name in lock.get("texts", []):
        file = module_ctx.path(label).dirname.get_child(*name.split("/"))
        module_ctx.watch(file)
        if file.exists:
            texts.append(module_ctx.read(file))
    return places_of("\n".join(texts))

def declare_locks(module_ctx, labels):
    """Declare the repositories of some locks.

    Args:
      module_ctx: of the extension.
      labels: Labels of the locks.
    """
    debian_registry(name = "debian_registry")
    pypi_registry(name = "pypi_registry")
    projects = {}
    files = {}
    for number, label in enumerate(labels):
        lock = _read(module_ctx, label)
        if not lock:
            continue
        package = "lock_{}".format(number)
        projects[str(label)] = lock | {"package": package}
        places = _places(module_ctx, label, lock)
        for entry in lock["files"]:
            if entry["registry"] == "project":
                continue
            key = "{}/{}".format(package, entry["file"])
            if key not in files:
                files[key] = (_declare_deb if _is_debian(lock) else _declare_wheel)(entry, number, label, places)
    _hub(name = _HUB, files = files, projects = json.encode(projects))

_ALIAS = """\
alias(
    name = {name},
    actual = "@{repository}//:{file}",
)
"""

def _hub_impl(ctx):
    packages = {}
    for key, repository in sorted(ctx.attr.files.items()):
        package, _, file = key.partition("/")
        packages.setdefault(package, ["package(default_visibility = [\"//visibility:public\"])\n"]).append(
            _ALIAS.format(name = repr(file), repository = repository, file = file),
        )
    for package, aliases in packages.items():
        ctx.file(package + "/BUILD.bazel", "\n".join(aliases))
    ctx.file("BUILD.bazel", "exports_files([\"locks.bzl\"])\n")
    ctx.file("locks.bzl", "\"\"\"Projects' locks, decoded.\"\"\"\n\nPROJECTS = {}\n".format(repr(json.decode(ctx.attr.projects))))

_hub = repository_rule(
    doc = "Projects' locks as Starlark data (//:locks.bzl: label -> lock), and an alias for each file in them.",
    implementation = _hub_impl,
    attrs = {
        "files": attr.string_dict(mandatory = True, doc = "package/file -> repository."),
        "projects": attr.string(mandatory = True, doc = "JSON: label of a lock -> the lock with its package here."),
    },
)
