"""The simulation against the formulas of Erlang where these hold, and against itself."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tools.capacity import simulate
from tools.capacity_limits import Machine, breaking
from tools.capacity_model import Cell, Plan, erlang_b, erlang_c

MACHINE = Machine(
    gpu_dollars=3.5, egress_dollars_gb=0.05, mbit_s=6, nic_gbit_s=100, gpus_a_node=8, cores=24, encode_ms=7
)
# Ten servers at seven Erlangs: 0.5 arrivals a second, sessions of 14 s.
QUEUE = Plan(players=7, slots=5, fixed_gpus=2, session_s=14, session_spread=0, daily=(1.0,), hours=12, warm_up_s=600,
             patience_s=math.inf)  # fmt: skip


@pytest.mark.parametrize(
    ("servers", "load", "blocked", "waits"),
    [(1, 0.5, 1 / 3, 0.5), (10, 5, 0.018385, 0.036105), (10, 7, 0.078741, 0.221733)],
)
def test_the_formulas_give_the_figures_of_the_tables(servers: int, load: float, blocked: float, waits: float) -> None:
    assert erlang_b(servers, load) == pytest.approx(blocked, rel=1e-4)
    assert erlang_c(servers, load) == pytest.approx(waits, rel=1e-4)


def test_who_waits_and_for_how_long_is_as_erlang_c_says() -> None:
    waits_s = np.array(Cell(replace(QUEUE, hours=24), seed=4).run().waits_s)
    expected = erlang_c(10, 7)
    assert len(waits_s) > 40_000
    assert (waits_s > 0).mean() == pytest.approx(expected, rel=0.05)
    assert waits_s.mean() == pytest.approx(expected / (10 / 14 - 0.5), rel=0.1)


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_who_is_turned_away_is_as_erlang_b_says_whatever_the_lengths_of_sessions(spread: float) -> None:
    day = Cell(replace(QUEUE, patience_s=0, session_spread=spread), seed=4).run()
    assert day.went_away / len(day.waits_s) == pytest.approx(erlang_b(10, 7), rel=0.1)


def test_a_seed_is_a_result() -> None:
    plan = Plan(players=60, slots=7, mtbf_s=4 * 3600, surge=3, hours=6, surge_hour=2)
    first, again, other = (Cell(plan, seed).run() for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert first.failures > 0


def test_players_and_slots_add_up_after_failures_scaling_and_a_surge() -> None:
    cell = Cell(
        Plan(players=80, slots=6, mtbf_s=5 * 3600, surge=4, surge_hour=3, lost_gpus=4, lost_hour=6, hours=10), seed=5
    )
    day = cell.run()
    held = [player for gpu in cell._gpus for player in gpu.players]
    assert day.failures > 10
    assert len(day.outages_s) > 10
    assert max(day.gpus) > min(day.gpus)
    assert (len(held), len(set(held))) == (cell._playing, cell._playing)
    assert cell._free == 6 * len(cell._gpus) - cell._playing >= 0
    assert max(len(gpu.players) for gpu in cell._gpus) <= 6
    assert all(player.gpu is gpu for gpu in cell._gpus for player in gpu.players)


def test_more_players_need_more_gpus_and_a_dearer_gpu_a_dearer_hour() -> None:
    plan = Plan(players=0, slots=8, hours=24)
    small, large = (simulate(players, plan, 2000, MACHINE, 1)[0] for players in (10, 400))
    dear = simulate(400, plan, 2000, replace(MACHINE, gpu_dollars=7.0), 1)[0]
    assert small.gpus_peak < large.gpus_peak
    assert large.playing_mean / (8 * large.gpus_mean) < 0.81, "a fifth of the slots is kept free"
    assert small.gpu_dollars > large.gpu_dollars, "few players share one GPU badly"
    assert dear.gpu_dollars == pytest.approx(2 * large.gpu_dollars)
    assert dear.network_dollars == large.network_dollars == pytest.approx(6 / 8 * 3.6 * 0.05)


def test_what_breaks_first_is_what_there_is_least_of() -> None:
    plan = Plan(players=0, slots=16)
    for machine, name in (
        (replace(MACHINE, nic_gbit_s=0.5), "network of a node"), (replace(MACHINE, cores=1), "encoding on the CPU"),
        (replace(MACHINE, gpus_a_node=64), "the loss of a whole node"),
    ):  # fmt: skip
        first, share, _ = breaking(1000, 76, 1, plan, machine)[0]
        assert (first, share > 1) == (name, True)
