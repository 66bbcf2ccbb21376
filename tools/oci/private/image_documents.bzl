"""The actions that make an image's config, manifest, digest and listing."""

load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")
load("//tools/oci/private:image_attrs.bzl", "SPEC_FIELDS")

DOCUMENTS_ATTRS = {
    "_image": attr.label(default = "//tools/oci:image"),
} | PYTHON_ATTRS

def _layer_arguments(layer):
    return ["--layer", layer.created_by, layer.metadata.path, layer.mtree.path]

def _write(ctx, layers, spec, mnemonic, what, **outputs):
    """Declare an action that makes documents of the image.

    Args:
      ctx: of the rule.
      layers: list of LayerInfo.
      spec: File with what the image is apart from them.
      mnemonic: of the action.
      what: is made, for people.
      **outputs: option of tools.oci.image -> File.
    """
    args = ctx.actions.args()
    args.use_param_file("@%s")
    args.set_param_file_format("multiline")
    args.add("--spec", spec)
    args.add_all(layers, map_each = _layer_arguments)
    for option, output in outputs.items():
        args.add("--" + option, output)
    run_python(
        ctx,
        program = ctx.attr._image,
        module = "tools.oci.image",
        arguments = [args],
        inputs = [spec] + [file for layer in layers for file in (layer.metadata, layer.mtree)],
        outputs = outputs.values(),
        mnemonic = mnemonic,
        progress_message = "Making {} %{{label}}".format(what),
    )

def write_documents(ctx, layers):
    """Declare the actions that make an image's documents from its layers' metadata; no layer is read.

    Args:
      ctx: of a rule with DOCUMENTS_ATTRS and the attributes named by SPEC_FIELDS.
      layers: list of LayerInfo, lowest first.

    Returns:
      struct of Files: config, manifest, digest (of the manifest), mtree (the listing of the whole file system).
    """
    name = ctx.label.name
    spec = ctx.actions.declare_file(name + ".spec.json")
    ctx.actions.write(spec, json.encode({field: getattr(ctx.attr, field) for field in SPEC_FIELDS}))
    documents = struct(
        config = ctx.actions.declare_file(name + ".config.json"),
        manifest = ctx.actions.declare_file(name + ".manifest.json"),
        mtree = ctx.actions.declare_file(name + ".mtree"),
        digest = ctx.actions.declare_file(name + ".digest"),
    )
    _write(
        ctx,
        layers,
        spec,
        "OciImage",
        "image",
        config = documents.config,
        digest = documents.digest,
        manifest = documents.manifest,
    )

    # 16 MB for an image of Airflow, and only people want it: made when it is asked for.
    _write(ctx, layers, spec, "OciListing", "the listing of", mtree = documents.mtree)
    return documents
