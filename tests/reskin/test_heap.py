"""Large arrays go back to the system when they are freed, whatever was freed before."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import ctypes, sys
import numpy as np
from reskin.heap import give_back_large_arrays

class Usage(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks mapped a b c d e".split()]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Usage
if sys.argv[1] == "told":
    give_back_large_arrays()
np.ones(20_000_000, np.uint8)  # freed at once: by itself glibc keeps the next ones in its heap
before = libc.mallinfo2().mapped
held = np.ones(1_000_000, np.uint8)
print(libc.mallinfo2().mapped - before)
"""


def mapped_bytes(told: str) -> int:
    """By how much what is not in the heap grows with an array of a megabyte."""
    return int(subprocess.run([sys.executable, "-c", CODE, told], capture_output=True, text=True, check=True).stdout)


def test_a_frame_lies_in_no_heap_even_after_larger_ones_were_freed() -> None:
    assert mapped_bytes("told") >= 1_000_000
    assert mapped_bytes("not told") == 0
