"""Draws a stage from a camera into a frame: ground, objects that are in view, drawings. Holds the baked look-ups."""

from __future__ import annotations

import math

import numpy as np

from engine.worlds.scene import BILLBOARD, CX, CZ, KIND, RAGGED, SPRITE, SX, SY
from reskin.demo import raster, textures
from reskin.demo.hills import SUN, TEXEL_M, Level
from reskin.demo.mesh import build_meshes
from reskin.demo.stage import Actor

FOV = math.radians(68)
AMBIENT, SUN_POWER = 0.60, 0.62
FOG = np.uint32((textures.FOG[0] << 16) | (textures.FOG[1] << 8) | textures.FOG[2])
BOARDS_FAR_M = 45.0  # small drawings are not shown beyond


class Painter:
    """One level's look; `paint` costs about 8 ms at 1280x720 on one core."""

    def __init__(self, level: Level) -> None:
        rng = np.random.default_rng(3)
        stage = level.stage
        self.scene = stage.scene
        self.mips = textures.mip_levels(level.ground_rgb, level.water)
        self.detail, self.waves = textures.grass_detail(rng), textures.ripples(rng)
        self.tiles, self.panorama = textures.surface_tiles(rng), textures.panorama(rng)
        self.meshes = build_meshes(stage)
        self.pose = np.zeros((len(self.meshes.first), 4))
        self.object_of = {int(group): i for i, group in enumerate(self.meshes.group)}
        boards = stage.scene.solids[stage.scene.solids[:, KIND] == BILLBOARD]
        self.boards = np.ascontiguousarray(boards[:, [CX, CX + 1, CZ, SX, SY]])
        self.board_picture, self.board_mirrored = boards[:, SPRITE].astype(np.int64), boards[:, RAGGED] < 0
        self.pictures = stage.pictures
        self._inverse = np.zeros((1, 1), np.float32)

    def paint(self, frame: np.ndarray, eye: np.ndarray, yaw: float, time_s: float, actors: list[Actor]) -> None:
        """Fill (w, h) uint32 `frame`, column by column in memory."""
        w, h = frame.shape
        if self._inverse.shape != (w, h):
            self._inverse = np.zeros((w, h), np.float32)
        focal = max(w / 2 / math.tan(FOV / 2), h * 0.75)
        view = np.array([*eye, math.sin(yaw), math.cos(yaw), focal, h * 0.40, time_s, 1.0, self.scene.water_level])
        raster.draw_ground(frame, self._inverse, view, self.scene.heights, self.scene.cell_m, self.mips, TEXEL_M,
                           self.detail, self.waves, self.panorama, FOG)  # fmt: skip
        for actor in actors:
            self._place(actor, time_s)
        m = self.meshes
        order = self._in_view(view, w)
        is_shadow = m.group[order] < 0
        for part in (order[is_shadow], order[~is_shadow]):  # shadows first: they fall on the ground only
            raster.draw_objects(frame, self._inverse, view, part, m.first, m.count, self.pose, m.corners, m.normals,
                                m.colors, m.texture, m.flat_light, self.tiles, textures.TILE_SCALE, SUN, AMBIENT,
                                SUN_POWER, FOG)  # fmt: skip
        near = np.hypot(self.boards[:, 0] - eye[0], self.boards[:, 2] - eye[2]) < BOARDS_FAR_M
        raster.draw_billboards(frame, self._inverse, view, self.boards[near], self.board_picture[near],
                               self.board_mirrored[near], self.pictures)  # fmt: skip

    def _place(self, actor: Actor, time_s: float) -> None:
        going = min(1.0, actor.pace)
        bob = 0.05 * going * abs(math.sin(actor.stride * 2.6)) + 0.012 * math.sin(time_s * 2 + actor.group)
        self.pose[self.object_of[-actor.group]] = (actor.x, actor.y, actor.z, actor.yaw)
        for group, phase in ((actor.group, None), *actor.limbs.items()):
            swing = 0.0 if phase is None else 0.2 * going * math.sin(actor.stride * 2.6 + phase)
            self.pose[self.object_of[group]] = (
                actor.x + swing * math.sin(actor.yaw), actor.y + bob, actor.z + swing * math.cos(actor.yaw), actor.yaw,
            )  # fmt: skip

    def _in_view(self, view: np.ndarray, w: int) -> np.ndarray:
        """Objects whose ball meets the picture, nearest first."""
        sin, cos = np.sin(self.pose[:, 3]), np.cos(self.pose[:, 3])
        middle = self.meshes.middle
        x = self.pose[:, 0] + middle[:, 0] * cos + middle[:, 2] * sin - view[raster.EX]
        z = self.pose[:, 2] + middle[:, 2] * cos - middle[:, 0] * sin - view[raster.EZ]
        ahead = x * view[raster.SIN] + z * view[raster.COS]
        aside = np.abs(x * view[raster.COS] - z * view[raster.SIN])
        half = w / 2 / view[raster.FOCAL]
        reach = self.meshes.reach
        seen = (ahead > -reach) & (ahead < raster.FAR_M) & (aside < np.maximum(ahead, 0) * half + reach * 1.3)
        order = np.flatnonzero(seen)
        return order[np.argsort(ahead[order])]
