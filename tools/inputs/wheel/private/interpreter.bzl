"""How an action starts an interpreter of the images on the machine that builds."""

def add_interpreter(args, target, runtime):
    """Add the command of an interpreter: `--interpreter WORD…` and `--interpreter-env NAME=VALUE…`.

    The interpreter runs by the loader and C library of the tools' Python: an action uses nothing of the host.

    Args:
      args: Args to add to.
      target: TargetPythonInfo.
      runtime: PythonRuntimeInfo of the tools' Python.
    """
    args.add(runtime.loader, format = "--interpreter=%s")
    args.add("--interpreter=--library-path")
    args.add("--interpreter={}/lib".format(runtime.home))
    args.add(target.executable, format = "--interpreter=%s")
    args.add(target.stdlib.dirname, format = "--interpreter-env=PYTHONHOME=%s")
    args.add("--interpreter-env=PYTHONPATH={}:{}".format(target.stdlib.path, target.stdlib.dirname))

def interpreter_files(target):
    """Give the files that the command of `add_interpreter` reads.

    Args:
      target: TargetPythonInfo.

    Returns:
      list of Files, for an action's inputs.
    """
    return [target.executable, target.stdlib] + target.extensions
