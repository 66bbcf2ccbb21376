"""What is Airflow's own: DAG files, serialisation, schedules, logs, templates, queries, processes that start."""

from __future__ import annotations

import argparse
import collections
import contextlib
import copy
import datetime
import decimal
import hashlib
import importlib
import inspect
import io
import json
import logging
import logging.config
import pickle
import re
import subprocess
import sys
import time
import tokenize
import traceback
import types
import typing
import zoneinfo

import click.testing
import croniter
import dateutil.parser
import jinja2
import jsonschema
import sqlalchemy
from language import Task, fibonacci
from rows import records
from sqlalchemy import orm

UTC = datetime.timezone.utc
START = datetime.datetime(2024, 1, 1, tzinfo=UTC)
DAG_FILE = '''
"""A DAG file: {name}."""
from datetime import datetime, timedelta

DEFAULTS = {{"owner": "data", "retries": 2, "retry_delay": timedelta(minutes=5), "email": ["a@example.com"]}}
TABLES = [f"table_{{i}}" for i in range(40)]


class Operator:
    template_fields = ("sql", "params")

    def __init__(self, task_id, *, sql="", params=None, **kwargs):
        self.task_id, self.sql, self.params = task_id, sql, params or {{}}
        self.upstream, self.downstream = set(), set()
        for key, value in {{**DEFAULTS, **kwargs}}.items():
            setattr(self, key, value)

    def __rshift__(self, other):
        for task in other if isinstance(other, list) else [other]:
            self.downstream.add(task.task_id)
            task.upstream.add(self.task_id)
        return other

    def __repr__(self):
        return f"<Task({{type(self).__name__}}): {{self.task_id}}>"


def load(table: str, /, day: datetime = datetime(2024, 1, 1)) -> Operator:
    """Loads one table."""
    return Operator(f"load_{{table}}", sql=f"insert into {{table}} select * from raw.{{table}} where ds = '{{{{{{{{ ds }}}}}}}}'")


start, end = Operator("start"), Operator("end", trigger_rule="all_done")
TASKS = {{"start": start, "end": end}}
for table in TABLES:
    extract = Operator(f"extract_{{table}}", params={{"table": table, "limit": len(table) * 10}}, pool="db")
    one = load(table)
    start >> extract >> one
    one >> end
    TASKS.update({{task.task_id: task for task in (extract, one)}})
'''


def serialise() -> None:
    """JSON as the web server and serialised DAGs have it, pickle as XCom and executors."""
    data = records(300)
    for _ in range(6):
        assert json.loads(json.dumps(data)) == data
        json.dumps(data, indent=2, sort_keys=True)
        json.dumps(data, default=str, ensure_ascii=False)
    for line in [json.dumps(record) for record in data] * 3:
        json.loads(line)
    objects = [*data, START, decimal.Decimal("1.5"), {1, 2, 3}, frozenset("ab"), b"x" * 1000, (1, 2), 10**30, Task(1)]
    for protocol in (2, 4, 5):
        for _ in range(4):
            assert pickle.loads(pickle.dumps(objects, protocol)) == objects
    copy.deepcopy(data)
    copy.copy(data)


def parse_dags() -> None:
    """Compiles and runs DAG files, walks what they make, serialises it."""
    for number in range(40):
        module = types.ModuleType(f"dag_{number}")
        exec(compile(DAG_FILE.format(name=number), f"/dags/dag_{number}.py", "exec"), module.__dict__)
        tasks = module.TASKS
        order: list[str] = []
        waiting = {name: len(task.upstream) for name, task in tasks.items()}
        ready = collections.deque(name for name, count in waiting.items() if not count)
        while ready:
            name = ready.popleft()
            order.append(name)
            for after in sorted(tasks[name].downstream):
                waiting[after] -= 1
                if not waiting[after]:
                    ready.append(after)
        assert len(order) == len(tasks)
        encoded = {
            name: {
                key: sorted(value) if isinstance(value, set) else str(value)
                for key, value in vars(task).items()
                if not key.startswith("_") and value is not None
            }
            for name, task in tasks.items()
        }
        hashlib.md5(json.dumps(encoded, sort_keys=True).encode()).hexdigest()
        for task in tasks.values():
            for field in task.template_fields:
                getattr(task, field, None)


