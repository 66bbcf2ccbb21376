"""Providers of parts, layers and images.

    load("//tools/oci:providers.bzl", "ImageInfo", "LayerInfo", "PartInfo")

For rules that make parts, layers or images, or use them.
"""

load("//tools/oci/private/providers:image_index_info.bzl", _ImageIndexInfo = "ImageIndexInfo")
load("//tools/oci/private/providers:image_info.bzl", _ImageInfo = "ImageInfo")
load("//tools/oci/private/providers:layer_info.bzl", _LayerInfo = "LayerInfo")
load("//tools/oci/private/providers:part_info.bzl", _PartInfo = "PartInfo")

ImageIndexInfo = _ImageIndexInfo
ImageInfo = _ImageInfo
LayerInfo = _LayerInfo
PartInfo = _PartInfo
