"""Runs one of our Python programs as an action, by the tools' Python, without a shell and without the host's Python.

    load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")

    my_rule = rule(attrs = {"_program": attr.label(default = "//tools/oci:layer")} | PYTHON_ATTRS, …)
"""

load("@rules_python//python:defs.bzl", "PyInfo")
load(":runtime.bzl", "PythonRuntimeInfo")

PYTHON_ATTRS = {
    "_python": attr.label(
        default = "@tools_python//:runtime",
        providers = [PythonRuntimeInfo],
    ),
    "_worker": attr.label(default = "//tools/host/python:worker"),
}

# A worker's requests are forks of a program that was started once.
_WORKER_REQUIREMENTS = {
    "requires-worker-protocol": "json",
    "supports-workers": "1",
}

# All that a program sees of its surroundings.
_ENVIRONMENT = {
    "LC_ALL": "C",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONNOUSERSITE": "1",
    "PYTHONUTF8": "1",
    "TZ": "UTC",
}

def _import_path(ctx, program):
    """Return PYTHONPATH for a py_library: the root of its repository, then what its libraries import from."""
    places = [program.label.workspace_root or "."]
    for path in program[PyInfo].imports.to_list():
        own = path.removeprefix(ctx.workspace_name)
        if own == path:
            # As below: sources, and what actions make.
            places += ["external/" + path, ctx.bin_dir.path + "/external/" + path]
        else:
            # Either may hold it: sources, and what actions make (wheel_library).
            places += ["." + own, ctx.bin_dir.path + own]
    return ":".join(places)

def run_python(ctx, *, program, module, arguments, outputs, mnemonic, progress_message, inputs = [], tools = [], exec_group = None, execution_requirements = {}, worker = False):
    """Register an action that runs `python -m module arguments`.

    Args:
      ctx: the rule's context; its attributes include PYTHON_ATTRS.
      program: a py_library Target with the module and all that it imports.
      module: dotted name of the module, from the root of the repository, e.g. "tools.oci.layer".
      arguments: list of Args and strings.
      outputs: list of Files.
      mnemonic: CamelCase word for logs and --modify_execution_info.
      progress_message: what Bazel prints while it runs.
      inputs: list or depset of Files.
      tools: list or depset of further Files that are tools (e.g. a compiler); not with `worker`.
      exec_group: name of the rule's execution group that the action belongs to, or None.
      execution_requirements: dict, as of ctx.actions.run.
      worker: for small actions by the thousand: where Bazel uses persistent workers, run `module.main(arguments)` in a fork of
        a started program (worker.py). The arguments are Args; the program finds them in a file, `@FILE`.
    """
    if worker and tools:
        # An action with other tools stops the worker of the last one and starts its own.
        fail("{}: a worker's tools are the same for all actions: make these inputs".format(mnemonic))
    python = ctx.attr._python[PythonRuntimeInfo]
    launch = ctx.actions.args()
    launch.add("--library-path").add(python.home + "/lib").add(python.interpreter)
    launch.add("-B").add("-s").add("-S").add("-m")
    sources = [program[PyInfo].transitive_sources]
    if worker:
        launch.add("tools.host.python.worker")
        sources.append(ctx.attr._worker[PyInfo].transitive_sources)
        for args in arguments:
            args.use_param_file("@%s", use_always = True)
            args.set_param_file_format("multiline")
    launch.add(module)
    ctx.actions.run(
        executable = python.loader,
        arguments = [launch] + arguments,
        inputs = inputs if type(inputs) == "depset" else depset(inputs),
        tools = depset(transitive = sources + [
            python.files,
            tools if type(tools) == "depset" else depset(tools),
        ]),
        outputs = outputs,
        mnemonic = mnemonic,
        progress_message = progress_message,
        env = _ENVIRONMENT | {"PYTHONHOME": python.home, "PYTHONPATH": _import_path(ctx, program)},
        exec_group = exec_group,
        execution_requirements = execution_requirements | (_WORKER_REQUIREMENTS if worker else {}),
    )
