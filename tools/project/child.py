"""Work in a child process: entering a root changes the namespaces of the process that does it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from tools.host.rootless.spec import EnterError
from tools.inputs.cpython.errors import BuildError
from tools.inputs.wheel.wheel_error import WheelError
from tools.project.errors import ProjectError


def run(work: Callable[[], None], what: str) -> None:
    """Run something in a child process.

    Args:
        work: what it does.
        what: that, for errors.

    Raises:
        ProjectError: it failed.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            os.close(reader)
            work()
            status = 0
        except (ProjectError, BuildError, EnterError, WheelError, OSError) as error:
            with open(writer, "w", errors="replace") as stream:
                stream.write(str(error))
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        said = stream.read().decode()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        raise ProjectError(said or f"{what} ended with status {status}")
