"""Images of Airflow projects, by Bazel; `//:project` makes the same of a directory.

Teams load it from @airflow_runtime_images//:defs.bzl. docs/project.md has an example.
"""

load("@airflow_project_locks//:locks.bzl", "PROJECTS")
load("//runtime:catalogue.bzl", "image_names", "image_rows")
load("//tools/host/python:defs.bzl", "py_binary")
load("//tools/oci:defs.bzl", "image_index")
load("//tools/project/private:file_layers.bzl", "file_layers")
load("//tools/project/private:package_layers.bzl", "package_layers")
load("//tools/project/private:project_check.bzl", "project_check")
load("//tools/project/private:project_image.bzl", "project_image")
load("//tools/project/private:requirement_layers.bzl", "own_wheels", "requirement_layers")
load("//tools/project/private:shipped_project.bzl", "shipped_project")

# Takes the place of requirements.txt and packages.txt.
_MANIFEST = "pyproject.toml"

def _row(line):
    rows = image_rows()
    for row in rows:
        if row.lock == line or (row.line == line and row.default_python):
            return row
    fail("line = {}: there is no such line; there are {}".format(repr(line), ", ".join([row.lock for row in rows])))

def _folder(label):
    """Return the directory of a file, relative to its workspace."""
    return "/".join([part for part in [label.package, label.name.rpartition("/")[0]] if part]) or "."

def _lock(name, attribute, file, expected):
    """Return the lock beside a file as (label, lock); (None, None) if there is none yet."""
    given = native.package_relative_label(file).name.rpartition("/")[2]
    if given not in [expected + ".txt", _MANIFEST]:
        fail("{}: {} = {}: the file must be called {}.txt or {}, its lock is {}.lock beside it".format(name, attribute, repr(file), expected, _MANIFEST, expected))
    lock_file = file.removesuffix(given) + expected + ".lock"
    label = native.package_relative_label(lock_file)
    lock = PROJECTS.get(str(label))
    if not lock and native.glob([lock_file], allow_empty = True):
        fail("{} is not named in MODULE.bazel: add airflow_projects.lock(file = \"//{}:{}\") (see extensions.bzl)".format(lock_file, label.package, label.name))
    return (lock_file, lock | {"label": label}) if lock else (None, None)

def _update(name, row, architectures, requirements, packages, base):
    """Declare NAME.update."""
    args = []
    data = []
    if requirements:
        base_lock = Label("//requirements_lock:{}.json".format(row.lock))
        metadata = Label("//requirements_lock:sdist_metadata.toml")
        uv = Label("//requirements_lock:uv")
        data += [base_lock, metadata, uv, Label("//requirements_lock:bases")]  # a conflict names other bases
        args += [
            "--base-image={}".format(native.package_relative_label(base)),
            "--base-lock=$(rootpath {})".format(base_lock),
            "--directory=" + _folder(native.package_relative_label(requirements)),
            "--sdist-metadata=$(rootpath {})".format(metadata),
            "--uv=$(rootpath {})".format(uv),
        ]
    if packages:
        debian = Label("//tools/project/debian:base")
        data.append(debian)
        args += ["--debian=$(rootpath {})".format(debian), "--packages-directory=" + _folder(native.package_relative_label(packages))]
        args += ["--arch=" + arch for arch in architectures]
    program = Label("//tools/project:update.py")
    py_binary(
        name = name + ".update",
        srcs = [program],
        args = args,
        data = data,
        main = program,
        tags = ["manual"],
        deps = [Label("//tools/project:modules")],
    )

def _programs(name, bases, architectures, image_name):
    """Declare NAME.push and NAME.load."""
    shipped_project(
        name = name + ".shipped",
        bases = [bases[arch] for arch in architectures],
        images = ["{}_{}".format(name, arch) for arch in architectures],
        tags = ["manual"],
        visibility = ["//visibility:private"],
    )
    client = Label("//tools/ship:client")
    program = Label("//tools/project:publish.py")
    given = ["@$(rootpath :{}.shipped)".format(name)]
    for goal, args, data in [
        ("push", ["--client=$(rootpath {})".format(client), "push"], [client]),
        ("load", ["load", "--name=" + image_name], []),
    ]:
        py_binary(
            name = "{}.{}".format(name, goal),
            srcs = [program],
            args = given + args,
            data = [":{}.shipped".format(name)] + data,
            main = program,
            deps = [Label("//tools/project:modules")],
        )

