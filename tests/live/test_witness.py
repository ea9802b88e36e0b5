"""tools/real_game.py's look at the screen: what went wrong in its thread is told in the main one."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from reskin.status import Status

pytest.importorskip("xcffib", reason="xcffib is not installed (Linux only)")
real_game = pytest.importorskip("tools.real_game")


def test_a_game_that_cannot_be_captured_is_told_and_not_blamed_on_the_overlay() -> None:
    def open_capture() -> None:
        raise OSError("the display is gone")

    witness = real_game.Witness(SimpleNamespace(open_capture=open_capture), Status(), after_s=0.1)
    witness.start()
    witness.end()
    with pytest.raises(OSError, match="the display is gone"):
        witness.told()
