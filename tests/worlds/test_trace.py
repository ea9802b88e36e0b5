"""G-buffers: normals, exact flow, and that a seed says everything."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest

from engine.config import MATERIALS
from engine.worlds import levels, samples
from engine.worlds.gbuffer import GBuffer
from engine.worlds.samples import SPLITS, clips, mirrored, trace_clip
from engine.worlds.scene import SWAY, VX, VZ
from engine.worlds.timeline import FRAME_S
from engine.worlds.trace import trace

SIZE = (72, 128)
BEHIND_EYE = 1e3  # a flow larger than this says that the point could not be seen before
KINDS = list(levels.BUILDERS)
FIELDS = ("material", "instance", "depth", "position", "normal", "uv", "flow")


@pytest.mark.parametrize("seed", range(8))
def test_normals_have_unit_length(seed: int) -> None:
    (buffer,) = trace_clip(seed, SIZE, 1)
    solid = buffer.depth < 500
    is_drawing = np.abs(np.linalg.norm(buffer.normal, axis=-1) - 1) > 1e-3
    assert not (is_drawing & solid).any()


@pytest.mark.parametrize("level", KINDS, ids=lambda level: level.__name__)
def test_flow_leads_to_the_same_point_of_the_world_in_the_frame_before(
    level: Callable[[np.random.Generator], levels.Shot],
) -> None:
    shot = level(np.random.default_rng(4))
    solids = shot.scene.solids.copy()
    solids[:, [VX, VX + 1, VZ, SWAY]] = 0  # what moves has another place in the world one frame before
    scene = replace(shot.scene, solids=solids)
    now, before = 1.0, 1.0 - FRAME_S
    cameras = shot.camera_at(now), shot.camera_at(before)
    frame = trace(scene, cameras[0], SIZE, time_s=now, previous=(cameras[1], before))
    earlier = trace(scene, cameras[1], SIZE, time_s=before)
    there, inside = _looked_up(frame, earlier)
    assert inside.mean() > 0.5
    near = inside & (frame.depth < 200)
    off = np.linalg.norm(there.position - frame.position, axis=-1) / frame.depth
    nearer = np.linalg.norm(np.subtract(cameras[0].eye, cameras[1].eye))  # what the camera itself has moved
    one_depth = np.abs(there.depth - frame.depth) < 0.1 * frame.depth + nearer
    same = near & (there.instance == frame.instance) & one_depth
    assert same.sum() > 0.75 * near.sum()  # the rest was hidden before
    same &= _within_one_surface(frame)  # at edges the look-up mixes two points of the world
    assert same.sum() > 0.15 * near.sum()
    pixel = 2 * np.tan(cameras[0].fov / 2) / SIZE[1]  # of the distance
    lean = 1 / np.maximum(0.05, -(frame.normal * _directions(frame, cameras[0].eye)).sum(-1))
    assert np.quantile((off / (pixel * lean))[same], 0.95) < 1.5


def test_flow_of_a_moving_thing_is_its_own() -> None:
    """Where a walker's pixels come from, the walker's instance is seen in the frame before."""
    shares = []
    for seed in range(12):
        earlier, frame = trace_clip(seed, SIZE, 2)
        walker = frame.material == MATERIALS.index("character")
        there, inside = _looked_up(frame, earlier)
        if (walker & inside).sum() > 60:
            shares.append((there.instance == frame.instance)[walker & inside].mean())
    assert len(shares) >= 3
    assert np.median(shares) > 0.8


def test_a_still_camera_and_a_still_world_have_no_flow() -> None:
    for level in KINDS:
        shot = level(np.random.default_rng(3))
        camera = shot.camera_at(1.0)
        frame = trace(shot.scene, camera, SIZE, time_s=1.0, previous=(camera, 1.0))
        assert np.abs(frame.flow).max() < 0.02


def test_a_seed_says_everything() -> None:
    for first, second in zip(trace_clip(11, SIZE, 2), trace_clip(11, SIZE, 2), strict=True):
        for name in FIELDS:
            np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    assert not np.array_equal(trace_clip(11, SIZE, 1)[0].depth, trace_clip(12, SIZE, 1)[0].depth)


def test_samples_are_the_same_for_the_same_arguments() -> None:
    one, other = (next(clips("validation", SIZE, worker=1, workers=2)) for _ in range(2))
    np.testing.assert_array_equal(one[0].rgb, other[0].rgb)
    np.testing.assert_array_equal(one[0].material, other[0].material)


def test_train_validation_and_test_seeds_never_meet() -> None:
    starts = sorted(SPLITS.values())
    assert len(set(starts)) == 3
    # A billion scenes would take a year of one core; no split gets that far.
    assert min(b - a for a, b in itertools.pairwise(starts)) > 10**9


def test_mirrored_twice_is_the_frame_itself_and_once_turns_directions() -> None:
    frame = trace_clip(5, SIZE, 2)[1]
    once = mirrored(frame)
    np.testing.assert_array_equal(once.material, frame.material[:, ::-1])
    np.testing.assert_array_equal(once.normal[..., 0], -frame.normal[:, ::-1, 0])
    np.testing.assert_array_equal(once.normal[..., 1:], frame.normal[:, ::-1, 1:])
    np.testing.assert_array_equal(once.flow[..., 0], -frame.flow[:, ::-1, 0])
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(mirrored(once), name), getattr(frame, name))


def test_every_material_appears_in_sixty_random_clips() -> None:
    counts = np.zeros(len(MATERIALS), np.int64)
    source = clips("train", (48, 80), pool=60, fresh=1.0)
    for _ in range(60):
        counts += np.bincount(next(source)[0].material.ravel(), minlength=len(MATERIALS))
    missing = [name for name, count in zip(MATERIALS, counts, strict=True) if count == 0]
    assert not missing


@pytest.mark.parametrize(("size", "kept"), [((144, 256), 200), ((576, 1024), 75)], ids=["nano", "base"])
def test_the_pool_of_clips_holds_fewer_of_larger_ones(
    size: tuple[int, int], kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Traced:
        pass

    alive: weakref.WeakSet[Traced] = weakref.WeakSet()

    def new_clip(*_: object) -> Traced:
        traced = Traced()
        alive.add(traced)
        return traced

    monkeypatch.setattr(samples, "trace_clip", new_clip)
    monkeypatch.setattr(samples, "dress_clip", lambda clip, rng: None)
    source = clips("train", size, fresh=1.0)
    for _ in itertools.islice(source, 200):
        pass
    assert len(alive) in (kept, kept + 1)  # the last is drawn and perhaps not kept


def _looked_up(frame: GBuffer, earlier: GBuffer) -> tuple[GBuffer, np.ndarray]:
    """`earlier` at the pixels that the flow of `frame` names, and where those lie in the picture."""
    h, w = frame.size
    rows, columns = np.mgrid[:h, :w].astype(np.float32)
    x, y = columns + frame.flow[..., 0], rows + frame.flow[..., 1]
    inside = (x >= 0) & (x <= w - 1) & (y >= 0) & (y <= h - 1) & (np.abs(frame.flow).max(-1) < BEHIND_EYE)
    ix, iy = np.clip(np.rint(x), 0, w - 1).astype(int), np.clip(np.rint(y), 0, h - 1).astype(int)
    found = {name: getattr(earlier, name)[iy, ix] for name in FIELDS}
    found["position"] = cv2.remap(earlier.position, x, y, cv2.INTER_LINEAR)
    return GBuffer(**found), inside


def _within_one_surface(frame: GBuffer) -> np.ndarray:
    """(h, w) bool: the eight neighbours show the same thing at about the same distance."""
    kernel = np.ones((3, 3), np.uint8)
    number = frame.instance.astype(np.float32)
    one = cv2.dilate(number, kernel) == cv2.erode(number, kernel)
    return one & (cv2.dilate(frame.depth, kernel) < 1.15 * cv2.erode(frame.depth, kernel))


def _directions(frame: GBuffer, eye: tuple[float, float, float]) -> np.ndarray:
    """(h, w, 3) unit, from the eye to each pixel's point; of the sky, something."""
    away = frame.position - np.array(eye, np.float32)
    return away / np.linalg.norm(away, axis=-1, keepdims=True)