def airflow_project(name, line, srcs, requirements = None, packages = None, included = [], executables = [], ship = [], architectures = None, bases = None, image_name = None, visibility = None):
    """Make the image of an Airflow project, on top of a Runtime image.

    The package is the project's root: files keep their paths relative to it below /usr/local/airflow. Declares

    * NAME_amd64, NAME_arm64: the images, OCI layouts as //runtime makes them; every rule that takes an `image` takes them
    * NAME: their index
    * NAME.push: `bazel run //:NAME.push -- REGISTRY/REPOSITORY:TAG`; layers of the base that the registry has are not sent
    * NAME.load: into podman or docker
    * NAME.packages_amd64_test, NAME.packages_arm64_test: whether installing `packages` once more has the same result; `manual`
    * NAME.FILE_ARCH.wheel_test, for each requirement that is compiled: whether compiling it once more has the same result; `manual`
    * NAME.update: resolves `requirements` and `packages` on the base, and writes requirements.lock and packages.lock beside them;
      `-- --resolver pip-tools` asks pip-compile, run by the base's own Python, for the versions

    Args:
      name: of the index.
      line: line and Python of the base, as in the names of its targets: "10_py311"; "10" means the line's default Python.
      srcs: the project's files. A link becomes what it leads to.
      requirements: requirements.txt, or pyproject.toml with [tool.astro]; its lock, requirements.lock, must be named in MODULE.bazel
        (extensions.bzl).
      packages: packages.txt, or pyproject.toml with [tool.astro]; its lock, packages.lock, likewise.
      included: files that `requirements` names by -r and -c.
      executables: those of `srcs` that are programs; Bazel does not see a file's mode.
      ship: paths of `srcs` that are meant to be in the image though they look like secrets.
      architectures: by default all that the line has.
      bases: dict: architecture -> image, in place of the line's own; such as a platform's image on top of it.
      image_name: NAME:TAG that NAME.load gives; by default that of the package, else NAME, with `latest`.
      visibility: of the images and their index.
    """
    row = _row(line)
    architectures = architectures or row.architectures
    unknown = [arch for arch in architectures if arch not in row.architectures]
    if unknown:
        fail("{}: line {} is for {}, not for {}".format(name, row.line, ", ".join(row.architectures), ", ".join(unknown)))
    of_line = {arch: Label("//runtime:" + image) for arch, image in image_names(row, "").images.items()}
    bases = bases or {arch: of_line[arch] for arch in architectures}
    below = {arch: [] for arch in architectures}
    check = {}
    if packages:
        lock_file, lock = _lock(name, "packages", packages, "packages")
        check |= dict(architectures = architectures, packages = packages, packages_lock = [lock_file] if lock else [])
        if lock:
            made = package_layers(name, lock, lock_file, bases, architectures)
            below = {arch: below[arch] + made[arch] for arch in architectures}
    if requirements:
        lock_file, lock = _lock(name, "requirements", requirements, "requirements")
        check |= dict(
            base = Label("//requirements_lock:{}.json".format(row.lock)),
            included = included + own_wheels(lock),
            lock = [lock_file] if lock else [],
            requirements = requirements,
        )
        if lock:
            made = requirement_layers(name, row, lock, {arch: bases[arch] for arch in architectures}, below)
            below = {arch: below[arch] + made[arch] for arch in architectures}
    if requirements or packages:
        _update(name, row, architectures, requirements, packages, bases.get("amd64", of_line["amd64"]))
    project_check(
        name = name + ".check",
        command = "bazel run //{}:{}.update".format(native.package_name(), name),
        tags = ["manual"],
        visibility = ["//visibility:private"],
        **check
    )
    own = file_layers(name, bases[architectures[0]], srcs, executables, ship)
    for arch in architectures:
        project_image(
            name = "{}_{}".format(name, arch),
            base = bases[arch],
            checks = [name + ".check"],
            layers = below[arch] + own,
            visibility = visibility,
        )
    image_index(
        name = name,
        images = ["{}_{}".format(name, arch) for arch in architectures],
        visibility = visibility,
    )
    _programs(name, bases, architectures, image_name or (native.package_name().rpartition("/")[2] or name) + ":latest")
