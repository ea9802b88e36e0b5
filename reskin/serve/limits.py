"""How much of everything one client, one token and the whole server may use.

Bounds of the protocol are in `messages` and `sdp`, of the queue in `admission`, of connections in `server` and
`web_parts.guard`, of packets in `receiving` and `addresses`; most others are here. `Bucket` bounds a rate, `Quotas`
what a token may use in all. Knows nothing of the network; for one thread.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from reskin.errors import ServeError
from reskin.serve.strip import STRIP_ROWS
from reskin.serve.tokens import Claims

MOST_PIXELS_SIDE = (1088, 1920)  # (h, w) of a picture
MOST_PIXELS = (MOST_PIXELS_SIDE[0] + STRIP_ROWS) * MOST_PIXELS_SIDE[1]  # that a decoder is let make
SMALLEST_SIDE = 32  # pixels
MOST_FRAMES_PER_S = 31.0  # that come, 30 by a clock that is fast; more are left out before they are converted, for
MOST_FRAMES_AT_ONCE = 4.0  # the flash limiter keeps a second of frames: `stepper.MOST_FPS` is what both let through
MOST_BEHIND = 90  # encoded frames that wait for their decoder: a client that sends faster than that is let go
MOST_BYTES_PER_S = 5_000_000  # of media from one client
MOST_PACKETS_PER_S = 8000  # of media, from and to one client: what it asks to be sent again counts
MOST_UNREAD_BYTES = 64 * 1024  # of messages of the data channel that have not ended yet
MOST_CONTROL_FLOOD = 200.0  # messages in a burst, and twice the rate for long: then the session ends
MOST_UNSENT_BYTES = 32 * 1024  # of the data channel: a client that does not read gets no more figures
MOST_CANDIDATES = 24  # of ICE in an offer: each one makes the server send to that address
SILENT_S = 10.0  # without a packet from the client
CONNECT_S = 15.0  # from the answer to the first packet
RESUME_S = 30.0  # how long what a session has chosen outlives it
MOST_REMEMBERED = 256  # looks of sessions that were cut off
MOST_OFFERS_PER_MIN = 30.0  # of one token and address
MOST_OFFERS_AT_ONCE = 4  # that are being answered
MOST_WATCHERS = 8  # of one session
MOST_KEPT_BUCKETS = 4096


class QuotaExceeded(ServeError):
    """The token's own bounds, or a rate; `retry_s` is when it may be tried again, 0 for never with this token."""

    def __init__(self, text: str, retry_s: float = 0.0) -> None:
        super().__init__(text)
        self.retry_s = retry_s


class Bucket:
    """Lets `per_s` through on average and `at_once` in a burst."""

    def __init__(self, per_s: float, at_once: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s, self._at_once, self._clock = per_s, at_once, clock
        self._left, self._looked_s = at_once, clock()

    def take(self, amount: float = 1.0) -> bool:
        now_s = self._clock()
        self._left = min(self._at_once, self._left + (now_s - self._looked_s) * self._per_s)
        self._looked_s = now_s
        if self._left < amount:
            return False
        self._left -= amount
        return True


@dataclass(slots=True)
class _Used:
    seconds: float = 0.0  # of sessions that have ended
    began_s: dict[str, float] = field(default_factory=dict)  # of those that run


class Quotas:
    """What each token uses, from when the server started."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._used: dict[str, _Used] = {}
        self._offers: OrderedDict[str, Bucket] = OrderedDict()

    def let_offer(self, who: str, players: int = 1) -> None:
        """QuotaExceeded for one that offers too often; `who` is a token and an address, of so many players."""
        most = players * MOST_OFFERS_PER_MIN
        bucket = self._offers.pop(who, None) or Bucket(most / 60, most / 2, self._clock)
        self._offers[who] = bucket
        while len(self._offers) > MOST_KEPT_BUCKETS:
            self._offers.popitem(last=False)
        if not bucket.take():
            raise QuotaExceeded("offering: too many offers in a minute", retry_s=60 / MOST_OFFERS_PER_MIN)

    def begin(self, claims: Claims, session_id: str) -> None:
        """QuotaExceeded when the token has its sessions already, or has used its minutes."""
        used = self._used.setdefault(claims.sub, _Used())
        if len(used.began_s) >= claims.sessions:
            raise QuotaExceeded(f"entering: this link is for {claims.sessions} sessions at once", retry_s=5.0)
        if self.seconds_left(claims) <= 0:
            raise QuotaExceeded(f"entering: the {claims.minutes} minutes of this link are used up")
        used.began_s[session_id] = self._clock()

    def end(self, claims: Claims, session_id: str) -> None:
        used = self._used.get(claims.sub)
        if used is not None and (began_s := used.began_s.pop(session_id, None)) is not None:
            used.seconds += self._clock() - began_s

    def seconds_left(self, claims: Claims) -> float:
        used = self._used.get(claims.sub) or _Used()
        now_s = self._clock()
        return claims.minutes * 60 - used.seconds - sum(now_s - began_s for began_s in used.began_s.values())
