"""The ray-marcher's Triton kernel without a GPU: what it computes, interpreted; what it needs, compiled for Hopper.

Both in processes of their own (`interpreted.py`, `ahead_of_time.py`), since triton is one or the other from its import.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
import torch

from engine.worlds.gbuffer import GBuffer
from engine.worlds.raymarch import raymarch
from engine.worlds.scene import CZ, INSTANCE, KIND
from engine.worlds.trace import RIDGE_INSTANCE, WATER_INSTANCE, trace
from tests.kernels import processes
from tests.kernels.processes import assert_it_fits, compiled_for_hopper
from tests.kernels.raymarch_cases import launches
from tests.worlds.agreement import FIELDS, assert_the_same_is_seen

CASES = [(name, i) for name, launch in launches().items() for i in range(len(launch.frames))]

pytestmark = pytest.mark.skipif(find_spec("triton") is None, reason="triton is not installed (Linux only)")
each_case = pytest.mark.parametrize(("name", "i"), CASES)


@pytest.fixture(scope="module")
def interpreted() -> dict[tuple[str, int], GBuffer]:
    arrays = processes.interpreted("raymarch")
    return {(name, i): GBuffer(**{field: arrays[f"{name} {i} {field}"] for field in FIELDS}) for name, i in CASES}


def test_the_first_case_shows_ground_water_ridges_and_every_kind_of_solid() -> None:
    launch = launches()["batch"]
    frame = launch.frames[0]
    seen = set(np.unique(trace(frame.scene, frame.camera, launch.size, time_s=frame.time_s).instance))
    ahead = frame.scene.solids[frame.scene.solids[:, CZ] > 0]
    assert set(ahead[:, KIND]) == set(range(7))
    assert {int(number) for number in ahead[:, INSTANCE]} <= {number // 8 * 8 for number in seen}
    assert {WATER_INSTANCE, RIDGE_INSTANCE, RIDGE_INSTANCE + 1} <= seen
    assert seen & set(np.unique(frame.scene.ground_instance))


@each_case
def test_the_kernel_sees_what_the_ray_marcher_sees(
    interpreted: dict[tuple[str, int], GBuffer], name: str, i: int
) -> None:
    torch.set_num_threads(1)
    launch = launches()[name]
    frame = launch.frames[i]
    slow = raymarch(frame.scene, frame.camera, launch.size, time_s=frame.time_s, previous=frame.previous)
    assert_the_same_is_seen(interpreted[name, i], slow)


@each_case
def test_the_kernel_is_the_tracer_but_for_its_precision(
    interpreted: dict[tuple[str, int], GBuffer], name: str, i: int
) -> None:
    launch = launches()[name]
    frame = launch.frames[i]
    theirs = trace(frame.scene, frame.camera, launch.size, time_s=frame.time_s, previous=frame.previous)
    ours = interpreted[name, i]
    same = (ours.material == theirs.material) & (ours.instance == theirs.instance)
    assert same.mean() >= 0.997  # 3 pixels of 960
    assert len(np.unique(theirs.instance)) >= 4  # there is something to see
    for field, tolerance in {"depth": 1e-3, "position": 1e-3, "normal": 1e-3, "uv": 2e-3, "flow": 1e-3}.items():
        difference = np.abs(getattr(ours, field) - getattr(theirs, field))[same]
        assert np.quantile(difference, 0.99) < tolerance, field


def test_compiled_for_hopper_it_spills_nothing_and_fits(capsys: pytest.CaptureFixture[str]) -> None:
    (needs,) = compiled_for_hopper("raymarch")["raymarch"]
    with capsys.disabled():
        print(f"\nraymarch for {needs['target']}: {needs['registers']} registers, {needs['shared_bytes']} B shared")
    assert_it_fits(needs)
    assert needs["registers"] <= 80  # at 80, 25 warps lie on a multiprocessor; 67 with triton 3.6.0
    assert needs["double_instructions"] == 0  # a Python float that turned a block into doubles would cost a lot
    assert needs["barriers"] == 0  # a warp to a tile: its loops wait for nobody
