"""What the player is told about flashes, and when: once ever, or at each start while the limiter is off.

Knows nothing of how flashes are limited. The sentence was shown when a small file says so; where that cannot be
written it is shown again, which harms nobody.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Literal

from reskin.places import place

FlashProfile = Literal["broadcast", "strict", "off"]

LIMITED = (
    "Flashing is limited to three flashes a second over a quarter of the screen. This reduces a risk; it is no "
    "certificate. If flashing light can harm you, ask a doctor before you play."
)
OFF = (
    "The flash limiter is off, because your settings say so: what you see may flash without bounds. "
    '[safety] flash_limiter = "broadcast" turns it on again.'
)


def opening_sentence(profile: FlashProfile) -> str | None:
    """What is to be said at this start; what is said once comes until it `was_shown`."""
    if profile == "off":
        return OFF
    return None if _marker().exists() else LIMITED


def was_shown(sentence: str | None) -> None:
    """The player has seen it: what is said once is not said again."""
    if sentence != LIMITED:
        return
    marker = _marker()
    with contextlib.suppress(OSError):
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.write_text("The sentence about flashes was shown.\n", encoding="utf-8")


def _marker() -> Path:
    return place("state", "flash-sentence-shown")
