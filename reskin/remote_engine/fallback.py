"""A server's engine and this machine's own as one `Engine`: when the server goes silent, the other takes over at once.

    server silent for 125 ms   this machine begins to paint as well
    for 250 ms, or gone        it is shown (or, without an engine of its own, the game itself)
    six paintings in time      the server is shown again; after each silence of one connection twice as many

So the overlay never waits for the network. While the server paints, the own engine is loaded and idle: its process
wakes 20 times a second and costs nothing. Knows nothing of how either of them paints.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

from reskin.engine_link import Engine, EngineNews
from reskin.errors import EngineError
from reskin.frame import Frame
from reskin.remote_engine.engine import RemoteEngine
from reskin.remote_engine.states import LinkState
from reskin.renderer import View
from reskin.shared_frames import SharedFrame
from reskin.status import EngineState
from reskin.themes import Theme

HEDGE_NS = 125_000_000  # three ticks
SILENT_NS = 250_000_000
IDLE_NS = 150_000_000  # frames further apart than this are no flow: the game is paused
START_WAIT_NS = 3_000_000_000  # at the beginning the server may take so long
HAND_OVER_NS = 1_000_000_000
TRUST_PAINTINGS, TRUST_LIMIT = 6, 48  # 0.25 s, 2 s
FORGET_NS = 60_000_000_000
BACK = "Painted by the server again"
OWN_FAILED = "This machine's own engine does not start: while the server is silent, you see the game itself"


class Source(Enum):
    NOBODY = "nobody"
    SERVER = "server"
    OWN = "own"


class FallbackEngine:
    """`own` is this machine's engine, or None: then the game itself is what is left."""

    def __init__(self, remote: RemoteEngine, own: Engine | None) -> None:
        self.name = remote.name  # of who painted last
        self.source = Source.NOBODY
        self._remote = remote
        self._own = own
        self._began_ns: int | None = None
        self._now_ns = 0
        self._submitted_ns = 0  # when the last frame was
        self._flow_ns = 0  # since when frames flow
        self._painted_ns = 0  # when the server's last painting came
        self._in_time = 0  # of its paintings in a row
        self._trust = TRUST_PAINTINGS
        self._fell_ns: int | None = None  # when a connection that still stands was last left
        self._left_ns = 0  # when the server was last left
        self._was_live = False
        self._has_painted = False  # somebody, once
        self._own_is_warm = False
        self._given = self._last = -1  # index of the last painting given, of the last frame submitted
        self._came_back = False  # to be told

    @property
    def is_ready(self) -> bool:
        own_is_ready = self._own is not None and self._own.is_ready
        return self._remote.is_ready or (own_is_ready and (self.source is not Source.SERVER or not self._own_is_warm))

    @property
    def state(self) -> EngineState:
        if self.source is Source.SERVER:
            return EngineState.REMOTE
        if self.source is Source.OWN and self._own is not None:
            return self._own.state
        is_new = not self._has_painted and self._remote.link.state in (LinkState.CONNECTING, LinkState.LIVE)
        return EngineState.STARTING if is_new else EngineState.AWAY

    def poll(self, now_ns: int) -> EngineNews:
        """EngineError when the server refused at the first meeting."""
        self._now_ns = now_ns
        self._began_ns = now_ns if self._began_ns is None else self._began_ns
        news = self._remote.poll(now_ns)
        own_news = self._poll_own(now_ns)
        notes = [*news.notes, *(own_news.notes if self.source is not Source.SERVER else [])]
        is_live = self._remote.link.state is LinkState.LIVE
        if is_live and not self._was_live:  # another connection: what the last one did says nothing of it
            self._in_time, self._trust, self._flow_ns = 0, TRUST_PAINTINGS, now_ns
        self._was_live = is_live
        before = self.source
        if before is Source.SERVER and (not is_live or self._is_silent(SILENT_NS)):
            self._fall(now_ns, was_live=is_live)
        elif before is Source.NOBODY and self._own is not None and self._may_begin(now_ns):
            self.source = Source.OWN
        if self.source is not before and self.source is Source.OWN:
            notes.append(f"{self._why()}: painted on this machine until it is back")
        if self._came_back:
            notes.append(BACK)
        switched, self._came_back = self.source is not before or self._came_back, False
        has_no_picture = self.source is Source.NOBODY or (self._own is not None and not self._own.is_ready)
        died = own_news.died and self.source is Source.OWN
        if died:
            self._given = self._last  # what is on its way anywhere is written off by the loop
        return EngineNews(
            notes=notes, died=died, lower_tier=own_news.lower_tier, errors=news.errors + own_news.errors,
            switched=switched, gone=self.source is not before and has_no_picture, standing=self._standing(),
        )  # fmt: skip

    def configure(self, *, theme: Theme, view: View, quality: int, fade_frames: int = 0) -> None:
        for engine in self._engines():
            engine.configure(theme=theme, view=view, quality=quality, fade_frames=fade_frames)

    def submit(self, frame: Frame) -> None:
        if self._now_ns - self._submitted_ns > IDLE_NS:
            self._flow_ns = self._now_ns
        self._submitted_ns, self._last = self._now_ns, frame.index
        if self._remote.is_ready:
            self._remote.submit(frame)
        is_hedging = self.source is Source.SERVER and self._is_silent(HEDGE_NS)
        wants_own = self.source is not Source.SERVER or is_hedging or not self._own_is_warm
        if self._own is not None and self._own.is_ready and wants_own:
            self._own.submit(frame)

    def newest(self) -> SharedFrame | None:
        painting = self._remote.newest()
        if painting is not None:
            self._see(painting)
        if self.source is not Source.SERVER and self._own is not None:
            painting = self._own.newest()
            self._own_is_warm |= painting is not None
            if painting is not None and (self._remote.is_ready or self._now_ns - self._left_ns < HAND_OVER_NS):
                # the server's pictures are older, and the first of its own after a pause are slow
                painting = replace(painting, extra_age_ns=self._remote.extra_age_ns)
        elif self._own is not None and not self._own_is_warm:
            self._own_is_warm = self._own.newest() is not None
        if self.source is Source.NOBODY or painting is None or painting.index <= self._given:
            return None
        self._given = painting.index
        self._has_painted = True
        self.name = self._remote.name
        if self.source is Source.OWN and self._own is not None:
            self.name = f"{self._own.name} (for the {self._remote.name})"
        return painting

    def close(self) -> None:
        for engine in self._engines():
            engine.close()

    def _engines(self) -> list[Engine]:
        return [self._remote, *([self._own] if self._own is not None else [])]

    def _poll_own(self, now_ns: int) -> EngineNews:
        if self._own is None:
            return EngineNews()
        try:
            return self._own.poll(now_ns)
        except EngineError:
            self._own.close()
            self._own = None
            if self.source is Source.OWN:
                self.source = Source.NOBODY
            return EngineNews(notes=[OWN_FAILED])

    def _may_begin(self, now_ns: int) -> bool:
        """Nobody paints yet, or any more: whether the own engine shall, rather than wait for the server."""
        waits = self._remote.link.state in (LinkState.CONNECTING, LinkState.LIVE) and not self._has_painted
        return not waits or (self._began_ns is not None and now_ns - self._began_ns > START_WAIT_NS)

    def _is_silent(self, limit_ns: int) -> bool:
        """While frames flow, no painting has come for so long."""
        if self._now_ns - self._submitted_ns > IDLE_NS:
            return False
        return self._now_ns - max(self._painted_ns, self._flow_ns) > limit_ns

    def _fall(self, now_ns: int, *, was_live: bool) -> None:
        self.source = Source.OWN if self._own is not None else Source.NOBODY
        self._in_time, self._left_ns = 0, now_ns
        if was_live:
            is_again = self._fell_ns is not None and now_ns - self._fell_ns < FORGET_NS
            self._trust = min(2 * self._trust, TRUST_LIMIT) if is_again else TRUST_PAINTINGS
            self._fell_ns = now_ns

    def _see(self, painting: SharedFrame) -> None:
        """One of the server's: it counts, and with enough of them in time the server is shown."""
        was_in_time = self._now_ns - self._painted_ns <= SILENT_NS
        self._in_time = self._in_time + 1 if was_in_time else 1
        self._painted_ns = self._now_ns
        if self.source is not Source.SERVER and (not self._has_painted or self._in_time >= self._trust):
            self._came_back = self._has_painted
            self.source = Source.SERVER

    def _why(self) -> str:
        link = self._remote.link
        match link.state:
            case LinkState.LIVE:
                return "The server answers again" if self._in_time else "The server is late"
            case LinkState.QUEUED:
                return link.text
            case LinkState.REFUSED:
                return "The server does not let us in any more"
            case _:
                return "The server does not answer"

    def _standing(self) -> str:
        if self.source is Source.SERVER:
            return ""
        if self.source is Source.OWN:
            return f"{self._why()}: painted on this machine"
        return f"{self._why()}: this is the game itself"
