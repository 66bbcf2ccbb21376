"""The state of the work tree as a file, so that tests that read the work tree itself are cached like all others."""

# Directories are watched one by one down to this depth, whole below it: Bazel's own links in workspaces within this one lead to
# all outputs.
_DEPTH = 3

def _left_out(path):
    return path.basename == ".git" or path.basename.startswith("bazel-")

def _watch(ctx, root):
    level = [root]
    for _ in range(_DEPTH):
        deeper = []
        for directory in level:
            for entry in directory.readdir():
                if _left_out(entry):
                    continue
                if entry.is_dir:
                    deeper.append(entry)
                else:
                    ctx.watch(entry)
        level = deeper
    for directory in level:
        ctx.watch_tree(directory)

def _worktree_state_impl(ctx):
    root = ctx.path(Label("//:MODULE.bazel")).realpath.dirname
    _watch(ctx, root)
    result = ctx.execute([ctx.path(ctx.attr._python), "-B", "-s", ctx.path(ctx.attr._program)])
    if result.return_code:
        fail("the state of the work tree {}: {}".format(root, result.stderr))
    ctx.file("state", result.stdout)
    ctx.file("BUILD.bazel", "exports_files([\"state\"])\n")

worktree_state = repository_rule(
    doc = "A repository with the file `state`: a digest of all files of the work tree that git does not ignore. Bazel makes it again after each change.",
    implementation = _worktree_state_impl,
    attrs = {
        "_program": attr.label(allow_single_file = True, default = "//tools/host/lint:worktree.py"),
        "_python": attr.label(allow_single_file = True, default = "@tools_python//:runtime/bin/python3"),
    },
)
