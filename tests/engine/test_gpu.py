"""The frame around the networks in torch against the slow oracle, on the CPU: the same code runs on a GPU.

The oracle computes in doubles and keeps its memory in lists, this in float32 and in buffers: maps in [0, 1] differ by
some roundings of 6e-8, times 2.5 in keep; what a colour votes for the little that a sure HUD leaves, by 3e-5. A spread
is the root of a difference of two means: up to a thousand roundings where it is at its floor, so gain, its reciprocal,
is compared relatively, and what is painted with it by 5e-5.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from engine import offline
from engine.config import MATERIALS, PATCH
from engine.drift import DriftMeter as CpuDriftMeter
from engine.gpu import materials as gpu_materials
from engine.gpu.drift import DriftMeter
from engine.gpu.style import StyleTensors
from engine.gpu.underlay import Seen, Underlay
from engine.gpu.underpaint import Blurs, PaintMaps, lay_out, light_statistics, paint, surface_means
from engine.style import Style
from engine.underpaint import LUMA, halo
from tests.engine.tiny import SIZE, TINY, TinyEngine, frames_of, style_of

K = len(MATERIALS)
GLOWING = replace(style_of(2), glow=np.linspace(0, 1, K).astype(np.float32), fog_density=0.4)
CLEAR = replace(style_of(3), fog_density=0.0, glow=np.zeros(K, np.float32),
                strength=np.linspace(1, 0, K).astype(np.float32))  # fmt: skip


def planar(picture: np.ndarray) -> torch.Tensor:
    """(h, w, c) or (h, w) to (c, h, w) float32."""
    return torch.from_numpy(np.ascontiguousarray(np.atleast_3d(picture).transpose(2, 0, 1), np.float32))


def upright(picture: torch.Tensor) -> np.ndarray:
    """(c, h, w) to (h, w, c), or (h, w) for one channel."""
    array = picture.numpy().transpose(1, 2, 0)
    return array[..., 0] if array.shape[2] == 1 else array


def set_style(style: Style, *, keep_hud: bool = True) -> StyleTensors:
    tensors = StyleTensors()
    tensors.set(style, keep_hud=keep_hud)
    return tensors


def oracle(clip: list[np.ndarray], votes: list[np.ndarray],
           styles: list[Style]) -> Iterator[offline.OfflineFrame]:  # fmt: skip
    """`offline.paint_clip` without a Painter, every frame read, with a style for each."""
    still, settled, statistics, cast = np.ones(clip[0].shape[:2]), None, None, {}
    for i, rgb in enumerate(clip):
        before = clip[i - 1] if i else None
        if before is not None:
            still = offline.watch_stillness(rgb @ LUMA, before @ LUMA, still)
        seen, depth = offline.read(votes[i], np.exp)
        cast = offline.tally(rgb, seen, cast)
        settled = offline.settle(rgb, offline.outvote(rgb, seen, cast), before, settled)
        materials = offline.doubt_hud(settled, still)
        statistics = offline.blend_statistics(offline.light_statistics(rgb @ LUMA, materials), statistics)
        maps = offline.lay_out(materials, depth, statistics, styles[i], keep_hud=True, exp=np.exp)
        yield offline.OfflineFrame(maps=maps, materials=materials)


def assert_the_same(ours: Seen, theirs: offline.OfflineFrame, rgb: np.ndarray) -> None:
    np.testing.assert_allclose(upright(ours.materials), theirs.materials, atol=3e-5)
    for name, tensor in ours.maps._asdict().items():
        rtol, atol = (2e-4, 0.0) if name == "gain" else (0.0, 1e-5)
        np.testing.assert_allclose(upright(tensor), getattr(theirs.maps, name), rtol=rtol, atol=atol, err_msg=name)
    np.testing.assert_allclose(upright(paint(planar(rgb), ours.maps)), offline.paint(rgb, theirs.maps), atol=5e-5)


@pytest.fixture(scope="module")
def clip() -> list[np.ndarray]:
    """Two worlds, the second after a cut that nothing announces; and a few frames that stand still."""
    frames = frames_of(9, 10) + frames_of(4, 6)
    return [*frames, frames[-1], frames[-1]]


@pytest.fixture(scope="module")
def votes(tiny: TinyEngine, clip: list[np.ndarray]) -> list[np.ndarray]:
    return [tiny.networks().votes(rgb) for rgb in clip]


def test_a_clip_with_theme_changes_equals_the_oracle_frame_by_frame(
    clip: list[np.ndarray], votes: list[np.ndarray]
) -> None:
    styles = [(GLOWING, CLEAR, style_of(1))[i // 4 % 3] for i in range(len(clip))]
    underlay = Underlay(SIZE)
    for rgb, vote, style, expected in zip(clip, votes, styles, oracle(clip, votes, styles), strict=True):
        underlay.style.set(style)
        assert_the_same(underlay(planar(rgb), torch.from_numpy(vote)), expected, rgb)


def test_the_oracle_of_this_test_is_the_engines_own(
    tiny: TinyEngine, clip: list[np.ndarray], votes: list[np.ndarray]
) -> None:
    no_painter = replace(TINY, painter=False)
    doubted = clip[:12]  # after seven moving frames a HUD is
    frames = offline.paint_clip(doubted, GLOWING, tiny.networks(), no_painter)
    for ours, theirs in zip(oracle(doubted, votes, [GLOWING] * 12), frames, strict=True):
        for field in fields(ours.maps):
            assert np.array_equal(getattr(ours.maps, field.name), getattr(theirs.maps, field.name))


def test_a_clip_of_which_every_second_frame_is_read_equals_the_oracle(
    tiny: TinyEngine, clip: list[np.ndarray], votes: list[np.ndarray]
) -> None:
    underlay, without_painter = Underlay(SIZE), replace(TINY, painter=False)
    underlay.style.set(GLOWING)
    frames = offline.paint_clip(clip[6:13], GLOWING, tiny.networks(), without_painter, quality=2)
    for i, expected in enumerate(frames):
        rgb, vote = planar(clip[6 + i]), torch.from_numpy(votes[6 + i])
        assert_the_same(underlay(rgb, vote if i % 2 == 0 else None), expected, clip[6 + i])
        assert np.array_equal(underlay.likeliest().numpy(), expected.materials.argmax(axis=2))


def test_the_frame_never_waits_for_the_device_nor_lets_data_decide_a_shape() -> None:
    """Tensors without data, on a device of their own: to ask one for a number, or to mix devices, is an error."""
    underlay, meter = Underlay((352, 640)).to("meta"), DriftMeter().to("meta")
    rgb = torch.empty(3, 352, 640, device="meta")
    seen = underlay(rgb, torch.empty(4 * (K + 1), 176, 320, device="meta"))
    assert seen.maps.base.shape == rgb.shape
    assert meter.watch(paint(rgb, seen.maps), rgb).is_meta
    assert surface_means(seen.materials, seen.depth, seen.maps, underlay.style, PATCH).is_meta
    with pytest.raises(RuntimeError, match="meta"):
        bool(seen.maps.base.max() > 0)


def test_reset_forgets_the_stream_and_keeps_its_buffers(clip: list[np.ndarray], votes: list[np.ndarray]) -> None:
    used, fresh = Underlay(SIZE), Underlay(SIZE)
    for underlay in (used, fresh):
        underlay.style.set(GLOWING)
    addresses = {name: buffer.data_ptr() for name, buffer in used.named_buffers()}
    for i in range(12):
        used(planar(clip[i]), torch.from_numpy(votes[i]))
    used.style.set(CLEAR)
    used.style.set(GLOWING)
    used.reset()
    ours, theirs = (u(planar(clip[3]), torch.from_numpy(votes[3])) for u in (used, fresh))
    for a, b in zip((ours.materials, *ours.maps), (theirs.materials, *theirs.maps), strict=True):
        assert torch.equal(a, b)
    assert {name: buffer.data_ptr() for name, buffer in used.named_buffers()} == addresses


def test_a_hud_that_moves_with_the_world_is_doubted_as_the_oracle_doubts_it(rng: np.random.Generator) -> None:
    still, watched, past = np.ones(SIZE), torch.ones(1, *SIZE), torch.ones(())
    frames = frames_of(9, 10)
    for before, rgb in pairwise(frames):
        seen = rng.dirichlet(np.ones(K), SIZE).astype(np.float32)
        still = offline.watch_stillness(rgb @ LUMA, before @ LUMA, still)
        luminances = (planar(picture @ LUMA) for picture in (rgb, before))
        watched = gpu_materials.watch_stillness(*luminances, watched, past)
        doubted = gpu_materials.doubt_hud(planar(seen), watched)
        np.testing.assert_allclose(upright(doubted), offline.doubt_hud(seen, still), atol=1e-5)
    assert still.min() < 0.6, "the clip moves"


@pytest.mark.parametrize("size", [SIZE, (64, 96), (144, 256)])
def test_a_halo_is_the_cpus_blur(rng: np.random.Generator, size: tuple[int, int]) -> None:
    shining, color = rng.random(size, np.float32), rng.random((*size, 3), np.float32)
    ours = Blurs(size).halo(planar(shining[..., None] ** 2 * color))
    np.testing.assert_allclose(upright(ours), halo(shining, color), atol=2e-6)


def test_the_hud_is_painted_over_when_the_theme_says_so(clip: list[np.ndarray], votes: list[np.ndarray]) -> None:
    materials, depth = gpu_materials.lay_out_votes(torch.from_numpy(votes[0]))
    statistics = light_statistics(planar(clip[0] @ LUMA), materials)
    kept, painted = (
        lay_out(materials, depth, statistics, set_style(GLOWING, keep_hud=keep), Blurs(SIZE)) for keep in (True, False)
    )
    assert kept.keep.max() == 1
    assert painted.keep.max() == 0


def test_surface_means_are_the_oracles(clip: list[np.ndarray], votes: list[np.ndarray]) -> None:
    (expected,) = oracle(clip[:1], votes, [GLOWING])
    depth = offline.read(votes[0], np.exp)[1]
    maps = PaintMaps(*(planar(getattr(expected.maps, name)) for name in PaintMaps._fields))
    ours = surface_means(planar(expected.materials), planar(depth), maps, set_style(GLOWING), PATCH)
    theirs = offline.surface_means(expected.materials, depth, expected.maps, GLOWING)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize(("tint", "contrast"), [(0.0, 1.0), (0.3, 1.0), (0.0, 1.6)])
def test_the_drift_meter_says_what_the_cpus_says(rng: np.random.Generator, tint: float, contrast: float) -> None:
    ours, theirs, drifted = DriftMeter(), CpuDriftMeter(), 0
    for _ in range(30):
        under = rng.random((*SIZE, 3), np.float32)
        output = (2 * (0.5 + contrast * (under - 0.5) + tint * rng.random()) - 1).astype(np.float32)
        expected = theirs.watch(under, output)
        assert bool(ours.watch(planar(under), planar(output))) == expected
        drifted += expected
        if expected:
            theirs.restart()
        np.testing.assert_allclose(ours.color, theirs.color, atol=1e-5)
        np.testing.assert_allclose(float(ours.sharpness), theirs.sharpness, rtol=1e-4)
    assert int(ours.anchored) == drifted
    assert bool(drifted) == bool(tint or contrast != 1)
