"""What depends on the version of Airflow among the files that we add to the images."""

load("//runtime/config:commands.bzl", "airflow_commands")
load("//tools/oci:defs.bzl", "files_part")

def versioned_files(name, airflow, visibility = None):
    """Declare the part with /etc/pip-constraints.txt and the list of Airflow's subcommands that /entrypoint reads.

    The constraint is on Airflow alone: its version has to be the one that the database was migrated for. A project may move
    everything else.

    Args:
      name: target name.
      airflow: version of Airflow in the image.
      visibility: as of any rule.
    """
    files_part(
        name = name,
        content = {
            "etc/pip-constraints.txt": "apache-airflow=={}\n".format(airflow),
            "usr/local/share/astro-runtime/airflow-commands": "".join([word + "\n" for word in airflow_commands(airflow)]),
        },
        visibility = visibility,
    )
