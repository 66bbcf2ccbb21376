"""The zlib that the running interpreter uses, called directly.

The `zlib` module hides what joining deflate streams needs: where a block ends, to the bit. So the library is called
through ctypes: the very library that the module is linked to (never a search for "libz" on the host), checked by
its version.
"""

from __future__ import annotations

import ctypes
import zlib

Z_OK = 0
Z_STREAM_END = 1
Z_BUF_ERROR = -5
Z_NO_FLUSH = 0
Z_BLOCK = 5

# inflate's data_type after Z_BLOCK (zlib.h): unused bits of the last byte read, plus these.
UNUSED_BITS = 7
LAST_BLOCK = 64
BLOCK_END = 128


class Stream(ctypes.Structure):
    """`z_stream` of zlib.h."""

    _fields_ = [
        ("next_in", ctypes.c_void_p),
        ("avail_in", ctypes.c_uint),
        ("total_in", ctypes.c_ulong),
        ("next_out", ctypes.c_void_p),
        ("avail_out", ctypes.c_uint),
        ("total_out", ctypes.c_ulong),
        ("msg", ctypes.c_char_p),
        ("state", ctypes.c_void_p),
        ("zalloc", ctypes.c_void_p),
        ("zfree", ctypes.c_void_p),
        ("opaque", ctypes.c_void_p),
        ("data_type", ctypes.c_int),
        ("adler", ctypes.c_ulong),
        ("reserved", ctypes.c_ulong),
    ]


def _load() -> ctypes.CDLL:
    # A handle's symbols are looked up in what it links to as well: the extension module, or the program itself where
    # zlib is built in. Either way this ends at the library that `zlib` calls.
    library = ctypes.CDLL(getattr(zlib, "__file__", None))
    library.zlibVersion.restype = ctypes.c_char_p
    version = library.zlibVersion().decode()
    if version != zlib.ZLIB_RUNTIME_VERSION:
        raise ImportError(f"found zlib {version}, but the interpreter's zlib module uses {zlib.ZLIB_RUNTIME_VERSION}")
    pointer = ctypes.POINTER(Stream)
    library.inflateInit2_.argtypes = [pointer, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
    library.inflateReset.argtypes = [pointer]
    library.inflateEnd.argtypes = [pointer]
    library.inflate.argtypes = [pointer, ctypes.c_int]
    return library


LIBRARY = _load()


class RawInflate:
    """One reusable raw (RFC 1951, no header) inflate state."""

    def __init__(self) -> None:
        self.stream = Stream()
        self.pointer = ctypes.byref(self.stream)
        version = zlib.ZLIB_VERSION.encode()
        if LIBRARY.inflateInit2_(self.pointer, -15, version, ctypes.sizeof(Stream)) != Z_OK:
            raise MemoryError("inflateInit2 failed")

    def reset(self) -> None:
        """Start a new stream."""
        LIBRARY.inflateReset(self.pointer)

    def inflate(self, flush: int) -> int:
        """Call zlib's inflate on `self.stream`; return its code."""
        return int(LIBRARY.inflate(self.pointer, flush))

    def message(self) -> str:
        """Return zlib's message about the stream."""
        return (self.stream.msg or b"invalid data").decode()

    def __del__(self) -> None:
        if getattr(self, "stream", None) is not None and self.stream.state:
            LIBRARY.inflateEnd(self.pointer)
