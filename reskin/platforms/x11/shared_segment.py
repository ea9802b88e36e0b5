"""A block of System V shared memory that the X server writes into or reads from (MIT-SHM).

System V and not a file descriptor, because xcffib cannot send descriptors. The block is unmapped only when its last
numpy view is gone, so a frame that somebody kept is stale at worst and never a crash.
"""

from __future__ import annotations

import ctypes
import os
import weakref
from typing import Any

import numpy as np
import xcffib

from reskin.errors import DisplayError
from reskin.platforms.x11.connection import XConnection

_IPC_PRIVATE, _IPC_RMID, _IPC_CREAT = 0, 0, 0o1000
_SHMAT_FAILED = ctypes.c_void_p(-1).value


class SharedSegment:
    """`pixels(h, w)` gives the start of the block as (h, w, 4) uint8; `xid` names it to the server."""

    def __init__(self, x: XConnection, shm: Any, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._shm = shm
        libc = ctypes.CDLL(None, use_errno=True)
        libc.shmat.restype = ctypes.c_void_p
        libc.shmdt.argtypes = [ctypes.c_void_p]
        libc.shmget.argtypes = [ctypes.c_int, ctypes.c_size_t, ctypes.c_int]
        segment = libc.shmget(_IPC_PRIVATE, size_bytes, _IPC_CREAT | 0o600)
        address = libc.shmat(segment, None, 0) if segment >= 0 else _SHMAT_FAILED
        if address is None or address == _SHMAT_FAILED:
            reason = os.strerror(ctypes.get_errno())
            raise DisplayError(
                f"sharing {size_bytes} bytes with the X server: {reason}. Expected free System V shared memory; "
                "see the limits with `ipcs -l`."
            )
        self._bytes = (ctypes.c_uint8 * size_bytes).from_address(address)
        weakref.finalize(self._bytes, libc.shmdt, address)
        self.xid = x.new_id()
        try:
            with x.guard("sharing memory with the X server"):
                shm.Attach(self.xid, segment, False, is_checked=True).check()
        except xcffib.Error as error:
            raise DisplayError(
                f"sharing memory with the display {x.name}: the server refused. Expected a server on this machine and "
                "in this container; a remote display (ssh -X) cannot be captured fast enough."
            ) from error
        finally:
            libc.shmctl(segment, _IPC_RMID, None)  # freed by the kernel when both sides are done, also after a crash

    def pixels(self, h: int, w: int) -> np.ndarray:
        return np.frombuffer(memoryview(self._bytes), np.uint8, h * w * 4).reshape(h, w, 4)

    def detach(self) -> None:
        """Tell the server to let go; views on this side stay valid."""
        self._shm.Detach(self.xid)


def segment_for(x: XConnection, shm: Any, old: SharedSegment | None, size_bytes: int) -> SharedSegment:
    """`old` when it is big enough, else a new one a quarter larger, so that a drag of the border does not thrash."""
    if old is not None and old.size_bytes >= size_bytes:
        return old
    if old is not None:
        old.detach()
    return SharedSegment(x, shm, size_bytes + size_bytes // 4)
