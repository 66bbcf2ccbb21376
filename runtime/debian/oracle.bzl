"""Where our tree and the one of mmdebstrap differ, and why. //runtime/debian:oracle checks that this is all."""

DIFFERENCES = [
]

# What `dpkg --configure -a` changes in our tree when all packages count as unpacked.
CHANGED_BY_CONFIGURE = [
]
