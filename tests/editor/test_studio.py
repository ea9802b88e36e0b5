"""The live picture beside the controls, without a window: which text is painted, and what is told of the others."""

from __future__ import annotations

import threading
from pathlib import Path

import cv2
import numpy as np

from reskin.editor.studio import Shot, Studio
from reskin.renderer import TintRenderer
from tests.platforms.looking import eventually

TEXT = 'name = "Mine"\n'
LIMIT_S = 10.0


def test_a_text_that_is_no_theme_while_the_engine_loads_is_told_and_the_preview_lives_on(tmp_path: Path) -> None:
    picture = tmp_path / "game.png"
    cv2.imwrite(str(picture), np.full((90, 160, 3), 100, np.uint8))
    is_loaded = threading.Event()

    def load() -> TintRenderer:
        assert is_loaded.wait(LIMIT_S)
        return TintRenderer()

    shots: list[Shot] = []

    def newest_error() -> str | None:
        shots.extend(filter(None, [studio.take()]))
        return shots[-1].error if shots else None

    studio = Studio(TEXT, load, picture)
    try:
        studio.put('name = ""\n')
        is_loaded.set()
        eventually(lambda: "name: got the text" in (newest_error() or ""), LIMIT_S)
        assert shots[-1].theme.name == "Mine"
        studio.put('name = "Yours"\n')
        eventually(lambda: newest_error() == "", LIMIT_S)
        assert shots[-1].theme.name == "Yours"
    finally:
        is_loaded.set()
        studio.close()
