"""Repositories of projects' locks: one for each wheel, and the hub @airflow_project_locks."""

load("//tools/locks/fetch/private:registries.bzl", "pypi_registry")
load(":wheel_repository.bzl", "wheel_repository")

_HUB = "airflow_project_locks"
_KEYS = ["archs", "file", "name", "path", "requested", "sha256", "tags", "version"]

def _read(module_ctx, label):
    """Decode a lock; return None if it has not been made."""
    file = module_ctx.path(label)
    module_ctx.watch(file)
    if not file.exists:
        return None
    lock = json.decode(module_ctx.read(file), default = None)
    if type(lock) != "dict" or type(lock.get("files")) != "list" or type(lock.get("layers")) != "list":
        fail("{} is not a lock: remove it, and make it again by the target NAME.update of the package".format(label))
    for entry in lock["files"]:
        missing = [key for key in _KEYS if key not in entry]
        if missing:
            fail("{}: an entry lacks {}: make the lock again by the target NAME.update of the package".format(label, ", ".join(missing)))
    return lock

def declare_locks(module_ctx, labels):
    """Declare the repositories of some locks.

    Args:
      module_ctx: of the extension.
      labels: Labels of the locks.
    """
    pypi_registry(name = "pypi_registry")
    projects = {}
    made = {}
    wheels = {}
    for number, label in enumerate(labels):
        lock = _read(module_ctx, label)
        if not lock:
            continue
        package = "lock_{}".format(number)
        projects[str(label)] = lock | {"package": package}
        for entry in lock["files"]:
            repository = "wheel_{}_{}".format(number, entry["sha256"][:20])
            if repository not in made:
                made[repository] = True
                wheel_repository(
                    name = repository,
                    file = entry["file"],
                    lock = str(label),
                    path = entry["path"],
                    project = entry["name"],
                    sha256 = entry["sha256"],
                    where = "@pypi_registry//:registry.json",
                )
            wheels["{}/{}".format(package, entry["file"])] = repository
    _hub(name = _HUB, projects = json.encode(projects), wheels = wheels)

_ALIAS = """\
alias(
    name = {name},
    actual = "@{repository}//:{file}",
)
"""

def _hub_impl(ctx):
    packages = {}
    for key, repository in sorted(ctx.attr.wheels.items()):
        package, _, file = key.partition("/")
        packages.setdefault(package, ["package(default_visibility = [\"//visibility:public\"])\n"]).append(
            _ALIAS.format(name = repr(file), repository = repository, file = file),
        )
    for package, aliases in packages.items():
        ctx.file(package + "/BUILD.bazel", "\n".join(aliases))
    ctx.file("BUILD.bazel", "exports_files([\"locks.bzl\"])\n")
    ctx.file("locks.bzl", "\"\"\"Projects' locks, decoded.\"\"\"\n\nPROJECTS = {}\n".format(repr(json.decode(ctx.attr.projects))))

_hub = repository_rule(
    doc = "Projects' locks as Starlark data (//:locks.bzl: label -> lock), and an alias for each wheel in them.",
    implementation = _hub_impl,
    attrs = {
        "projects": attr.string(mandatory = True, doc = "JSON: label of a lock -> the lock with its package here."),
        "wheels": attr.string_dict(mandatory = True, doc = "package/file -> repository."),
    },
)
