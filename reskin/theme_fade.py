"""Turns from one theme to the next over a number of frames: what is blended are the parameters, not two pictures.

Every frame between is a look of its own that the engine paints like any other, so edges, HUD and light stay those of
the game. Patterns, blocks, tones and what is kept cannot be halved: they switch at the middle. Lives where the frames
are painted and costs nothing between two themes (about 0.1 ms a frame within a fade). Knows nothing of time: it counts
frames.
"""

from __future__ import annotations

import numpy as np
from pydantic import PrivateAttr

from engine.style import Style
from reskin.theme_model import Finish, Theme

MIDDLE = 0.5
SWITCHED = ("pixel", "levels")  # of the finish: blocks that grow would crawl over the picture


class ThemeFade:
    """`turn_to` says where to, `next_theme` gives the theme of the next frame."""

    def __init__(self) -> None:
        self._shown: Theme | None = None  # of the frame before
        self._from: Theme | None = None
        self._to: Theme | None = None
        self._frame = self._frames = 0  # within the fade

    def turn_to(self, theme: Theme, frames: int) -> None:
        """Begin a fade whose last frame, the `frames`-th, is the theme itself; at 0 and 1 it is a cut.

        It begins at what was shown last, be that a blend. A theme that it already turns to changes nothing.
        """
        if theme is self._to or theme == self._to:
            return
        self._from, self._to = self._shown, theme
        self._frame, self._frames = 0, frames if self._shown is not None else 0

    def next_theme(self) -> Theme:
        assert self._to is not None, "next_theme before turn_to"
        self._frame += 1
        if self._from is None or self._frame >= self._frames:
            self._shown, self._from = self._to, None
        else:
            self._shown = blended(self._from, self._to, self._frame / self._frames)
        return self._shown


def blended(first: Theme, second: Theme, share: float) -> Theme:
    """The look `share` of the way from the first theme to the second, in [0, 1]; it has the second one's name."""
    if share <= 0 or share >= 1:
        return first if share <= 0 else second
    nearer = first if share < MIDDLE else second
    finish = {
        name: getattr(nearer.finish, name) if name in SWITCHED else _mix(value, getattr(second.finish, name), share)
        for name, value in first.finish
    }
    between = _Between.model_construct(
        name=second.name,
        strength=_mix(first.strength, second.strength, share),
        finish=Finish.model_construct(None, **finish),
        keep=nearer.keep,
    )
    between._blended = blended_style(first.style(), second.style(), share)
    return between


def blended_style(first: Style, second: Style, share: float) -> Style:
    """Colours in sRGB: nearly even to the eye, and never beyond what a screen can show. Sizes by their ratio."""

    def mix(name: str) -> np.ndarray:
        return _arrays(getattr(first, name), getattr(second, name), share)

    plain = ("dark", "middle", "light", "glow", "sun_color", "ambient", "fog_color", "strength")
    return Style(
        **{name: mix(name) for name in plain},
        pattern=(first if share < MIDDLE else second).pattern,
        scale=np.exp(_arrays(np.log(first.scale), np.log(second.scale), share)),
        sun_direction=_turned(first.sun_direction, second.sun_direction, share),
        fog_density=_mix(first.fog_density, second.fog_density, share),
        detail=_mix(first.detail, second.detail, share),
        relight=_mix(first.relight, second.relight, share),
    )


class _Between(Theme):
    """A theme that no file holds: its style is given and not worked out from its materials."""

    _blended: Style = PrivateAttr()

    def style(self) -> Style:
        return self._blended


def _mix(first: float, second: float, share: float) -> float:
    return first + (second - first) * share


def _arrays(first: np.ndarray, second: np.ndarray, share: float) -> np.ndarray:
    return first + (second - first) * np.float32(share)


def _turned(first: np.ndarray, second: np.ndarray, share: float) -> np.ndarray:
    """A unit vector between two; halfway round the sky there is no shortest way, and the nearer one is taken."""
    between = _arrays(first, second, share)
    length = float(np.linalg.norm(between))
    if length < 1e-3:
        return first if share < MIDDLE else second
    return between / np.float32(length)
