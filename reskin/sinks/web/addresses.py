"""The links of one stream, and what the player is told of them. Knows nothing of the server."""

from __future__ import annotations

from dataclasses import dataclass

from reskin.web_parts.keys import Keys


@dataclass(frozen=True, kw_only=True)
class Addresses:
    keys: Keys
    port: int
    wanted_port: int  # 0: any

    def link(self, path: str = "/", *, acts: bool = False) -> str:
        secret = f"token={self.keys.act}" if acts else f"key={self.keys.watch}"
        return f"http://127.0.0.1:{self.port}{path}?{secret}"

    def told(self, size_px: tuple[int, int] | None) -> str:
        """For the player: the links, and what to click. `size_px` is (w, h) of the game's window."""
        w, h = size_px or (1280, 720)
        lines = [
            f"In OBS:   Sources, +, Browser. URL {self.link()}",
            f"          Width {w}, Height {h}; tick 'Refresh browser when scene becomes active'.",
            f"   or:    Sources, +, Media Source. Untick 'Local File', Input {self.link('/stream.mjpg')}",
            f"Control:  {self.link('/control', acts=True)}",
        ]
        if self.wanted_port not in (0, self.port):
            lines.insert(0, f"Port {self.wanted_port} is taken, so this is {self.port}: another link for OBS.")
        return "\n".join(lines)
