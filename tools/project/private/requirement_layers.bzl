"""The layers of a project's requirements: its wheels, those of source archives built here, and what hides the base's that they replace."""

load("@locked//:locks.bzl", "REQUIREMENTS")
load("//runtime/python:interpreters.bzl", "TARGET_PYTHONS")
load("//tools/host/python:defs.bzl", "py_test")
load("//tools/inputs/sdist:defs.bzl", "sdist_wheel")
load("//tools/inputs/wheel:defs.bzl", "wheel_part")
load("//tools/lib:architectures.bzl", "ARCHITECTURES")
load("//tools/oci:defs.bzl", "layer")
load(":compiled_wheel.bzl", "compiled_again_arguments", "compiled_wheel")
load(":replaced_part.bzl", "replaced_part")

_BACKENDS = [Label("//requirements_lock:backend_" + entry["name"]) for entry in REQUIREMENTS["backends"]["files"]]

def _own_wheel(lock, entry):
    """Return the label of a wheel in the project."""
    label = lock["label"]
    return label.same_package_label("/".join([part for part in [label.name.rpartition("/")[0], entry["path"]] if part]))

def own_wheels(lock):
    """Return the wheels in the project that its lock names.

    Args:
      lock: as of `requirement_layers`; None if there is none yet.

    Returns:
      list of Labels.
    """
    return [_own_wheel(lock, entry) for entry in lock["files"] if entry["registry"] == "project"] if lock else []

def _base_entry(row, distribution, arch):
    for entry in REQUIREMENTS[row.lock]["files"]:
        if entry["name"] == distribution and arch in entry["archs"]:
            return entry
    return None

def _pure_wheel(target, row, entry, sdist, made):
    """Declare the wheel of a source archive without code to compile, if it is not there yet; return its name."""
    if target not in made:
        sdist_wheel(
            name = target,
            backends = _BACKENDS,
            distribution = entry["name"],
            python = Label(TARGET_PYTHONS[row.python]),
            sdist = sdist,
            tags = ["manual"],
            version = entry["version"],
            visibility = ["//visibility:private"],
        )
        made[target] = True
    return target

def _native_wheel(target, row, entry, sdist, place):
    """Declare the wheel of a source archive that compiles code, and the test that it is the same once more; return its name."""
    tags = [tag for tag in entry["tags"] if tag.endswith("_" + ARCHITECTURES[place.arch].machine)]
    compiled_wheel(
        name = target,
        backends = _BACKENDS,
        base = place.base,
        distribution = entry["name"],
        layers = place.packages,
        python = row.python,
        sdist = sdist,
        tag = tags[0],
        tags = ["manual"],
        version = entry["version"],
        visibility = ["//visibility:private"],
    )
    compiled_again_arguments(
        name = target + ".again",
        tags = ["manual"],
        visibility = ["//visibility:private"],
        wheel = target,
    )
    program = Label("//tools/project:compiled.py")
    py_test(
        name = target + "_test",
        size = "large",
        srcs = [program],
        args = ["@$(rootpath :{}.again)".format(target)],
        data = [target + ".again"],
        main = program,
        tags = ["manual"],
        deps = [Label("//tools/project:compiled")],
    )
    return target

def _wheel_parts(name, row, lock, entry, archs, place, made):
    """Declare the parts of a wheel of the lock, if they are not there yet; return their names."""
    wheel = Label("@airflow_project_locks//{}:{}".format(lock["package"], entry["file"]))
    if entry["registry"] == "project":
        wheel = _own_wheel(lock, entry)
    part = "{}.{}".format(name, entry["file"])
    if entry["kind"] == "sdist" and entry["tags"]:
        part += "_" + place.arch
        wheel = _native_wheel(part + ".wheel", row, entry, wheel, place)
    elif entry["kind"] == "sdist":
        wheel = _pure_wheel(part + ".wheel", row, entry, wheel, made)
    if part not in made:
        wheel_part(
            name = part,
            archs = archs,
            distribution = entry["name"],
            python = Label(TARGET_PYTHONS[row.python]),
            requested = entry["requested"],
            tags = ["manual"],
            version = entry["version"],
            visibility = ["//visibility:private"],
            wheel = wheel,
        )
        made[part] = True
    old = _base_entry(row, entry["name"], place.arch)
    if not old:
        return [part]
    replaced = "{}.replaces.{}".format(part, old["file"])
    if replaced not in made:
        replaced_part(
            name = replaced,
            distribution = entry["name"],
            new = wheel,
            new_requested = entry["requested"],
            old = Label("@locked//pypi:" + old["file"]),
            old_requested = old["requested"],
            python = row.python,
            tags = ["manual"],
            version = old["version"],
            visibility = ["//visibility:private"],
        )
        made[replaced] = True
    return [part, replaced]

def requirement_layers(name, row, lock, bases, below):
    """Declare the layers of requirements.

    Args:
      name: of the project.
      row: the base's, of image_rows().
      lock: its requirements.lock, decoded, with `label` and `package`.
      bases: dict: architecture of the project's image -> image below it.
      below: dict: architecture -> names of layers on top of that, with what code is compiled by.

    Returns:
      dict: architecture -> names of its layers.
    """
    files = {entry["file"]: entry for entry in lock["files"]}
    found = {arch: [] for arch in bases}
    made = {}
    for number, planned in enumerate(lock["layers"]):
        served = [arch for arch in bases if not planned["archs"] or arch in planned["archs"]]
        if not served:
            continue
        place = struct(arch = served[0], base = bases[served[0]], packages = below[served[0]])
        layer_name = "{}.requirements_{}".format(name, number)
        layer(
            name = layer_name,
            created_by = planned["name"],
            parts = [
                part
                for file in planned["files"]
                for part in _wheel_parts(name, row, lock, files[file], planned["archs"], place, made)
            ],
            tags = ["manual"],
            visibility = ["//visibility:private"],
        )
        for arch in served:
            found[arch].append(layer_name)
    return found
