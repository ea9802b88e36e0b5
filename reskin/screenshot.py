"""Screenshots as PNG files, written in a thread: 720p takes about 40 ms, and a tick has 41.7."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path

import numpy as np

from reskin.errors import VideoError
from reskin.picture_file import write_picture
from reskin.slot import Slot


class Screenshots:
    """`take` is for the loop's thread and returns at once; `notes` says later where the picture went."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._orders: Slot[np.ndarray] = Slot()
        self._notes: Slot[str] = Slot()
        self._thread = threading.Thread(target=self._write_for_ever, name="reskin-screenshots", daemon=True)
        self._thread.start()

    def take(self, bgra_u8: np.ndarray) -> None:
        self._orders.put(bgra_u8)

    def tell(self, *notes: str) -> None:
        """Say these too, the last of them: there is one place on the screen for a note."""
        for note in notes:
            self._notes.put(note)

    def notes(self) -> list[str]:
        note = self._notes.take()
        return [] if note is None else [note]

    def close(self) -> None:
        """Returns when the last picture is on disk."""
        self._orders.close()
        self._thread.join()

    def _write_for_ever(self) -> None:
        while (picture := self._orders.wait()) is not None:
            path = self._folder / f"reskin-{datetime.now():%Y%m%d-%H%M%S-%f}.png"
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                write_picture(path, picture[..., :3])
                self._notes.put(f"Screenshot: {path}")
            except (VideoError, OSError) as error:
                self._notes.put(str(error))
