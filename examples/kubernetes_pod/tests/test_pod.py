"""The pod that Airflow's scheduler and executor make of the template, and its run in the image.

Two things are missing here. Without a cluster's API, the executor's last step keeps the pod. Without a kubelet, the test starts
the container's process: with the pod's variables, and where only the pod's volumes can be written to.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from airflow.api.common.trigger_dag import trigger_dag
from airflow.configuration import conf
from airflow.jobs.job import Job
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.models import DagBag, DagModel
from airflow.models.renderedtifields import RenderedTaskInstanceFields
from airflow.models.taskinstance import TaskInstance
from airflow.providers.cncf.kubernetes.executors.kubernetes_executor import KubernetesExecutor
from airflow.providers.cncf.kubernetes.executors.kubernetes_executor_utils import AirflowKubernetesScheduler
from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator
from airflow.utils import timezone
from airflow.utils.event_scheduler import EventScheduler
from airflow.utils.session import create_session
from cryptography.fernet import Fernet
from kubernetes.client import ApiClient
from kubernetes.client import models as k8s

HOME = Path("/usr/local/airflow")
TEMPLATE = yaml.safe_load((HOME / "pod_template.yaml").read_text())
CONTAINER = TEMPLATE["spec"]["containers"][0]
# What the image's user can write to here; the rest of the root is read-only, as in the pod.
WRITABLE = (HOME, Path("/home/astro"), Path("/tmp"))
DAG, TASK, RUN = "pod_report", "describe", "manual__1"
# The test's own variable, from BUILD.bazel, and what the template's Secret has.
DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
SECRET = {"connection": os.environ[DATABASE], "fernet-key": Fernet.generate_key().decode()}


class WithoutCluster(AirflowKubernetesScheduler):
    """Keeps the pods that it would send to a cluster's API, and watches none."""

    def _make_kube_watchers(self) -> dict:
        self.pods: list[k8s.V1Pod] = []
        return {}

    def run_pod_async(self, pod: k8s.V1Pod, **kwargs: object) -> None:
        """Keep a pod."""
        self.pods.append(pod)


@pytest.fixture(scope="module")
def pod() -> Iterator[k8s.V1Pod]:
    """Return the pod of the DAG's task: one loop of the scheduler with its executor, after a trigger."""
    DagBag(include_examples=False).sync_to_db()
    DagModel.get_dagmodel(DAG).set_is_paused(is_paused=False)
    # Not now: sqlite knows whole seconds, and the scheduler takes no run of the future.
    trigger_dag(DAG, run_id=RUN, execution_date=timezone.datetime(2024, 1, 1))
    executor = KubernetesExecutor()
    executor.scheduler_job_id = "1"
    executor.event_scheduler = EventScheduler()
    executor.kube_scheduler = WithoutCluster(executor.kube_config, executor.result_queue, None, "1")
    scheduler = SchedulerJobRunner(Job(executor=executor))
    scheduler.job.prepare_for_execution()
    with create_session() as session:
        assert scheduler._do_scheduling(session) == 1
    executor.heartbeat()
    (made,) = executor.kube_scheduler.pods
    yield made
    executor.end()


def task() -> TaskInstance:
    """Return the task's state, as the database has it."""
    with create_session() as session:
        return session.query(TaskInstance).filter_by(dag_id=DAG, task_id=TASK, run_id=RUN).one()


def test_the_template_has_no_unknown_key() -> None:
    """The executor would leave it out and say nothing."""
    assert ApiClient().sanitize_for_serialization(PodGenerator.deserialize_model_dict(TEMPLATE)) == TEMPLATE


def test_the_template_has_no_unknown_setting() -> None:
    """Airflow would ignore it and say nothing."""
    names = [variable["name"] for variable in CONTAINER["env"]]
    settings = [name.lower().split("__") for name in names if name.startswith("AIRFLOW__")]
    assert settings
    assert [setting for setting in settings if not conf.has_option(*setting[1:])] == []


