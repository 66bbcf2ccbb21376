"""Rules that assemble OCI images.

    load("//tools/oci:defs.bzl", "files_part", "image", "image_index", "layer", "sharing", "tar_part")

An image is a list of layers, a layer is a concatenation of parts, a part comes from one input. //tools/inputs/wheel:defs.bzl
and //tools/inputs/deb:defs.bzl make parts of wheels and of Debian packages. A rule for another kind of input calls `pack_tar`
or returns its own PartInfo (providers.bzl); one that makes an image in another way calls `write_layout`.
"""

load("//tools/oci/private:files_part.bzl", _files_part = "files_part")
load("//tools/oci/private:image.bzl", _image = "image")
load("//tools/oci/private:image_index.bzl", _image_index = "image_index")
load("//tools/oci/private:layer.bzl", _layer = "layer")
load("//tools/oci/private:layout.bzl", _LAYOUT_ATTRS = "LAYOUT_ATTRS", _write_layout = "write_layout")
load("//tools/oci/private:sharing.bzl", _sharing = "sharing")
load("//tools/oci/private:tar_part.bzl", _PACK_TAR_ATTRS = "PACK_TAR_ATTRS", _pack_tar = "pack_tar", _tar_part = "tar_part")

LAYOUT_ATTRS = _LAYOUT_ATTRS
PACK_TAR_ATTRS = _PACK_TAR_ATTRS
files_part = _files_part
image = _image
image_index = _image_index
layer = _layer
pack_tar = _pack_tar
sharing = _sharing
tar_part = _tar_part
write_layout = _write_layout
