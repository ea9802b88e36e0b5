"""The editor's controls: what a slider may give a key is what the key may be."""

from __future__ import annotations

import numpy as np
import pytest

from reskin.editor.fields import FINISH, Control
from reskin.theme_model import Finish


@pytest.mark.parametrize("control", FINISH, ids=lambda control: control.location[-1])
def test_wherever_a_slider_of_the_finish_stands_it_gives_what_the_finish_takes(control: Control) -> None:
    for value in np.linspace(control.low, control.high, 101):
        given = control.nearest(float(control.shown(float(value))))
        Finish.model_validate({control.location[-1]: given})
        assert abs(given - value) <= (2 if control.kind == "count" else 0.006)


def test_tones_are_whole_and_never_one_and_blocks_are_told_finely() -> None:
    controls = {control.location[-1]: control for control in FINISH}
    assert [controls["levels"].nearest(value) for value in (0.4, 1.2, 1.6, 5.5, 99.0)] == [0, 0, 2, 6, 32]
    assert (controls["levels"].shown(6.0), controls["pixel"].shown(0.008), controls["grain"].shown(0.5)) == (
        "6", "0.008", "0.50",
    )  # fmt: skip
