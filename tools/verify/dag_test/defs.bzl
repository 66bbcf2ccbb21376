"""Tests of the DAGs in an image, by its own Airflow and pytest, without a daemon.

Teams load it from @airflow_runtime_images//:defs.bzl:

    dag_test(
        name = "dags_test",
        image = ":image_amd64",
        tests = glob(["tests/**"]),
    )
"""

load("//tools/host/python:defs.bzl", "py_test")
load("//tools/verify/dag_test/private:test_files.bzl", "test_files")
load("//tools/verify/structure_test:defs.bzl", "image_entry")

def dag_test(name, image, tests = [], env = {}, database = False, size = "large", method = "auto", **kwargs):
    """Import every DAG of an image as its scheduler does, then run a project's tests in it.

    Fails where `astro dev parse` does: a DAG file can't be imported, a DAG has a cycle, two DAGs have the same id. The test has no
    network. Set the variables and connections that a DAG reads at import in `env`.

    Args:
      name: target name.
      image: an `image`, such as NAME_amd64 of an airflow_project.
      tests: the project's tests, and the files that they read (conftest.py): they are put where they would be in the project, and
        test_*.py and *_test.py are run by the image's pytest.
      env: variables, such as AIRFLOW_VAR_X or AIRFLOW_CONN_Y.
      database: make Airflow's database first, for tests that run tasks; it takes some seconds.
      size: Bazel's test size.
      method: how the image is entered: "namespace", "proot", or "auto" (the first that works).
      **kwargs: passed on to py_test (timeout, tags, ...).
    """
    entry = image_entry(name, image, method)
    test_files(
        name = name + ".files",
        srcs = tests,
        env = env,
        tags = ["manual"],
        testonly = True,
    )
    program = Label("//tools/verify/dag_test:main.py")
    py_test(
        name = name,
        size = size,
        srcs = [program],
        args = entry.args + ["--tests=$(rootpath :{}.files)".format(name)] + (["--database"] if database else []),
        data = entry.data + [":{}.files".format(name)],
        main = program,
        deps = [Label("//tools/verify/dag_test:main")],
        **kwargs
    )