def start_processes() -> None:
    """Starts interpreters that import, as each command and each task does."""
    modules = (
        "argparse, asyncio, collections, concurrent.futures, configparser, csv, ctypes, dataclasses, datetime, decimal,"
        " difflib, email.message, email.mime.text, enum, fractions, gzip, hashlib, http.client, http.server,"
        " importlib.metadata, inspect, ipaddress, json, logging.config, mimetypes, multiprocessing, pickle, platform,"
        " secrets, shutil, signal, smtplib, socketserver, sqlite3, ssl, statistics, tarfile, tempfile, typing,"
        " unittest.mock, urllib.request, uuid, xml.dom.minidom, zipfile, zoneinfo,"
        " jinja2, sqlalchemy.orm, click, dateutil.parser, croniter, jsonschema"
    )
    for _ in range(6):
        subprocess.run([sys.executable, "-c", f"import {modules}"], check=True)
    for options in (["-S", "-c", "pass"], ["-I", "-c", "import json"]) * 4:
        subprocess.run([sys.executable, *options], check=True)
    for name in ("json", "csv", "string", "textwrap", "shlex", "colorsys"):
        importlib.reload(importlib.import_module(name))


def match() -> None:
    """Regular expressions: log lines, masks of secrets, compilation of patterns."""
    log_line = re.compile(
        r"^\[(?P<time>\d{4}-\d\d-\d\dT[\d:.]+)\] \{(?P<file>[\w.]+):(?P<line>\d+)\} "
        r"(?P<level>INFO|WARNING|ERROR) - (?P<message>.*)$"
    )
    lines = [
        f"[2024-01-{i % 28 + 1:02}T03:{i % 60:02}:11.{i:06}] {{taskinstance.py:{i}}}"
        f" {('INFO', 'WARNING', 'ERROR', 'DEBUG')[i % 4]} - Marking task as SUCCESS. dag_id=d{i}, task_id=t{i}"
        for i in range(1200)
    ]
    for line in lines:
        found = log_line.match(line)
        if found:
            found.groupdict()
        re.findall(r"(\w+)=([^,\s]+)", line)
        re.sub(r"\d+", lambda number: str(int(number[0]) + 1), line)
        re.split(r"[\s,]+", line)
        re.search(r"task_id=(t\d*7)$", line)
        re.search(r"(?i)success|failed|skipped", line)
    patterns = (
        log_line.pattern,
        tokenize.PseudoToken,
        r"^([a-z0-9_.\-]+)@([a-z0-9\-]+\.)+[a-z]{2,6}$",
        r"(?:(?:https?|ftp)://)(?:\S+(?::\S*)?@)?[^\s/]+(?:/\S*)?",
        r"\b(?:select|from|where|join)\b.*?;",
        r"(?<!\\)(\{\{.*?\}\})",
        r"(a|b)*c|[^x-z]+?\d{2,5}(?=foo)(?!bar)",
    )
    for _ in range(30):
        re.purge()
        for pattern in patterns:
            re.compile(pattern)


def schedule() -> None:
    """Dates, time zones, cron expressions."""
    berlin: datetime.tzinfo = UTC
    # The build root has no time zones.
    with contextlib.suppress(zoneinfo.ZoneInfoNotFoundError):
        berlin = zoneinfo.ZoneInfo("Europe/Berlin")
    for i in range(3000):
        moment = START + datetime.timedelta(hours=i, minutes=7)
        assert datetime.datetime.fromisoformat(moment.isoformat()) == moment
        moment.strftime("%Y-%m-%d %H:%M:%S")
        (moment - START).total_seconds()
        assert moment > START
        hash(moment.replace(hour=0))
        moment.astimezone(berlin).date().isoweekday()
    for i in range(300):
        datetime.datetime.strptime(f"2024-01-{i % 28 + 1:02} 10:00:01", "%Y-%m-%d %H:%M:%S")
        time.strftime("%c", time.gmtime(i * 10**6))
        dateutil.parser.parse("2024-01-01T10:00:00+02:00")
    cron = croniter.croniter("*/5 3 * * 1-5", START)
    for _ in range(150):
        cron.get_next(datetime.datetime)


