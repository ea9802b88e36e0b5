"""Worlds of blocks and isometric ones, and how they, painted surfaces and texels look."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from engine.config import GROUND, MATERIALS
from engine.worlds import levels
from engine.worlds.gbuffer import SKY_DEPTH, GBuffer, empty_gbuffer, is_of_blocks
from engine.worlds.levels_blocks import block_world
from engine.worlds.levels_isometric import SLANTS, isometric
from engine.worlds.looks import PAINTED_SHARE, TEXEL_SHARE, TEXEL_SHARE_OF_BLOCKS, WorldLook, random_look
from engine.worlds.scene import BLOCK_INSTANCE, BLOCK_M, BOX, CX, KIND, SX, SceneBuilder
from engine.worlds.shade import shade
from engine.worlds.shots import unblocked
from engine.worlds.terraces import Terraces, rectangles, stepped
from engine.worlds.trace import trace

SIZE = (72, 128)
SEEDS = 400


def plain_look(**changes: object) -> WorldLook:
    k = len(MATERIALS)
    look = replace(
        random_look(np.random.default_rng(1)), colors=np.full((k, 8, 3), 0.5), contrast=np.zeros(k), speckle=0.0,
        snow=0.0, sun_power=0.0, ambient=1.0, light_color=np.ones(3), fog=0.0, outline=0.0, grime=0.0, facet_m=0.0,
        dapple=0.0, texel_m=0.0, block_m=0.0, brush=0.0, stroke_m=1.0, crisp=True,
    )  # fmt: skip
    return replace(look, **changes)  # type: ignore[arg-type]


def wall(metres: float, instance: int = 64) -> GBuffer:
    """A wall of ground that faces the eye, so many metres wide."""
    empty = empty_gbuffer(SIZE)
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32) * (metres / SIZE[1])
    uv = np.stack([columns, -rows], axis=2)
    normal = np.zeros((*SIZE, 3), np.float32)
    normal[..., 2] = -1.0
    return replace(empty, material=np.full(SIZE, GROUND, np.uint8), instance=np.full(SIZE, instance, np.int32),
                   depth=np.full(SIZE, 5.0, np.float32), uv=uv, normal=normal,
                   position=np.dstack([uv, np.full(SIZE, 5.0, np.float32)]))  # fmt: skip


def test_every_kind_of_level_appears_over_400_seeds_with_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def named(name: str):  # type: ignore[no-untyped-def]
        return lambda rng: asked.append(name) or name

    shares = {build.__name__: share for build, share in levels.BUILDERS.items()}
    assert shares["block_world"] == shares["isometric"] == 0.06
    monkeypatch.setattr(levels, "BUILDERS", {named(name): share for name, share in shares.items()})
    monkeypatch.setattr(levels, "unblocked", lambda shot: shot)
    for seed in range(SEEDS):
        levels.random_level(np.random.default_rng(seed))
    for name, share in shares.items():
        assert asked.count(name) > 0, name
        assert abs(asked.count(name) / SEEDS - share) < 3.5 * math.sqrt(share * (1 - share) / SEEDS), name


def test_rectangles_cover_every_cell_once_at_its_height() -> None:
    heights = stepped(np.random.default_rng(0), (28, 26), hills=3, levels=5)
    assert set(np.unique(heights)) <= set(range(5))
    covered = np.zeros(heights.shape, int)
    for row, column, rows, columns, height in rectangles(heights):
        covered[row : row + rows, column : column + columns] += 1
        assert (heights[row : row + rows, column : column + columns] == height).all()
    assert (covered == 1).all()
    assert len(rectangles(heights)) < heights.size / 4


def test_terraces_are_as_high_as_they_say() -> None:
    heights = np.array([[0, 2], [1, 3]])
    land = Terraces(heights=heights, x=-2.0, z=4.0, cell_m=2.0, step_m=0.5)
    assert [land.top(x, z) for x, z in ((-1, 5), (1, 5), (-1, 7), (1, 7))] == [0.0, 1.0, 0.5, 1.5]
    assert land.middle(1, 0) == (-1.0, 0.5, 7.0)
    build = SceneBuilder(np.random.default_rng(0))
    land.build(build, GROUND, 1, GROUND, 2, foot_m=-1.0, crust_m=0.2)
    solids = build.solids()
    tops = {tuple(row[CX : CX + 3 : 2]): row[CX + 1] + row[SX + 1] for row in solids}
    assert tops == {(-1.0, 5.0): 0.0, (1.0, 5.0): 1.0, (-1.0, 7.0): 0.5, (1.0, 7.0): 1.5}


def test_a_world_of_blocks_is_of_boxes_on_a_grid_and_says_so() -> None:
    for seed in range(10):
        shot = unblocked(block_world(np.random.default_rng(seed)))
        assert (shot.scene.solids[:, KIND] == BOX).all()
        assert len(shot.scene.solids) < 500
        assert is_of_blocks(trace(shot.scene, shot.camera_at(1.0), SIZE, time_s=1.0)), seed
    others = [levels.side_scroller, levels.open_world, levels.hall]
    for build in others:
        shot = build(np.random.default_rng(0))
        assert not is_of_blocks(trace(shot.scene, shot.camera_at(1.0), SIZE, time_s=1.0))


def test_an_isometric_camera_looks_along_the_diagonal_and_near_things_are_hardly_larger() -> None:
    floating = 0
    for seed in range(12):
        shot = isometric(np.random.default_rng(seed))
        camera = shot.camera_at(1.0)
        assert not shot.free
        assert camera.yaw == math.pi / 4
        assert min(abs(-camera.pitch - slant) for slant in SLANTS) < 1e-9
        frame = trace(shot.scene, camera, SIZE, time_s=1.0)
        near, far = np.quantile(frame.depth[frame.depth < SKY_DEPTH], [0.05, 0.95])
        assert far / near < 1.5, seed
        assert len(np.unique(frame.material)) >= 3, seed
        floating += shot.scene.heights.max() < -100
    assert floating > 0


def test_looks_are_painted_or_of_texels_as_often_as_said_and_blocks_mostly_so() -> None:
    looks = [random_look(np.random.default_rng(seed)) for seed in range(SEEDS)]
    for share, happens in ((PAINTED_SHARE, [one.brush > 0 for one in looks]),
                           (TEXEL_SHARE, [one.texel_m > 0 for one in looks])):  # fmt: skip
        assert abs(np.mean(happens) - share) < 0.055
    assert not any(one.block_m for one in looks)
    of_blocks = [random_look(np.random.default_rng(seed), blocks=True) for seed in range(100)]
    assert abs(np.mean([one.texel_m > 0 for one in of_blocks]) - TEXEL_SHARE_OF_BLOCKS) < 0.13
    assert np.mean([one.block_m == BLOCK_M for one in of_blocks]) > 0.7
    assert all(one.speckle == one.grime == one.facet_m == 0 for one in looks if one.brush)


def test_a_texel_is_of_one_colour_and_differs_from_its_neighbour() -> None:
    rgb = shade(wall(8.0), plain_look(texel_m=0.5, contrast=np.full(len(MATERIALS), 0.5),
                                      pattern=np.full(len(MATERIALS), 1)))[..., 0]  # fmt: skip
    inside = rgb[1:7, 1:7]
    assert np.ptp(inside) == 0
    texels = rgb[4::8, 4::8]
    assert len(np.unique(texels)) > 0.9 * texels.size


def test_strokes_of_a_brush_are_few_tones_and_longer_than_wide() -> None:
    rgb = shade(wall(4.0), plain_look(brush=1.0))[..., 0]
    assert 2 <= len(np.unique(rgb.round(3))) <= 4
    assert rgb.std() > 0.02
    flat = np.abs(np.diff(rgb, axis=1)) < 1e-4
    assert flat.mean() > 0.8, "within a stroke nothing changes"


def test_blocks_differ_and_have_seams_and_other_things_do_not() -> None:
    blocks = shade(wall(4.8, BLOCK_INSTANCE), plain_look(block_m=BLOCK_M))[..., 0]
    side = SIZE[1] // 4
    faces = {float(blocks[y + side // 2, x + side // 2]) for y in (0, side) for x in range(0, SIZE[1], side)}
    assert len(faces) == 8
    assert blocks[:, 0].mean() < 0.9 * blocks[:, side // 2].mean(), "a seam"
    assert np.ptp(shade(wall(4.8), plain_look(block_m=BLOCK_M))) == 0
