"""tools/faults.py: two of its faults on a real desktop, and what a look at the screen says."""

from __future__ import annotations

import pytest

from reskin.fault_states import STALLED
from reskin.frame import Region
from tests.loop.test_on_a_desktop import SLACK_S
from tools.faults import Outcome, measure
from tools.faults_app import STAND_IN
from tools.faults_causes import FAULTS, NO_ANSWER_MS
from tools.faults_screen import Look

GAME = Region(40, 40, 640, 360)
NOTE = Region(200, 350, 300, 30)


@pytest.mark.parametrize("name", ["engine dead", "capture stalled"])
def test_a_fault_gives_the_game_back_is_told_over_it_and_ends(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", "")  # the tool sets its own; this one is put back
    outcome = Outcome(fault=FAULTS[name])
    measure(outcome, STAND_IN)
    (untouched_ms,) = outcome.untouched_ms
    assert 0 < untouched_ms < 250 + SLACK_S * 1000
    assert outcome.back_s[0] < 30
    assert outcome.on_screen
    assert name != "capture stalled" or f"fault: {STALLED}" in outcome.words


@pytest.mark.parametrize(
    ("overlay", "same", "is_untouched", "has_skin"),
    [
        (None, 1.0, True, False),
        (GAME, 0.1, False, True),
        (GAME, 1.0, True, False),  # a skin that equals the game is no skin
        (NOTE, 1.0, True, False),
        (None, 0.1, False, False),  # something else lies over the game
        (None, None, True, False),
        (NOTE, None, True, False),
        (GAME, None, False, True),
        (Region(0, 0, 640, 360), None, False, False),
    ],
)
def test_the_game_is_untouched_by_its_pixels_and_where_they_are_unknown_by_the_overlays_window(
    overlay: Region | None, same: float | None, is_untouched: bool, has_skin: bool
) -> None:
    look = Look(at_ns=2, before_ns=1, overlay=overlay, game=GAME, same=same)
    assert (look.is_untouched, look.has_skin) == (is_untouched, has_skin)


def test_a_fault_passes_within_its_bound_and_only_if_the_skin_comes_back() -> None:
    fault = FAULTS["engine dead"]
    assert Outcome(fault=fault, untouched_ms=[249.0], back_s=[2.0]).passes
    assert not Outcome(fault=fault, untouched_ms=[100.0, 251.0], back_s=[2.0, 2.0]).passes
    assert not Outcome(fault=fault, untouched_ms=[100.0], back_s=[NO_ANSWER_MS]).passes
    assert Outcome(fault=FAULTS["display gone"], untouched_ms=[600.0]).passes
