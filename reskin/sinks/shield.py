"""Between the loop and its sinks: one that fails, or that the player has closed, is dropped, and the loop goes on.

Knows nothing of what sinks do. The overlay is not behind it: without an overlay there is nothing to play.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from reskin.errors import SinkEnded
from reskin.frame import Frame, Region
from reskin.platforms.base import Sink

_log = logging.getLogger(__name__)


class Shield:
    """`over(sink)` for each sink; `notes` says what was dropped since the last call; what failed joins `failures`."""

    def __init__(self, failures: list[str], first_notes: Iterable[str] = ()) -> None:
        self.failures = failures
        self._notes = list(first_notes)

    def over(self, sink: Sink) -> ShieldedSink:
        return ShieldedSink(sink, self)

    def notes(self) -> list[str]:
        notes, self._notes = self._notes, []
        return notes

    def ended(self, name: str, error: Exception) -> None:
        if isinstance(error, SinkEnded):
            _log.info("%s ended by the player", name)
        else:
            _log.error("%s failed: %s: %s", name, type(error).__name__, error)
            self.failures.append(str(error) or type(error).__name__)
        self._notes.append(str(error) if isinstance(error, SinkEnded) else f"The {name} has ended: {error}")


class ShieldedSink:
    def __init__(self, sink: Sink, shield: Shield) -> None:
        self.name = sink.name
        self._sink = sink
        self._shield = shield
        self._ended = False

    def show(self, frame: Frame, region: Region) -> None:
        self.attempt(lambda: self._sink.show(frame, region))

    def attempt(self, act: Callable[[], None]) -> None:
        """Something else that the sink does, behind the same shield."""
        if self._ended:
            return
        try:
            act()
        except Exception as error:  # noqa: BLE001  whatever it is, the player's game and overlay are worth more
            self._end(error)

    def close(self) -> None:
        try:
            self._sink.close()
        except Exception as error:  # noqa: BLE001  the other sinks, and the game, must still be closed
            self._end(error)

    def _end(self, error: Exception) -> None:
        if not self._ended:  # what has failed once says the same when it is closed
            self._shield.ended(self.name, error)
        self._ended = True
