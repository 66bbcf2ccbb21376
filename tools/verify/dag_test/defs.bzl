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
load("//tools/verify/structure_test:defs.bzl", "image_arguments")

def dag_test(name, image, tests = [], env = {}, database = False, size = "large", method = "auto", **kwargs):
    """Import every DAG of an image as its scheduler does, then run a project's tests in it.

    What `astro dev parse` finds fails: a DAG file that can't be imported, a cycle, an id that two DAGs have. Variables and connections
    that a DAG asks for while it is imported are given by `env`; there is no network.

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
    image_arguments(
        name = name + ".image",
        image = image,
        tags = ["manual"],
        testonly = True,
    )
    test_files(
        name = name + ".files",
        srcs = tests,
        env = env,
        tags = ["manual"],
        testonly = True,
    )
    program = Label("//tools/verify/dag_test:main.py")
    tools = Label("//tools/host/rootless:tools")
    py_test(
        name = name,
        size = size,
        srcs = [program],
        args = [
            "@$(rootpath :{}.image)".format(name),
            "@$(rootpath :{}.files)".format(name),
            "--method=" + method,
            "--proot=$(rootpath {})".format(tools),
            "--qemu-aarch64=$(rootpath {})/usr/bin/qemu-aarch64-static".format(tools),
        ] + (["--database"] if database else []),
        data = [":{}.image".format(name), ":{}.files".format(name), tools],
        main = program,
        deps = [Label("//tools/verify/dag_test:main")],
        **kwargs
    )
