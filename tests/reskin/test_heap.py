"""Large arrays go back to the system when they are freed, whatever was freed before; threads share one heap."""

from __future__ import annotations

import subprocess
import sys

LARGE = """
import ctypes, sys
import numpy as np
from reskin.heap import hold_little

class Usage(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks mapped a b c d e".split()]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Usage
if sys.argv[1] == "told":
    hold_little()
np.ones(20_000_000, np.uint8)  # freed at once: by itself glibc keeps the next ones in its heap
before = libc.mallinfo2().mapped
held = np.ones(1_000_000, np.uint8)
print(libc.mallinfo2().mapped - before)
"""

THREADS = """
import ctypes, os, sys, threading
import numpy as np
from reskin.heap import hold_little

before = threading.Barrier(5)

def allocate():
    held = np.ones(100_000, np.uint8)
    before.wait()
    before.wait()

if sys.argv[1] == "told":
    hold_little()
for _ in range(4):
    threading.Thread(target=allocate).start()
before.wait()
libc = ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
readable, writable = os.pipe()
file = ctypes.c_void_p(libc.fdopen(writable, b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
print(os.fdopen(readable).read().count("<heap nr="))
before.wait()
"""


def said(code: str, told: str) -> int:
    return int(subprocess.run([sys.executable, "-c", code, told], capture_output=True, text=True, check=True).stdout)


def test_a_frame_lies_in_no_heap_even_after_larger_ones_were_freed() -> None:
    assert said(LARGE, "told") >= 1_000_000  # bytes more outside of the heap, for an array of a megabyte
    assert said(LARGE, "not told") == 0


def test_new_threads_share_a_heap() -> None:
    assert said(THREADS, "not told") >= 4
    assert said(THREADS, "told") <= 2  # the first thread's, and one that may be there before
