"""existing_labels: the labels of targets, which need not be built for it."""

def _existing_labels_impl(ctx):
    output = ctx.actions.declare_file(ctx.label.name)
    labels = ["//{}:{}".format(target.label.package, target.label.name) for target in ctx.attr.targets]
    ctx.actions.write(output, "".join([label + "\n" for label in labels]))
    return [DefaultInfo(files = depset([output]))]

existing_labels = rule(
    doc = "A file of labels, one a line; a label without a target fails the analysis.",
    implementation = _existing_labels_impl,
    attrs = {
        "targets": attr.label_list(allow_files = True, doc = "The targets."),
    },
)
