"""layer_arguments: which layers a test is to read."""

load("//tools/oci:providers.bzl", "LayerInfo")

def _layer_arguments_impl(ctx):
    layers = [layer[LayerInfo] for layer in ctx.attr.layers]
    lines = []
    for layer in layers:
        lines += ["--layer", layer.created_by, layer.blob.short_path]
    output = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(output, "\n".join(lines) + "\n")
    return [DefaultInfo(
        files = depset([output]),
        runfiles = ctx.runfiles([output] + [layer.blob for layer in layers]),
    )]

layer_arguments = rule(
    implementation = _layer_arguments_impl,
    doc = "Writes the arguments of tools.verify.soundness.names that name layers; brings the layers along.",
    attrs = {
        "layers": attr.label_list(
            doc = "The layers.",
            mandatory = True,
            providers = [LayerInfo],
        ),
    },
)
