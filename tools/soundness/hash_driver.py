"""Hashes Python sources as bytecode names them (PEP 552), in the interpreter of the image; a program of its own, started by
sources.py. The hash differs between versions, so only this interpreter can say it.

Reads sources on standard input, each behind its length (4 bytes, big-endian), and answers each with 8 bytes at once. What
it says first is the interpreter's magic number, 4 bytes. Uses nothing outside of the interpreter itself.
"""

import sys

del sys.path[0]  # the folder of this file

import _frozen_importlib_external as external  # noqa: E402
import _imp  # noqa: E402

feed, answer = sys.stdin.buffer, sys.stdout.buffer
answer.write(external.MAGIC_NUMBER)
answer.flush()
while True:
    head = feed.read(4)
    if not head:
        break
    answer.write(_imp.source_hash(external._RAW_MAGIC_NUMBER, feed.read(int.from_bytes(head, "big"))))
    answer.flush()
