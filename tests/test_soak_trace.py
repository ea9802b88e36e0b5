"""A traced soak names what grew."""

from __future__ import annotations

import tracemalloc

from tools.soak_trace import Growth


def test_what_grew_between_the_looks_is_named_with_its_line() -> None:
    kept: list[bytearray] = []
    growth = Growth(0.05)
    try:
        growth.start()
        while growth.is_alive():
            kept.append(bytearray(5000))  # this line
            growth.join(0.02)
        told = growth.report()
    finally:
        tracemalloc.stop()
    assert "kept.append(bytearray(5000))  # this line" in told
    assert float(told.partition(": ")[2].split()[0]) > 100


def test_a_soak_that_ended_early_says_so() -> None:
    growth = Growth(1.0)
    tracemalloc.stop()
    assert "before the second look" in growth.report()
