"""What schedulers, web servers and tasks of Airflow do all day, for some seconds: an interpreter that counts runs it.

Each part is a function without arguments; all run in order, in one process, as they do in Airflow. Nothing leaves the
machine. SQLAlchemy, Jinja and the others are those of the images.
"""

from __future__ import annotations

import random
import time

import duties
import language

PARTS = (
    duties.serialise,
    duties.parse_dags,
    language.compile_sources,
    duties.start_processes,
    duties.match,
    duties.schedule,
    language.objects,
    language.compute,
    language.texts,
    language.files,
    duties.log,
    language.concurrency,
    duties.render,
    duties.query,
)

if __name__ == "__main__":
    random.seed(7)
    for part in PARTS:
        began = time.process_time()
        part()
        print(f"{part.__name__:16} {time.process_time() - began:6.2f} s", flush=True)
