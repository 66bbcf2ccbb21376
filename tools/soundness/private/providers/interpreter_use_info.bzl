"""InterpreterUseInfo: whose bytecode a part may hold."""

DOC = "The interpreter of the images that a part, or what it was made of, belongs to."

FIELDS = dict(
    python = "TargetPythonInfo: the interpreter, runnable on the machine that builds.",
)

InterpreterUseInfo = provider(
    doc = DOC,
    fields = FIELDS,
)