def test_the_pod(pod: k8s.V1Pod) -> None:
    (container,) = pod.spec.containers
    assert (container.name, container.image) == ("base", CONTAINER["image"])
    assert container.command is None  # else the image's entrypoint would not start it
    assert container.args == [
        *["airflow", "tasks", "run", DAG, TASK, RUN],
        *["--local", "--subdir", "DAGS_FOLDER/pod_report.py"],
    ]
    assert conf.get("core", "dags_folder") == str(HOME / "dags")
    assert pod.metadata.namespace == "airflow"
    assert pod.metadata.name.startswith("pod-report-describe-")
    assert (pod.spec.security_context.run_as_user, os.getuid()) == (50000, 50000)
    sent = ApiClient().sanitize_for_serialization(pod.spec)
    assert sent["volumes"] == TEMPLATE["spec"]["volumes"]
    assert sent["containers"][0]["volumeMounts"] == CONTAINER["volumeMounts"]
    assert sent["containers"][0]["resources"] == CONTAINER["resources"]


def test_the_scheduler_and_the_pod_have_one_configuration(pod: k8s.V1Pod) -> None:
    mounted = {mount.mount_path: mount.sub_path for mount in pod.spec.containers[0].volume_mounts if mount.sub_path}
    assert mounted == {
        os.environ.get("AIRFLOW_CONFIG", f"{HOME}/airflow.cfg"): "airflow.cfg",
        conf.get("kubernetes_executor", "pod_template_file"): "pod_template.yaml",
    }


def volumes(pod: k8s.V1Pod) -> dict[str, Path]:
    """Return where a pod's own empty volumes are mounted, by their names."""
    empty = [volume.name for volume in pod.spec.volumes if volume.empty_dir]
    return {mount.name: Path(mount.mount_path) for mount in pod.spec.containers[0].volume_mounts if mount.name in empty}


def environment(container: k8s.V1Container) -> dict[str, str]:
    """Return a container's variables, on top of the image's."""
    given = {name: value for name, value in os.environ.items() if name != DATABASE}
    for variable in container.env:
        source = variable.value_from
        given[variable.name] = SECRET[source.secret_key_ref.key] if source else variable.value
    return given


@contextlib.contextmanager
def read_only(volumes: list[Path]) -> Iterator[None]:
    """Let nothing be made or removed outside of volumes."""
    modes = {}
    for top in WRITABLE:
        for name, directories, _ in os.walk(top):
            directories[:] = [each for each in directories if Path(name, each) not in volumes]
            if Path(name) not in volumes:
                modes[name] = os.stat(name).st_mode
    for name in modes:
        os.chmod(name, 0o555)
    try:
        yield
    finally:
        for name, mode in modes.items():
            os.chmod(name, mode)


def files() -> set[tuple[Path, int, int]]:
    """Return the files outside of /tmp that could have changed, each with its size and time."""
    found = {path for top in WRITABLE[:2] for path in top.rglob("*") if path.is_file()}
    return {(path, path.stat().st_size, path.stat().st_mtime_ns) for path in found}


@pytest.fixture(scope="module")
def run(pod: k8s.V1Pod) -> tuple[subprocess.CompletedProcess, list[Path]]:
    """Return what the pod's process has said, and the files that it wrote outside of /tmp."""
    (container,) = pod.spec.containers
    before = files()
    with read_only([*volumes(pod).values()]):
        done = subprocess.run(
            ["/entrypoint", *container.args],
            env=environment(container),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
        )
    return done, [path for path, _, _ in files() - before]


def test_the_task_succeeds(run: tuple[subprocess.CompletedProcess, list[Path]]) -> None:
    done, _ = run
    assert done.returncode == 0, done.stdout + done.stderr
    assert task().state == "success", done.stdout
    report = task().xcom_pull(task_ids=TASK)
    assert report["user"].startswith("50000:")
    assert "writable: " in done.stdout  # kubectl logs


def test_it_writes_into_the_volumes_alone(run: tuple[subprocess.CompletedProcess, list[Path]], pod: k8s.V1Pod) -> None:
    _, written = run
    (log,) = written
    assert log.is_relative_to(volumes(pod)["logs"])
    assert "writable: " in log.read_text()
    assert {str(place) for place in volumes(pod).values()} <= {*task().xcom_pull(task_ids=TASK)["writable"]}


def test_the_web_interface_shows_the_pod(run: tuple[subprocess.CompletedProcess, list[Path]]) -> None:
    """The task has rendered it, by the template in its own pod."""
    shown = RenderedTaskInstanceFields.get_k8s_pod_yaml(task())
    assert shown["spec"]["containers"][0]["image"] == CONTAINER["image"]
    assert shown["spec"]["volumes"] == TEMPLATE["spec"]["volumes"]
