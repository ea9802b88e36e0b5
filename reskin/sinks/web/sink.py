"""The sink behind the pages: the loop's pictures go to whoever watches, and the links say where. One copy a picture."""

from __future__ import annotations

from reskin.errors import StreamError
from reskin.frame import Frame, Region
from reskin.remote import Remote
from reskin.settings import StreamSettings
from reskin.sinks.web.feed import Feed
from reskin.sinks.web.keys import Keys, kept_keys
from reskin.sinks.web.routes import Show
from reskin.sinks.web.server import WebServer
from reskin.status import Status
from reskin.theme_store import ThemeStore


class WebSink:
    """Serves from when it is made until `close`. An error of the server is raised at the next `show`."""

    name = "stream"

    def __init__(
        self, settings: StreamSettings, *, keys: Keys | None = None, status: Status | None = None,
        store: ThemeStore | None = None, remote: Remote | None = None,
    ) -> None:  # fmt: skip
        """The keys are those of this user when left out; without a store there is no gallery."""
        self.keys = keys or kept_keys()
        self.feed = Feed(quality=settings.quality)
        show = Show(feed=self.feed, status=status or Status(), store=store, remote=remote or Remote())
        self._server = WebServer(settings.port, self.keys, show)
        self._wanted_port = settings.port

    @property
    def port(self) -> int:
        return self._server.port

    def show(self, frame: Frame, region: Region) -> None:
        if self._server.error is not None:
            raise StreamError(f"serving OBS: {self._server.error}") from self._server.error
        self.feed.show(frame.bgra_u8)

    def close(self) -> None:
        self._server.close()

    def link(self, path: str = "/", *, acts: bool = False) -> str:
        secret = f"token={self.keys.act}" if acts else f"key={self.keys.watch}"
        return f"http://127.0.0.1:{self.port}{path}?{secret}"

    def told(self, size: tuple[int, int] | None) -> str:
        """For the player: the links, and what to click. `size` is (w, h) of the game's window."""
        w, h = size or (1280, 720)
        lines = [
            f"In OBS:   Sources, +, Browser. URL {self.link()}",
            f"          Width {w}, Height {h}; tick 'Refresh browser when scene becomes active'.",
            f"   or:    Sources, +, Media Source. Untick 'Local File', Input {self.link('/stream.mjpg')}",
            f"Control:  {self.link('/control', acts=True)}",
        ]
        if self._wanted_port not in (0, self.port):
            lines.insert(0, f"Port {self._wanted_port} is taken, so this is {self.port}: another link for OBS.")
        return "\n".join(lines)
