"""The subcommands of Airflow, as data: what /entrypoint takes for one where the word airflow is left out.

Each image's own Airflow is asked for them by a structure test ("Airflow's subcommands are those that /entrypoint knows").
"""

load(":environment.bzl", "minor_version")

_ALWAYS = [
    "celery",
    "cheat-sheet",
    "config",
    "connections",
    "dags",
    "db",
    "info",
    "jobs",
    "kerberos",
    "kubernetes",
    "plugins",
    "pools",
    "providers",
    "roles",
    "rotate-fernet-key",
    "scheduler",
    "standalone",
    "sync-perm",
    "tasks",
    "triggerer",
    "users",
    "variables",
    "version",
    "webserver",
]

# Minor versions that have it -> subcommand.
_SINCE = {
    "aws-auth-manager": ["2.8"],  # of the Amazon provider's auth manager
    "dag-processor": ["2.3", "2.4", "2.5", "2.6", "2.7", "2.8"],
    "internal-api": ["2.6", "2.7", "2.8"],  # with its switch on
}

def airflow_commands(airflow):
    """Gives the subcommands of a version of Airflow, under whichever executor and auth manager.

    Args:
      airflow: its version, e.g. "2.8.4".

    Returns:
      list of words, sorted.
    """
    return sorted(_ALWAYS + [command for command, versions in _SINCE.items() if minor_version(airflow) in versions])
