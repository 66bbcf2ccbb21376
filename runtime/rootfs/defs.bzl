"""What depends on the version of Airflow among the files that we add to the images."""

load("//tools/oci:defs.bzl", "files_part")

def pip_constraints(name, airflow, visibility = None):
    """The part with /etc/pip-constraints.txt: what a project's own requirements must not change.

    Only Airflow itself: its version has to be the one that the database was migrated for. Everything else may be moved.

    Args:
      name: target name.
      airflow: version of Airflow in the image.
      visibility: as of any rule.
    """
    files_part(
        name = name,
        content = {"etc/pip-constraints.txt": "apache-airflow=={}\n".format(airflow)},
        visibility = visibility,
    )
