"""Airflow settings of the images, as data. The user can override each of them: they are variables, not files.

A setting has
  variable, value   as in the image's environment; {airflow_home} in a value is the image's AIRFLOW_HOME
  airflow           the minor versions of Airflow that get it; all, where it is left out
"""

# What Runtime sets on every deployment. What the platform computes (core.parallelism from the number of workers) is not
# here: an image cannot know it.
RUNTIME_SETTINGS = [
    {"variable": "AIRFLOW__SCHEDULER__DAG_DIR_LIST_INTERVAL", "value": "30"},
    # Airflow has this option from 2.3 to 2.5, and reads it as task_queued_timeout from 2.6 on.
    {"variable": "AIRFLOW__CELERY__STALLED_TASK_TIMEOUT", "value": "600"},
    {"variable": "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT", "value": "600", "airflow": ["2.6", "2.7", "2.8"]},
    {"variable": "AIRFLOW__KUBERNETES_EXECUTOR__WORKER_PODS_CREATION_BATCH_SIZE", "value": "16"},
    # Its section up to Airflow 2.4; later it would only cause a deprecation warning.
    {"variable": "AIRFLOW__KUBERNETES__WORKER_PODS_CREATION_BATCH_SIZE", "value": "16", "airflow": ["2.2", "2.3", "2.4"]},
    # Since Runtime 9.8.0 and 10.1.0: Airflow has lowered its own default to 16 in 2.7.
    {"variable": "AIRFLOW__SCHEDULER__MAX_TIS_PER_QUERY", "value": "512", "airflow": ["2.7", "2.8"]},
]

_CORE_CONNECTION = "sqlite:///{airflow_home}/airflow.db"

# Defaults of Core. There is no fernet key among them: a key that is public protects nothing (see /entrypoint).
CORE_SETTINGS = [
    {"variable": "AIRFLOW__CORE__EXECUTOR", "value": "CeleryExecutor"},
    {"variable": "AIRFLOW__CORE__SQL_ALCHEMY_CONN", "value": _CORE_CONNECTION},
    {"variable": "AIRFLOW__CELERY__RESULT_BACKEND", "value": "db+postgresql://postgres:airflow@postgres/airflow"},
    {"variable": "AIRFLOW__CELERY__BROKER_URL", "value": "redis://redis:6379/0"},
    {"variable": "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION", "value": "True"},
    {"variable": "AIRFLOW__CORE__LOAD_EXAMPLES", "value": "True"},
    {"variable": "AIRFLOW__WEBSERVER__BASE_URL", "value": "http://localhost:8080"},
    # These four are in the default_airflow.cfg of the vendor's images. Without update_fab_perms a new database gets no
    # roles: /entrypoint does it before the web server starts, the plugin of the web interface where it was not asked.
    {"variable": "AIRFLOW__CELERY__OPERATION_TIMEOUT", "value": "10.0"},
    {"variable": "AIRFLOW__CORE__LAZY_LOAD_PLUGINS", "value": "False"},
    {"variable": "AIRFLOW__KUBERNETES__RUN_AS_USER", "value": "50000"},
    {"variable": "AIRFLOW__WEBSERVER__UPDATE_FAB_PERMS", "value": "False"},
    # The entrypoint compares with it, to know whether the default above is still in force.
    {"variable": "ASTRONOMER_CORE_SQL_ALCHEMY_CONN", "value": _CORE_CONNECTION},
]
