"""zlib-ng's inflate, called directly.

The Python module hides what joining deflate streams needs: where a block ends, to the bit. So its library is called through
ctypes, by zlib-ng's own interface (zlib-ng.h): the very library that the module is linked to, checked by its version.

Only what is read comes from here. It is the same with every inflate; what we compress takes Python's zlib (deflate.py).
"""

from __future__ import annotations

import ctypes

from zlib_ng import zlib_ng

Z_OK = 0
Z_STREAM_END = 1
Z_BUF_ERROR = -5
Z_NO_FLUSH = 0
Z_BLOCK = 5

# inflate's data_type (zlib-ng.h): unused bits of the last byte read, plus these.
UNUSED_BITS = 7
LAST_BLOCK = 64
BLOCK_END = 128


class Stream(ctypes.Structure):
    """`zng_stream` of zlib-ng.h."""

    _fields_ = [
        ("next_in", ctypes.c_void_p),
        ("avail_in", ctypes.c_uint32),
        ("total_in", ctypes.c_size_t),
        ("next_out", ctypes.c_void_p),
        ("avail_out", ctypes.c_uint32),
        ("total_out", ctypes.c_size_t),
        ("msg", ctypes.c_char_p),
        ("state", ctypes.c_void_p),
        ("zalloc", ctypes.c_void_p),
        ("zfree", ctypes.c_void_p),
        ("opaque", ctypes.c_void_p),
        ("data_type", ctypes.c_int),
        ("adler", ctypes.c_uint32),
        ("reserved", ctypes.c_ulong),
    ]


def _load() -> ctypes.CDLL:
    library = ctypes.CDLL(zlib_ng.__file__)
    library.zlibng_version.restype = ctypes.c_char_p
    version = library.zlibng_version().decode()
    if version != zlib_ng.ZLIBNG_RUNTIME_VERSION:
        raise ImportError(f"found zlib-ng {version}, but the module zlib_ng uses {zlib_ng.ZLIBNG_RUNTIME_VERSION}")
    pointer = ctypes.POINTER(Stream)
    library.zng_inflateInit2.argtypes = [pointer, ctypes.c_int32]
    library.zng_inflateReset.argtypes = [pointer]
    library.zng_inflateEnd.argtypes = [pointer]
    library.zng_inflate.argtypes = [pointer, ctypes.c_int32]
    return library


LIBRARY = _load()


class RawInflate:
    """Inflates raw deflate streams (RFC 1951, no header), one after another, through one window.

    Args:
        window: bytes of content that a step gives at the most.
    """

    def __init__(self, window: int) -> None:
        self._stream = Stream()
        self._pointer = ctypes.byref(self._stream)
        self._size = window
        self._window = (ctypes.c_ubyte * window)()
        self._address = ctypes.addressof(self._window)
        self._content = memoryview(self._window).cast("B")
        if LIBRARY.zng_inflateInit2(self._pointer, -15) != Z_OK:
            raise MemoryError("zng_inflateInit2 failed")

    def reset(self) -> None:
        """Start a new stream."""
        LIBRARY.zng_inflateReset(self._pointer)

    def feed(self, data: bytes, start: int = 0, end: int | None = None) -> None:
        """Give the next bytes of the stream, `data[start:end]`: less than 4 GiB, and only when nothing is unread."""
        self._data = data  # zlib-ng has its address only
        self._stream.next_in = (ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0) + start
        self._stream.avail_in = (len(data) if end is None else end) - start

    def step(self, flush: int) -> tuple[int, memoryview]:
        """Call inflate once; return its code, and the content that it gave, which is valid until the next step."""
        self._stream.next_out, self._stream.avail_out = self._address, self._size
        code = LIBRARY.zng_inflate(self._pointer, flush)
        return code, self._content[: self._size - self._stream.avail_out]

    @property
    def unread(self) -> int:
        """Bytes that were given and are not read yet."""
        return int(self._stream.avail_in)

    @property
    def state(self) -> int:
        """data_type after a step: UNUSED_BITS, LAST_BLOCK, BLOCK_END."""
        return int(self._stream.data_type)

    def message(self) -> str:
        """Return zlib-ng's message about the stream."""
        return (self._stream.msg or b"invalid data").decode()

    def __del__(self) -> None:
        if getattr(self, "_stream", None) is not None and self._stream.state:
            LIBRARY.zng_inflateEnd(self._pointer)
