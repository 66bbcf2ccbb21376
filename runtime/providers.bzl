"""The provider packages that every Runtime line has. Data.

A row is one package:
  name             as the specification calls it
  distribution     normalised name of its distribution
  runtime_only     the specification's asterisk: "installed only in Runtime, not by default on Airflow"
  airflow_default  minor versions of Airflow whose own wheel requires it without an extra. Never derived from the asterisk: they
                   disagree (celery has none, but no wheel requires it). //runtime/tests:airflow_default_test compares it with the
                   wheels.

A line that lacks one names it, with the reason, in its catalogue row (`without`). As it is, no line lacks any; docs/parity.md says which of
them a line's own release did not have.
"""

_ALL = ["2.2", "2.3", "2.4", "2.5", "2.6", "2.7", "2.8"]

_AIRFLOW = "apache-airflow-providers-"

PROVIDERS = [
    {"name": "amazon", "distribution": _AIRFLOW + "amazon", "runtime_only": True, "airflow_default": []},
    {"name": "astronomer-providers", "distribution": "astronomer-providers", "runtime_only": True, "airflow_default": []},
    {"name": "astro-sdk-python", "distribution": "astro-sdk-python", "runtime_only": True, "airflow_default": []},
    {"name": "celery", "distribution": _AIRFLOW + "celery", "runtime_only": False, "airflow_default": []},
    {"name": "cncf-kubernetes", "distribution": _AIRFLOW + "cncf-kubernetes", "runtime_only": False, "airflow_default": []},
    {"name": "common-sql", "distribution": _AIRFLOW + "common-sql", "runtime_only": False, "airflow_default": _ALL[2:]},
    {"name": "datadog", "distribution": _AIRFLOW + "datadog", "runtime_only": True, "airflow_default": []},
    {"name": "elasticsearch", "distribution": _AIRFLOW + "elasticsearch", "runtime_only": False, "airflow_default": []},
    {"name": "ftp", "distribution": _AIRFLOW + "ftp", "runtime_only": False, "airflow_default": _ALL},
    {"name": "google", "distribution": _AIRFLOW + "google", "runtime_only": True, "airflow_default": []},
    {"name": "http", "distribution": _AIRFLOW + "http", "runtime_only": False, "airflow_default": _ALL},
    {"name": "imap", "distribution": _AIRFLOW + "imap", "runtime_only": False, "airflow_default": _ALL},
    {"name": "microsoft-azure", "distribution": _AIRFLOW + "microsoft-azure", "runtime_only": True, "airflow_default": []},
    {"name": "openlineage-airflow", "distribution": "openlineage-airflow", "runtime_only": True, "airflow_default": []},
    {"name": "postgres", "distribution": _AIRFLOW + "postgres", "runtime_only": True, "airflow_default": []},
    {"name": "redis", "distribution": _AIRFLOW + "redis", "runtime_only": True, "airflow_default": []},
    {"name": "sqlite", "distribution": _AIRFLOW + "sqlite", "runtime_only": False, "airflow_default": _ALL},
]

def provider_errors(row, locked, providers = PROVIDERS):
    """Return which providers are wrong between a Runtime row and its lock.

    Args:
      row: a row of image_rows() of the edition "runtime".
      locked: normalised names of the distributions in its lock.
      providers: the table; another one in tests only.

    Returns:
      list of messages that name the row, the lock and the provider.
    """
    where = "catalogue row {}: ".format(row.line)
    path = "requirements_lock/{}.json".format(row.lock)
    names = [provider["name"] for provider in providers]
    errors = [
        where + "`without` names {}, which is not a provider of runtime/providers.bzl".format(name)
        for name in row.without
        if name not in names
    ]
    for provider in providers:
        lacking = provider["name"] in row.without
        if provider["distribution"] in locked and lacking:
            errors.append(where + "`without` names {}, but {} has {}".format(provider["name"], path, provider["distribution"]))
        elif provider["distribution"] not in locked and not lacking:
            errors.append(where + (
                "{} has no {} (provider {}): put it into providers/ and run tools/bazel run //requirements_lock:update -- {}, " +
                "which says if the index has no such distribution; or give the reason in the row's `without`"
            ).format(path, provider["distribution"], provider["name"], row.lock))
    return errors
