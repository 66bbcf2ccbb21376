"""Unit tests of the images' configuration."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load("//runtime/config:defs.bzl", "image_config", "image_tag")

def _config(airflow, **kwargs):
    return image_config(**(dict(
        edition = "runtime",
        version = "10.9.0",
        airflow = airflow,
        python = "3.11",
        default_python = True,
        onbuild = True,
        pip = "24.0",
    ) | kwargs))

def _settings(airflow, **kwargs):
    return {
        name.removeprefix("AIRFLOW__"): value
        for name, value in _config(airflow, **kwargs)["env"].items()
        if name.startswith("AIRFLOW__")
    }

def _settings_by_airflow_test_impl(ctx):
    env = unittest.begin(ctx)
    everywhere = {
        "CELERY__STALLED_TASK_TIMEOUT": "600",
        "KUBERNETES_EXECUTOR__WORKER_PODS_CREATION_BATCH_SIZE": "16",
        "SCHEDULER__DAG_DIR_LIST_INTERVAL": "30",
    }
    old_section = everywhere | {"KUBERNETES__WORKER_PODS_CREATION_BATCH_SIZE": "16"}
    queued = everywhere | {"SCHEDULER__TASK_QUEUED_TIMEOUT": "600"}
    per_query = queued | {"SCHEDULER__MAX_TIS_PER_QUERY": "512"}
    for airflow, expected in {
        "2.2.5": old_section,
        "2.3.4": old_section,
        "2.4.3": old_section,
        "2.5.3": everywhere,
        "2.6.3": queued,
        "2.7.3": per_query,
        "2.8.4": per_query,
    }.items():
        asserts.equals(env, expected, _settings(airflow), "settings of Airflow " + airflow)
    return unittest.end(env)

_settings_by_airflow_test = unittest.make(_settings_by_airflow_test_impl)

def _core_test_impl(ctx):
    env = unittest.begin(ctx)
    config = _config("2.4.3", edition = "core", version = "2.4.3", python = "3.9")
    asserts.equals(env, {
        "CELERY__BROKER_URL": "redis://redis:6379/0",
        "CELERY__OPERATION_TIMEOUT": "10.0",
        "CELERY__RESULT_BACKEND": "db+postgresql://postgres:airflow@postgres/airflow",
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
        "CORE__EXECUTOR": "CeleryExecutor",
        "CORE__LAZY_LOAD_PLUGINS": "False",
        "CORE__LOAD_EXAMPLES": "True",
        "CORE__SQL_ALCHEMY_CONN": "sqlite:////home/astro/airflow/airflow.db",
        "KUBERNETES__RUN_AS_USER": "50000",
        "WEBSERVER__BASE_URL": "http://localhost:8080",
        "WEBSERVER__UPDATE_FAB_PERMS": "False",
    }, _settings("2.4.3", edition = "core", version = "2.4.3", python = "3.9"))
    asserts.equals(env, "/home/astro/airflow", config["env"]["AIRFLOW_HOME"])
    asserts.equals(env, "2.4.3", config["env"]["ASTRONOMER_CORE_VERSION"])
    asserts.equals(env, config["env"]["AIRFLOW__CORE__SQL_ALCHEMY_CONN"], config["env"]["ASTRONOMER_CORE_SQL_ALCHEMY_CONN"])
    asserts.false(env, "ASTRONOMER_RUNTIME_VERSION" in config["env"])
    asserts.equals(env, "2.4.3", config["labels"]["io.astronomer.docker.ac.version"])
    asserts.equals(env, "Astronomer <humans@astronomer.io>", config["labels"]["maintainer"])
    return unittest.end(env)

_core_test = unittest.make(_core_test_impl)

def _variants_test_impl(ctx):
    env = unittest.begin(ctx)
    onbuild = _config("2.8.4")
    base = _config("2.8.4", onbuild = False)
    asserts.equals(env, 8, len(onbuild["onbuild"]))
    asserts.equals(env, [], base["onbuild"])
    asserts.equals(env, "true", onbuild["labels"]["io.astronomer.docker.airflow.onbuild"])
    asserts.false(env, "io.astronomer.docker.airflow.onbuild" in base["labels"])
    asserts.equals(env, "10.9.0", onbuild["env"]["ASTRONOMER_IMAGE_TAG"])
    asserts.equals(env, "10.9.0-base", base["env"]["ASTRONOMER_IMAGE_TAG"])
    for field in ("cmd", "entrypoint", "shell", "user", "workdir"):
        asserts.equals(env, onbuild[field], base[field], field)
    return unittest.end(env)

_variants_test = unittest.make(_variants_test_impl)

def _tag_test_impl(ctx):
    env = unittest.begin(ctx)
    for (default_python, onbuild), expected in {
        (True, True): "9.17.0",
        (True, False): "9.17.0-base",
        (False, True): "9.17.0-python-3.9",
        (False, False): "9.17.0-python-3.9-base",
    }.items():
        asserts.equals(env, expected, image_tag(version = "9.17.0", python = "3.9", default_python = default_python, onbuild = onbuild))
    return unittest.end(env)

_tag_test = unittest.make(_tag_test_impl)

def config_test_suite(name):
    """Declares the tests.

    Args:
      name: of the test suite.
    """
    unittest.suite(name, _settings_by_airflow_test, _core_test, _variants_test, _tag_test)
