"""How many watch a stream while it is measured: for tools/bench_stream.py.

`begin` and `end` with the measured time; between them a thread samples once a second. A viewer that has gone does not
come back (tools/stream_crowd.py), so what is seen between two samples is not lost. Where a thread's own work would be
measured too, `sample` by hand at the begin and at the end tells the same.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.client import HTTPException
from urllib.request import urlopen

from reskin.errors import StreamError

EVERY_S = 1.0
ANSWER_LIMIT_S = 5.0
COME_LIMIT_S = 60.0
WAIT_S = 0.25


def viewers_of(status_link: str) -> int:
    """By the server's own count, /status.json; OSError where it does not answer."""
    with urlopen(status_link, timeout=ANSWER_LIMIT_S) as answer:
        return len(json.load(answer)["viewers"])


class Attendance:
    """`count` says how many watch; OSError: nobody can."""

    def __init__(self, asked: int, count: Callable[[], int]) -> None:
        self.asked = asked
        self.counts: list[int] = []  # of each sample
        self._count = count
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._sample_on, daemon=True)

    @property
    def is_short(self) -> bool:
        return any(count < self.asked for count in self.counts)

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """With a last sample; nothing where it never began."""
        if self._thread.ident is not None:
            self._is_over.set()
            self._thread.join()
            self.sample()

    def sample(self) -> None:
        try:
            self.counts.append(self._count())
        except (OSError, HTTPException, ValueError):  # no answer, half of one
            self.counts.append(0)

    def check(self) -> None:
        """StreamError unless all were there at every sample."""
        if not self.counts:
            raise StreamError(
                f"measuring the stream with {self.asked} viewers: nobody looked whether they watch, since the measured "
                "time never began. Measure for longer."
            )
        if self.is_short:
            nth = next(at for at, count in enumerate(self.counts, 1) if count < self.asked)
            raise StreamError(
                f"measuring the stream with {self.asked} viewers: only {self.counts[nth - 1]} watched at look {nth} "
                f"(one every {EVERY_S:g} s), so the figures are not theirs. What they said is above; try a longer "
                "warm-up or an idle machine."
            )

    def wait(self, can_come: Callable[[], bool]) -> None:
        """Until all are there; StreamError when nobody can come any more, or it takes too long."""
        end_s = time.monotonic() + COME_LIMIT_S
        while (here := self._count()) < self.asked:
            if not can_come() or time.monotonic() > end_s:
                raise StreamError(f"waiting for {self.asked} viewers: {here} watch. What they said is above.")
            time.sleep(WAIT_S)

    def _sample_on(self) -> None:
        self.sample()
        while not self._is_over.wait(EVERY_S):
            self.sample()
