"""How the way to a server is, in one word and a sentence: what its process tells the app. Knows nothing of networks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class LinkState(Enum):
    CONNECTING = "connecting"
    LIVE = "live"  # frames go out
    QUEUED = "queued"  # the server is full; it is asked again
    LOST = "lost"  # nobody answers; it is tried again
    REFUSED = "refused"  # trying again is no help, and is done seldom


@dataclass(frozen=True, slots=True)
class LinkChanged:
    state: LinkState
    text: str = ""  # why, in words


@dataclass(frozen=True, slots=True)
class ServerNote:
    text: str  # for the player


@dataclass(frozen=True, slots=True)
class ServerFigures:
    """Of the last second, as the server says them."""

    fps: float
    engine_ms_p50: float
    engine_ms_p95: float
    queue: int
    round_trip_ms: float  # of a message, as measured here


Told = LinkChanged | ServerNote | ServerFigures