def log() -> None:
    """Task logs with Airflow's format; the command line; introspection."""
    out = io.StringIO()
    line = "[%(asctime)s] {%(filename)s:%(lineno)d} %(levelname)s - %(message)s"
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"airflow": {"format": line}},
            "handlers": {"task": {"class": "logging.StreamHandler", "stream": out, "formatter": "airflow"}},
            "loggers": {"airflow.task": {"handlers": ["task"], "level": "INFO", "propagate": False}},
        }
    )
    logger = logging.getLogger("airflow.task")
    child = logging.getLogger("airflow.task.operators.bash")
    for i in range(1500):
        logger.info("Marking task as %s. dag_id=%s, n=%d", "SUCCESS", "d", i)
        child.debug("nothing %s", i)
        child.warning("x")
        if i % 50 == 0:
            try:
                fibonacci(typing.cast(int, "x"))
            except TypeError:
                logger.exception("failed")
    parser = argparse.ArgumentParser(prog="airflow")
    commands = parser.add_subparsers()
    for name in ("dags", "tasks", "db", "users", "version"):
        command = commands.add_parser(name, help=f"help of {name}")
        for i in range(10):
            command.add_argument(f"--opt-{i}", default=None, type=int, help="x " * 20)
    for _ in range(10):
        parser.parse_args(["tasks", "--opt-3", "4", "--opt-1=2"])
    commands.choices["dags"].format_help()
    for function in (schedule, json.dumps, Task.__init__, logging.config.dictConfig, subprocess.run):
        inspect.signature(function)
        inspect.getdoc(function)
    inspect.getsource(fibonacci)
    typing.get_type_hints(fibonacci)
    traceback.format_stack()


def render() -> None:
    """Jinja templates, JSON schemas, click's command line."""
    rows = records(150)
    for i in range(4):
        template = jinja2.Environment(autoescape=True).from_string(
            "{% macro m(a) %}<b>{{ a|upper }}</b>{% endmacro %}{% for r in rows %}{% if r.ok %}{{ m(r.dag_id) }}"
            "{{ loop.index }} {{ '%.2f'|format(r.duration) }}{% else %}{{ r.params.a|join(',') }}{% endif %}{{ ds }}"
            "{% endfor %} v" + str(i)
        )
        for _ in range(3):
            template.render(rows=rows, ds="2024-01-01")
    schema = {
        "type": "object",
        "properties": {
            "dag_id": {"type": "string", "pattern": "^[a-z_0-9]+$"},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["dag_id"],
    }
    validator = jsonschema.Draft7Validator(schema)
    for record in rows[:60]:
        validator.validate(record)

    @click.command()
    @click.option("--count", default=1, type=int)
    @click.argument("name")
    def greet(count: int, name: str) -> None:
        for _ in range(count):
            click.echo(name)

    for _ in range(20):
        assert click.testing.CliRunner().invoke(greet, ["--count", "2", "x"]).exit_code == 0


def query() -> None:
    """SQLAlchemy: a model, inserts, joins, updates, as the scheduler's loop has them."""
    model: typing.Any = orm.declarative_base()

    class Dag(model):
        __tablename__ = "dag"
        id = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
        dag_id = sqlalchemy.Column(sqlalchemy.String(250), index=True)
        paused = sqlalchemy.Column(sqlalchemy.Boolean, default=False)
        at = sqlalchemy.Column(sqlalchemy.DateTime)
        tasks = orm.relationship("TaskInstance", back_populates="dag")

    class TaskInstance(model):
        __tablename__ = "task_instance"
        id = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
        dag_key = sqlalchemy.Column(sqlalchemy.ForeignKey("dag.id"))
        task_id = sqlalchemy.Column(sqlalchemy.String(250))
        state = sqlalchemy.Column(sqlalchemy.String(20))
        dag = orm.relationship(Dag, back_populates="tasks")

    engine = sqlalchemy.create_engine("sqlite://")
    model.metadata.create_all(engine)
    with orm.sessionmaker(engine)() as session:
        for i in range(40):
            tasks = [TaskInstance(task_id=f"t{j}", state="queued") for j in range(10)]
            session.add(Dag(dag_id=f"d{i}", at=datetime.datetime(2024, 1, 1), tasks=tasks))
        session.commit()
        for i in range(40):
            found = (
                session.query(TaskInstance)
                .join(Dag)
                .filter(Dag.dag_id == f"d{i}", TaskInstance.state.in_(["queued", "running"]))
                .order_by(TaskInstance.task_id)
                .options(orm.joinedload(TaskInstance.dag))
            )
            for task in found:
                task.state = "running"
                assert task.dag.dag_id
            session.flush()
            session.query(sqlalchemy.func.count(TaskInstance.id)).filter(TaskInstance.state == "running").scalar()
        session.execute(sqlalchemy.update(TaskInstance).where(TaskInstance.state == "running").values(state="success"))
        session.commit()
