"""How the server shall paint, as messages: what has changed between two looks and nothing more.

Knows nothing of how they are sent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from reskin.renderer import View
from reskin.serve.messages import VIEW_NAMES, DoPing, DoQuality, DoView
from reskin.themes import Theme

_UNSEEN = {"author", "description", "prompt"}  # by whoever paints; and a message is 4 KiB at most


@dataclass(frozen=True, slots=True)
class RemoteLook:
    theme: Theme
    view: View
    quality: int
    fade_frames: int


def changes(before: RemoteLook | None, look: RemoteLook) -> list[str]:
    """Messages from one look to the next; all of it where nothing was said before."""
    messages = []
    if before is None or (before.theme is not look.theme and _said(before.theme) != _said(look.theme)):
        messages.append(_theme_message(look.theme, look.fade_frames if before is not None else 0))
    if before is None or before.view is not look.view:
        messages.append(DoView(value=VIEW_NAMES[look.view]).model_dump_json())
    if before is None or before.quality != look.quality:
        messages.append(DoQuality(value=look.quality).model_dump_json())
    return messages


def ping(at_ms: float) -> str:
    return DoPing(at=at_ms).model_dump_json()


def _theme_message(theme: Theme, fade_frames: int) -> str:
    """The whole theme, as it may be one that the server has no file of."""
    return json.dumps(
        {"do": "theme_parameters", "theme": _said(theme), "fade_frames": fade_frames}, separators=(",", ":")
    )


def _said(theme: Theme) -> dict[str, Any]:
    """Themes that are equal may differ in what they say: what is not said is derived from what is."""
    return theme.model_dump(mode="json", exclude_unset=True, exclude=_UNSEEN)
