"""What a session has chosen, as JSON, so that another replica can go on where a dead one stopped. Never a frame.

Knows nothing of Ray or of the directory.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reskin.renderer import QUALITY_LEVELS
from reskin.serve.messages import VIEW_NAMES, VIEWS
from reskin.serve.session import FrameLook
from reskin.themes import Theme


def to_choices(look: FrameLook) -> dict[str, Any]:
    """The whole theme, for a prompted or a sent one has no file; strength is in it."""
    view = VIEW_NAMES[look.view]
    theme = look.theme.model_dump(mode="json", exclude_unset=True)
    return {"theme_id": look.theme_id, "theme": theme, "view": view, "quality": look.quality}


def to_look(choices: Mapping[str, Any]) -> FrameLook | None:
    """None where there is nothing, or nothing that can be read (a newer version's): the session begins as a new one."""
    try:
        theme = Theme.model_validate(choices["theme"])
        quality = int(choices["quality"])
        if not 0 <= quality < QUALITY_LEVELS:
            return None
        return FrameLook(theme=theme, theme_id=str(choices["theme_id"]), view=VIEWS[choices["view"]], quality=quality)
    except (KeyError, TypeError, ValueError):
        return None
