"""A server's engine as the loop sees engines: frames to a process that talks to it, paintings back.

How long a painting is on its way is watched, so that one that is as old as is usual here counts as fresh. Whether what
comes is good enough to be shown is `reskin.remote_engine.fallback`'s to say. Imports no network.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

from reskin.engine_link import EngineNews
from reskin.errors import EngineError
from reskin.frame import Frame
from reskin.remedies import install_command
from reskin.remote_engine.address import EngineAddress
from reskin.remote_engine.entry import remote_main
from reskin.remote_engine.pace import ServerPace
from reskin.remote_engine.states import LinkChanged, LinkState, ServerFigures, ServerNote
from reskin.renderer import View
from reskin.rolling import Rolling
from reskin.shared_frames import SharedFrame
from reskin.status import EngineState
from reskin.supervisor import Supervisor
from reskin.themes import Theme

LATENCY_FRAMES = 48  # two seconds
LONGEST_WAY_NS = 600_000_000  # a painting is never shown for being older than this
SPARE_NS = 150_000_000  # until somebody else has taken over from a server that went silent
NEEDED = ("aiortc", "av")


class RemoteEngine:
    """An `Engine`; EngineError where its packages are not installed."""

    def __init__(self, address: EngineAddress, *, carries_marker: bool = False) -> None:
        missing = [name for name in NEEDED if find_spec(name) is None]
        if missing:
            raise EngineError(
                f"using the engine at {address.name}: {' and '.join(missing)} is not installed. "
                f"Run: {install_command('serve')}"
            )
        self.name = f"server {address.name}"
        self.link = LinkChanged(LinkState.CONNECTING)
        self.figures: ServerFigures | None = None
        self._has_been_live = False
        self._way_ms = Rolling(LATENCY_FRAMES)
        self._pace = ServerPace()
        self._process = Supervisor("server", (address,), carries_marker=carries_marker, target=remote_main)

    @property
    def is_ready(self) -> bool:
        """Whether a server takes frames."""
        return self.link.state is LinkState.LIVE and self._process.is_ready

    @property
    def state(self) -> EngineState:
        if self.is_ready:
            return EngineState.REMOTE
        is_new = self.link.state is LinkState.CONNECTING and not self._has_been_live
        return EngineState.STARTING if is_new else EngineState.AWAY

    @property
    def extra_age_ns(self) -> int:
        """How much longer than another one a painting of it may be shown."""
        return min(LONGEST_WAY_NS, int(self._way_ms.percentile(50) * 1e6)) + SPARE_NS if len(self._way_ms) else 0

    def poll(self, now_ns: int) -> EngineNews:
        """EngineError when the server refused at the first meeting: then the link is wrong."""
        news = self._process.poll(now_ns)
        notes = list(news.notes)
        if news.died:
            self.link = LinkChanged(LinkState.LOST, "The process that talks to the server has ended")
        for told in self._process.told():
            match told:
                case LinkChanged():
                    self._changed(told)
                case ServerNote():
                    notes.append(told.text)
                case ServerFigures():
                    self.figures = told
                    self._pace.see(told)
        return EngineNews(notes=notes, died=news.died, errors=news.errors)

    def configure(self, *, theme: Theme, view: View, quality: int, fade_frames: int = 0) -> None:
        """The server's quality is its own: `quality` is what another engine keeps its ticks with."""
        self._process.configure(theme=theme, view=view, quality=self._pace.quality, fade_frames=fade_frames)

    def submit(self, frame: Frame) -> None:
        self._process.submit(frame)

    def newest(self) -> SharedFrame | None:
        painting = self._process.newest()
        if painting is None:
            return None
        self._way_ms.add((painting.finished_ns - painting.submitted_ns) / 1e6)
        return replace(painting, extra_age_ns=self.extra_age_ns)

    def close(self) -> None:
        self._process.close()

    def _changed(self, link: LinkChanged) -> None:
        if link.state is LinkState.REFUSED and not self._has_been_live:
            raise EngineError(link.text)
        if link.state is LinkState.LIVE:
            self._has_been_live = True
            self._way_ms.clear()
            self._pace = ServerPace()
        self.link = link
