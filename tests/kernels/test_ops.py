"""Every op of the table without a GPU: interpreted, against its reference; compiled, against the rules for a Hopper.

A further op is a further row of `kernels.ops`.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from kernels import reference
from kernels.ops import OPS, Op, Shape, Way, case_name
from tests.kernels import processes
from tests.kernels.agreement import error, in_fp32
from tests.kernels.frames import second_frame
from tests.kernels.processes import (
    assert_it_fits,
    assert_its_products_are_warpgroups,
    compiled_for_hopper,
)

needs_triton = pytest.mark.skipif(find_spec("triton") is None, reason="triton is not installed (Linux only)")
TRIED = [(op, *trial) for op in OPS for trial in op.trials()]
BUILT = [(op, *build) for op in OPS for build in op.builds()]


@pytest.fixture(scope="module")
def interpreted() -> dict[str, np.ndarray]:
    return processes.interpreted("ops")


@pytest.fixture(scope="module")
def compiled() -> dict[str, list[dict[str, Any]]]:
    return compiled_for_hopper("ops")


@needs_triton
def test_the_interpreter_multiplies_and_rounds_bfloat16_and_refuses_other_arithmetic_on_it(
    interpreted: dict[str, np.ndarray],
) -> None:
    np.testing.assert_allclose(interpreted["product"], interpreted["exact"], rtol=1.01 * 2**-8)  # half a unit of 8 bits
    assert "bfloat16" in str(interpreted["refused"])


@needs_triton
def test_products_too_small_for_a_warpgroup_are_found_out(compiled: dict[str, list[dict[str, Any]]]) -> None:
    assert_its_products_are_warpgroups(compiled["64 rows"][0])
    with pytest.raises(AssertionError):
        assert_its_products_are_warpgroups(compiled["32 rows"][0])


@needs_triton
@pytest.mark.parametrize(("op", "shape", "dtype", "way"), TRIED, ids=[case_name(*case) for case in TRIED])
def test_the_kernel_computes_what_its_reference_says(
    interpreted: dict[str, np.ndarray], op: Op, shape: Shape, dtype: torch.dtype, way: Way
) -> None:
    exact = op.run(op.reference(), in_fp32(op.example(shape, dtype)))
    plain = op.run(op.reference(), op.example(shape, dtype))
    for i, (ours, theirs) in enumerate(zip(exact, plain, strict=True)):
        kernel = torch.from_numpy(interpreted[f"{case_name(op, shape, dtype, way)} {i}"])
        assert kernel.shape == ours.shape
        assert error(kernel, ours) <= 2 * error(theirs, ours) + op.tolerance


@needs_triton
def test_a_whole_frame_is_the_same_with_kernels_as_with_references(interpreted: dict[str, np.ndarray]) -> None:
    screen = second_frame(reference).numpy().astype(int)
    assert np.abs(interpreted["frame"] - screen).max() <= 1
    assert screen[..., :3].std() > 20, "there is something to see"


@needs_triton
def test_slots_of_the_ring_that_a_frame_does_not_write_stay_as_they_are_to_the_bit(
    interpreted: dict[str, np.ndarray],
) -> None:
    op = next(op for op in OPS if op.name == "modulated_qkv")
    for shape, dtype, way in op.trials():
        arguments = op.example(shape, dtype)
        written = torch.zeros(shape["b"], shape["s"], dtype=torch.bool)
        written[torch.arange(shape["b"]), arguments[11]] = True
        for result, i in enumerate(op.writes, start=1):
            after, before = interpreted[f"{case_name(op, shape, dtype, way)} {result}"], arguments[i].float().numpy()
            assert np.array_equal(after[~written], before[~written])
            assert (after[written] != before[written]).mean() > 0.9


@needs_triton
@pytest.mark.parametrize(("op", "shape", "dtype", "way"), BUILT, ids=[case_name(*case) for case in BUILT])
def test_compiled_for_hopper_it_spills_nothing_and_its_products_run_on_warpgroups(
    compiled: dict[str, list[dict[str, Any]]], op: Op, shape: Shape, dtype: torch.dtype, way: Way,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    case = case_name(op, shape, dtype, way)
    kernels = compiled[case]
    assert kernels
    for needs in kernels:
        with capsys.disabled():
            print(f"\n{case}, {needs['kernel']}: {needs['registers']} registers, {needs['shared_bytes']} B shared")
        assert_it_fits(needs)
        assert needs["double_instructions"] == 0  # a Python float that turned a block into doubles would cost a lot
        if needs["warpgroup_products"] or needs["warp_products"]:
            assert_its_products_are_warpgroups(needs)
        assert needs["dependent_launches"] == (2 if way.get("pdl") else 0)  # it lets the next begin, and it waits
    assert op.mma == any(needs["warpgroup_products"] for needs in kernels)


def test_every_op_is_tried_on_shapes_that_no_tile_divides() -> None:
    for op in OPS:
        assert len(op.tried) >= 3, op.name
        assert any(size % 2 for shape in op.tried for size in shape.values()), op.name


def test_no_reference_waits_for_the_device_or_lets_data_decide_a_shape() -> None:
    """As a CUDA graph asks. Tensors without data, on a device of their own: a number asked of one is an error."""
    for op in OPS:
        arguments = tuple(a.to("meta") if isinstance(a, Tensor) else a for a in op.example(op.tried[0]))
        assert all(result.is_meta for result in op.run(op.reference(), arguments))


def test_an_example_is_the_same_for_the_same_seed() -> None:
    for op in OPS:
        for ours, theirs in zip(op.example(op.tried[0]), op.example(op.tried[0]), strict=True):
            assert torch.equal(ours, theirs) if isinstance(ours, Tensor) else ours == theirs
