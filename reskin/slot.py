"""Where two threads of one process meet: one place, the newest item wins, and what was overwritten is counted."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Slot(Generic[Item]):
    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._item: Item | None = None
        self._closed = False
        self.dropped = 0

    def put(self, item: Item) -> Item | None:
        """Returns what lay there and is now overwritten, so that its buffer can be used again."""
        with self._condition:
            overwritten, self._item = self._item, item
            self.dropped += overwritten is not None
            self._condition.notify()
            return overwritten

    @property
    def is_empty(self) -> bool:
        return self._item is None

    def take(self) -> Item | None:
        """What lies there, or None. Never waits."""
        with self._condition:
            item, self._item = self._item, None
            return item

    def wait(self) -> Item | None:
        """What lies there, waiting for it; None once the slot is closed and empty."""
        with self._condition:
            self._condition.wait_for(lambda: self._item is not None or self._closed)
            item, self._item = self._item, None
            return item

    def close(self) -> None:
        with self._condition:
            self._closed = True
            self._condition.notify()
