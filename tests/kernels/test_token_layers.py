"""The token ops together: under a Painter for some frames, over a ring with holes, as one launch for all layers."""

from __future__ import annotations

from importlib.util import find_spec
from types import SimpleNamespace

import pytest
import torch

from kernels import reference
from kernels.tiles import (
    LAYERS_SHARED_BYTES,
    MODULATED,
    MULTIPROCESSORS,
    PLAIN,
    best_splits,
    best_tiles,
    programs_at_once,
)
from tests.kernels import processes, token_cases
from tests.kernels.agreement import error, in_fp32
from tests.kernels.processes import assert_it_fits, assert_its_products_are_warpgroups, compiled_for_hopper

needs_triton = pytest.mark.skipif(find_spec("triton") is None, reason="triton is not installed (Linux only)")


@pytest.fixture(scope="module")
def interpreted() -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(array) for name, array in processes.interpreted("tokens").items()}


@needs_triton
@pytest.mark.parametrize("way", ["op by op", "in one launch"])
def test_a_painter_with_the_token_kernels_paints_what_it_paints_with_the_reference(
    interpreted: dict[str, torch.Tensor], way: str
) -> None:
    outputs, ring = token_cases.painted_op_by_op(reference)
    assert not torch.allclose(outputs[0], outputs[2], atol=0.1)  # there is something to see
    for name, ours in {"outputs": outputs, "keys": ring.keys, "values": ring.values}.items():
        torch.testing.assert_close(interpreted[f"{way} {name}"], torch.stack(list(ours)), atol=2e-5, rtol=1e-4)


def test_a_painter_of_stacked_layers_is_the_painter_to_the_bit() -> None:
    one_by_one, at_once = (
        token_cases.painted_op_by_op(reference),
        token_cases.painted_in_one_launch(reference.token_layers),
    )
    for ours, theirs in zip(one_by_one[0], at_once[0], strict=True):
        assert torch.equal(ours, theirs)
    assert torch.equal(torch.stack(one_by_one[1].keys), torch.stack(at_once[1].keys))


@needs_triton
def test_what_lies_in_unwritten_slots_changes_nothing_and_no_part_of_the_keys_counts_twice(
    interpreted: dict[str, torch.Tensor],
) -> None:
    first, second = interpreted["attended"]
    assert torch.equal(first, second)
    exact, _ = token_cases.attended(lambda *tensors: reference.ring_attention(*in_fp32(tensors)))
    plain, _ = token_cases.attended(reference.ring_attention)
    assert error(first, exact) <= 2 * error(plain, exact) + 1e-5


@needs_triton
@pytest.mark.parametrize("dtype", token_cases.LAYER_DTYPES, ids=str)
@pytest.mark.parametrize("way", token_cases.LAUNCHES)
def test_one_launch_for_all_layers_is_the_layers_one_after_another(
    interpreted: dict[str, torch.Tensor], way: str, dtype: torch.dtype
) -> None:
    exact = token_cases.through(reference.token_layers, in_fp32(token_cases.stacked(**token_cases.STACK, dtype=dtype)))
    plain = token_cases.through(reference.token_layers, token_cases.stacked(**token_cases.STACK, dtype=dtype))
    for i, (ours, theirs) in enumerate(zip(exact, plain, strict=True)):
        assert error(interpreted[f"{way} {dtype} {i}"], ours) <= 2 * error(theirs, ours) + 1e-5


@needs_triton
def test_compiled_for_hopper_one_launch_of_all_layers_of_small_spills_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (needs,) = compiled_for_hopper("tokens")["layers"]
    with capsys.disabled():
        print(
            f"\ntoken_layers: {needs['registers']} registers, {needs['shared_bytes']} B shared, {needs['serialized']}"
        )
    assert_it_fits(needs)
    assert_its_products_are_warpgroups(needs)
    assert 2 * 32 * needs["warps"] * needs["registers"] <= 65536  # two programs lie on a multiprocessor
    assert 2 * (needs["shared_bytes"] + 1024) <= 228 * 1024
    assert needs["shared_bytes"] <= LAYERS_SHARED_BYTES


@pytest.mark.parametrize(("candidates", "columns", "expected"), [
    (MODULATED, 2304, "128x128"), (MODULATED, 3072, "128x128"), (PLAIN, 768, "64x64"), (MODULATED, 192, "64x64"),
])  # fmt: skip
def test_tiles_fill_four_of_five_multiprocessors_in_one_round(candidates, columns: int, expected: str) -> None:  # type: ignore[no-untyped-def]
    tiles = best_tiles(candidates, 1, 576, columns)
    assert str(tiles) == expected
    assert tiles.programs(1, 576, columns) <= MULTIPROCESSORS


@pytest.mark.parametrize(("multiprocessors", "shared_kib", "most", "expected"), [
    (132, 228, 2, 264), (114, 228, 2, 228), (108, 164, 2, 216), (128, 100, 2, 128), (132, 228, 1, 132),
], ids=["H100", "H100 PCIe", "A100", "RTX 4090", "float32"])  # fmt: skip
def test_no_more_programs_are_launched_than_lie_on_the_gpu_at_once(
    monkeypatch: pytest.MonkeyPatch, multiprocessors: int, shared_kib: int, most: int, expected: int
) -> None:
    found = SimpleNamespace(multi_processor_count=multiprocessors, shared_memory_per_multiprocessor=1024 * shared_kib)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: found)
    on_gpu = SimpleNamespace(is_cuda=True, device="cuda")
    assert programs_at_once(on_gpu, most, LAYERS_SHARED_BYTES) == expected  # type: ignore[arg-type]
    assert programs_at_once(torch.empty(0), most, LAYERS_SHARED_BYTES) == most * MULTIPROCESSORS


def test_columns_that_no_tile_divides_are_an_error_and_not_left_unwritten() -> None:
    with pytest.raises(AssertionError, match="64 leave some of 96 columns"):
        best_tiles(PLAIN, 1, 60, 96)


@pytest.mark.parametrize(("programs", "expected"), [(3 * MULTIPROCESSORS, 3), (2 * MULTIPROCESSORS, 2)])
def test_the_keys_are_split_so_that_one_round_of_programs_takes_them_all(programs: int, expected: int) -> None:
    heads, row_blocks, key_blocks = 12, 9, 45
    assert best_splits(heads * row_blocks, key_blocks, programs) == expected
    assert heads * row_blocks * expected <= programs
    for tiles in range(1, 40):  # and no part is ever without a block
        for blocks in range(1, 40):
            splits = best_splits(tiles, blocks, programs)
            assert (splits - 1) * -(-blocks // splits) < blocks
