"""What excuses a missed tick in a soak, and what does not: scripted samples, one a second."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tools.soak_host import Taken
from tools.soak_misses import CHAOS, FAULT, QUALITY, QUALITY_S, STOOD_STILL, UNEXPLAINED, Misses

NOBODY = Taken(steal_ms=0, halt_ms=0, other_ms=0)


@dataclass
class Script:
    misses: Misses = field(default_factory=Misses)
    second: float = 0.0
    missed: int = 0
    deaths: int = 0
    quality: int = 0
    stood_still: int = 0

    def then(self, missed: int = 0, *, died: int = 0, quality: int | None = None, is_active: bool = True,
             stood_still: int = 0, after_chaos: bool = False, taken: Taken = NOBODY) -> str | None:  # fmt: skip
        self.second += 1
        self.missed += missed
        self.deaths += died
        self.stood_still += stood_still
        self.quality = self.quality if quality is None else quality
        return self.misses.explain(
            self.second, missed=self.missed, stood_still=self.stood_still, deaths=self.deaths,
            quality=self.quality, is_active=is_active, after_chaos=after_chaos, taken=taken,
        )  # fmt: skip


def test_what_is_missed_in_calm_is_not_excused_and_each_miss_counts_once() -> None:
    script = Script()
    assert script.then() is None
    assert script.then(3) == UNEXPLAINED
    assert script.then() is None
    assert script.misses.unexcused == 3


def test_chaos_excuses_its_own_time_alone() -> None:
    script = Script()
    assert script.then(5, after_chaos=True) == CHAOS
    assert script.then(1) == UNEXPLAINED
    assert script.misses.by == {CHAOS: 5, UNEXPLAINED: 1}


def test_an_engine_that_dies_by_itself_is_no_excuse() -> None:
    script = Script()
    assert script.then(4, died=1) == FAULT
    assert script.then(9, is_active=False) == FAULT
    assert script.misses.unexcused == 13
    assert script.misses.deaths_unasked == 1


def test_an_engine_that_chaos_killed_is_not_counted_as_a_death() -> None:
    script = Script()
    script.then(9, died=1, is_active=False, after_chaos=True)
    assert script.misses.deaths_unasked == 0
    assert script.misses.unexcused == 0


def test_a_program_that_stood_still_is_told_of_though_its_ticks_do_not_count() -> None:
    script = Script()
    assert script.then(stood_still=60, after_chaos=True) is None
    assert script.then(stood_still=50) == STOOD_STILL
    assert script.misses.unexcused == 50


def test_misses_that_lowered_the_quality_are_not_excused_by_it() -> None:
    script = Script()
    assert script.then(6, quality=1) == UNEXPLAINED
    assert script.then(1) == QUALITY, "but those that come after"


def test_misses_beside_a_rise_of_quality_are_excused_for_a_while() -> None:
    script = Script(quality=2)
    for _ in range(5):
        script.then(quality=2)
    assert script.then(1, quality=1) == QUALITY
    for _ in range(int(QUALITY_S)):
        script.then()
    assert script.then(1) == UNEXPLAINED


@pytest.mark.parametrize(("taken", "who"), [
    (Taken(steal_ms=30, halt_ms=0, other_ms=5), "the host"),
    (Taken(steal_ms=0, halt_ms=3, other_ms=40), "other processes"),
])  # fmt: skip
def test_who_took_the_cpu_is_told(taken: Taken, who: str) -> None:
    script = Script()
    assert script.then(2, taken=taken) == who
    assert script.misses.unexcused == 0
    assert script.misses.told() == f"2 by {who}"
