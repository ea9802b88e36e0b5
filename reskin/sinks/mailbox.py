"""What lies between the loop and a slow sink: the newest picture, copied, in a slot. Knows nothing of what takes it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

from reskin.slot import Slot


class Mailbox:
    """`put` is the loop's and costs one copy; `wait` and `give_back` are for the one thread that serves the sink."""

    def __init__(self) -> None:
        self._slot: Slot[tuple[int, np.ndarray]] = Slot()
        self._free: deque[np.ndarray] = deque()  # allocating 4 MB at every tick costs a millisecond

    @property
    def dropped(self) -> int:
        """Pictures that were overwritten before anybody took them."""
        return self._slot.dropped

    def put(self, stamp: int, bgra_u8: np.ndarray) -> None:
        """Copies the picture, (h, w, 4); `stamp` is the sink's own: a tick, an index, a time."""
        self.put_filled(stamp, bgra_u8.shape, lambda buffer: np.copyto(buffer, bgra_u8))

    def put_filled(self, stamp: int, shape: tuple[int, ...], fill: Callable[[np.ndarray], None]) -> None:
        """The same for a picture that `fill` makes, uint8 of this shape: it writes every byte of what it is given."""
        try:
            buffer = self._free.popleft()
        except IndexError:
            buffer = np.empty(shape, np.uint8)
        if buffer.shape != shape:
            buffer = np.empty(shape, np.uint8)
        fill(buffer)
        overwritten = self._slot.put((stamp, buffer))
        if overwritten is not None:
            self._free.append(overwritten[1])

    def take(self) -> tuple[int, np.ndarray] | None:
        """The newest stamp and picture, or None; never waits. The caller's until `give_back`."""
        return self._slot.take()

    def wait(self) -> tuple[int, np.ndarray] | None:
        """The same, waiting for it; None once the mailbox is closed and empty."""
        return self._slot.wait()

    def give_back(self, bgra_u8: np.ndarray) -> None:
        """A picture that is no longer needed: its memory is used again."""
        self._free.append(bgra_u8)

    def close(self) -> None:
        self._slot.close()
