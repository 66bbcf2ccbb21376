"""cpythons: turns the recipes into targets."""

load("//tools/host/python:pytest.bzl", "pytest_test")
load("//tools/lib:architectures.bzl", "ARCHITECTURES")
load("//tools/lib:table.bzl", "table")
load("//tools/locks/fetch:debs.bzl", "debs")
load(":cpython.bzl", "cpython")
load(":cpython_part.bzl", "cpython_part")
load(":cpython_profile.bzl", "cpython_profile", "cpython_training")

# Of the machine that builds; beside these, the libraries of the recipe's packages.
_BUILD_PACKAGES = ["busybox-static", "libc6", "libgcc-s1", "libstdc++6", "make", "patch"]
_BUILD_ARCH = "amd64"

def _source(sources, file):
    for entry in sources["files"]:
        if entry["file"] == file:
            return "@locked//{}:{}".format("pypi" if entry["registry"] == "pypi" else "debian", file)
    fail("runtime/python/sources.json has no {}: a recipe names it".format(file))

def _build_recipe(version, recipe):
    """Give what the program reads of a row (tools/inputs/cpython/recipe.py)."""
    return struct(
        cache = recipe.cache,
        configure = recipe.configure,
        cross_configure = recipe.cross_configure,
        directory = recipe.directory,
        disabled_modules = recipe.disabled_modules,
        first_patch = recipe.first_patch,
        libraries = recipe.libraries,
        modules = recipe.modules,
        release = recipe.release,
        value_profile = recipe.value_profile,
        version = version,
    )

def interpreter_debs(debian, recipes):
    """Give what interpreters need to run on the machine that builds.

    Args:
      debian: dict: architecture -> decoded lock of Debian packages.
      recipes: rows of runtime/python/recipes.bzl.

    Returns:
      list of labels.
    """
    libraries = {
        package: None
        for recipe in recipes.values()
        for package in recipe.packages
        if not package.endswith("-dev")
    }
    return debs(debian[_BUILD_ARCH], _BUILD_PACKAGES + libraries.keys())

def profile_debs(debian, sources):
    """Give llvm-profdata, what it needs, and the runtime of programs that count.

    Args:
      debian: dict: architecture -> decoded lock of Debian packages.
      sources: decoded lock of source archives.

    Returns:
      list of labels.
    """
    return debs(debian[_BUILD_ARCH], ["busybox-static"]) + [
        "@locked//debian:" + entry["file"]
        for entry in sources["files"]
        if entry["kind"] == "profile tool"
    ]

def cpythons(recipes, debian, sources, training, zig, **kwargs):
    """Declare, for each version and architecture, VERSION_ARCH (the interpreter) and VERSION_ARCH.part (for layers).

    VERSION_test checks both trees and runs the amd64 one. VERSION.training is for update_profiles.

    Args:
      recipes: dict: version -> row of runtime/python/recipes.bzl.
      debian: dict: architecture -> decoded lock of Debian packages.
      sources: decoded lock of source archives.
      training: dict: version -> wheels that the workload of the training imports.
      zig: label of the compiler (zig_archive).
      **kwargs: passed on to each target (visibility, …).
    """
    for version, recipe in recipes.items():
        debian_source = _source(sources, recipe.debian) if recipe.debian else None
        libraries = [package for package in recipe.packages if not package.endswith("-dev")]
        profile = "profiles/{}.proftext".format(version)
        llvm = profile_debs(debian, sources)
        table(name = version + ".recipe", value = _build_recipe(version, recipe))
        cpython_profile(
            name = version + ".profile",
            src = profile,
            debs = llvm,
        )
        cpython_training(
            name = version + ".training",
            debian = debian_source,
            debs = debs(debian[_BUILD_ARCH], _BUILD_PACKAGES + recipe.packages),
            own_patches = recipe.own_patches,
            profile_debs = llvm,
            recipe = version + ".recipe",
            source = _source(sources, recipe.source),
            version = version,
            wheels = training[version],
            workload = ["training/{}.py".format(module) for module in ["duties", "language", "rows", "workload"]],
            zig = zig,
        )
        for arch, lock in debian.items():
            name = "{}_{}".format(version, arch)
            cross = arch != _BUILD_ARCH
            cpython(
                name = name,
                arch = arch,
                build_debs = debs(debian[_BUILD_ARCH], _BUILD_PACKAGES + libraries),
                build_python = "{}_{}".format(version, _BUILD_ARCH) if cross else None,
                debian = debian_source,
                debs = debs(lock, recipe.packages if cross else [package for package in recipe.packages if package not in libraries]),
                own_patches = recipe.own_patches,
                profile = version + ".profile",
                recipe = version + ".recipe",
                release = recipe.release,
                source = _source(sources, recipe.source),
                version = version,
                zig = zig,
                **kwargs
            )
            cpython_part(
                name = name + ".part",
                python = name,
                **kwargs
            )

        # libcrypt-dev: python3-config of 3.9 and 3.10 names it to linkers.
        _interpreter_test(version, zig, debs(debian[_BUILD_ARCH], _BUILD_PACKAGES + libraries + ["libcrypt-dev"]))

def _interpreter_test(version, zig, build_debs):
    trees = [":{}_{}".format(version, arch) for arch in ARCHITECTURES]
    recipe = version + ".recipe"
    pytest_test(
        name = version + "_test",
        size = "medium",
        srcs = ["//tools/inputs/cpython:interpreter_test.py"],
        data = trees + build_debs + [recipe, zig, "//tools/host/rootless:tools"],
        env = {
            "PYTHON_DEBS": " ".join(["$(rootpath {})".format(deb) for deb in build_debs]),
            "PYTHON_RECIPE": "$(rootpath {})".format(recipe),
            "PYTHON_TREES": " ".join(["$(rootpath {})".format(tree) for tree in trees]),
            "ROOTLESS_TOOLS": "$(rootpath //tools/host/rootless:tools)",
            "ZIG": "$(rootpath {})".format(zig),
        },
        deps = ["//tools/inputs/cpython:build"],
    )
