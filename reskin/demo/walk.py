"""What happens in the hills from frame to frame: the hero walks by keys or alone, villagers stroll, a camera follows.

Knows nothing of windows: keys come in as a `Wish` of three numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from reskin.demo.hills import CELL_M, WATER_M, Level, path_point
from reskin.demo.stage import Actor

ALONE_S = 3.0  # without a key for this long, the hero walks by itself
WALK_M_S, STROLL_M_S = 4.2, 1.1
TURN_RAD_S = 1.9


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the player asks for: each in [-1, 1], or 0."""

    ahead: float = 0.0
    aside: float = 0.0
    turn: float = 0.0

    @property
    def any(self) -> bool:
        return bool(self.ahead or self.aside or self.turn)


class Walk:
    def __init__(self, level: Level) -> None:
        self.level = level
        self.time_s = 0.0
        self.alone_s = ALONE_S  # starts walking at once
        hero = self.hero
        self.yaw = self._toward_path(hero)  # where the camera looks
        hero.yaw = self.yaw
        self._eye = self._wanted_eye()

    @property
    def hero(self) -> Actor:
        return self.level.stage.actors[0]

    def step(self, wish: Wish, step_s: float) -> None:
        self.time_s += step_s
        self.alone_s = 0.0 if wish.any else self.alone_s + step_s
        hero = self.hero
        if self.alone_s >= ALONE_S:
            self._walk_alone(hero, step_s)
        else:
            self.yaw += wish.turn * TURN_RAD_S * step_s
            # Steering: walking sideways turns the camera too, slowly, as third-person games do.
            self.yaw += wish.aside * 0.8 * step_s
            push = math.hypot(wish.ahead, wish.aside)
            if push > 0:
                heading = self.yaw + math.atan2(wish.aside, wish.ahead)
                self._move(hero, heading, WALK_M_S, step_s)
            else:
                hero.pace = 0.0
        for i, villager in enumerate(self.level.stage.actors[1:]):
            self._stroll(villager, i, step_s)
        wanted = self._wanted_eye()
        self._eye += (wanted - self._eye) * min(1.0, 6.0 * step_s)

    def camera(self) -> tuple[np.ndarray, float]:
        """Eye (3,) and yaw."""
        return self._eye, self.yaw

    def _toward_path(self, actor: Actor, sense: float = 1.0) -> float:
        """Where to look to go along the path: at its point a few steps ahead."""
        angle = math.atan2(-actor.x, -actor.z) + sense * 0.13
        x, z = path_point(angle)
        return math.atan2(x - actor.x, z - actor.z)

    def _walk_alone(self, hero: Actor, step_s: float) -> None:
        heading = self._toward_path(hero)
        # Looks about a little, so that the picture is not always the same.
        look = heading + 0.32 * math.sin(self.time_s * 0.23)
        self.yaw += _turn_between(self.yaw, look) * min(1.0, 1.6 * step_s)
        self._move(hero, heading, 0.75 * WALK_M_S, step_s)

    def _stroll(self, villager: Actor, number: int, step_s: float) -> None:
        sense = 1.0 if number % 2 else -1.0
        rests = math.sin(self.time_s * 0.3 + number * 2.1) < -0.55
        if rests:
            villager.pace = 0.0
            return
        self._move(villager, self._toward_path(villager, sense), STROLL_M_S * (1 + 0.15 * number), step_s)

    def _move(self, actor: Actor, heading: float, speed_m_s: float, step_s: float) -> None:
        """A step, unless water or something solid is in the way: then along it."""
        actor.yaw += _turn_between(actor.yaw, heading) * min(1.0, 8.0 * step_s)
        x = actor.x + math.sin(heading) * speed_m_s * step_s
        z = actor.z + math.cos(heading) * speed_m_s * step_s
        blocks = self.level.blocks
        dx, dz = x - blocks[:, 0], z - blocks[:, 1]
        off = np.hypot(dx, dz)
        inside = np.flatnonzero(off < blocks[:, 2])
        if len(inside):
            first = inside[0]
            push = blocks[first, 2] / max(1e-3, off[first])
            x, z = blocks[first, 0] + dx[first] * push, blocks[first, 1] + dz[first] * push
        y = smooth_height(self.level.stage.scene.heights, x, z)
        if y < WATER_M - 0.1 or max(abs(x), abs(z)) > 130:
            actor.pace = 0.0
            return
        actor.stride += math.hypot(x - actor.x, z - actor.z)
        actor.x, actor.y, actor.z, actor.pace = float(x), y, float(z), speed_m_s

    def _wanted_eye(self) -> np.ndarray:
        hero = self.hero
        x, z = hero.x - 5.2 * math.sin(self.yaw), hero.z - 5.2 * math.cos(self.yaw)
        ground = max(WATER_M, smooth_height(self.level.stage.scene.heights, x, z))
        return np.array([x, max(hero.y + 2.3, ground + 1.2), z])


def smooth_height(heights: np.ndarray, x: float, z: float) -> float:
    """Height of the ground between the cells, metres."""
    g = heights.shape[0]
    fx = min(g - 1.01, max(0.0, x / CELL_M + g / 2))
    fz = min(g - 1.01, max(0.0, z / CELL_M + g / 2))
    ix, iz = int(fx), int(fz)
    a, b = fx - ix, fz - iz
    rows = heights[iz : iz + 2, ix] * (1 - a) + heights[iz : iz + 2, ix + 1] * a
    return float(rows[0] * (1 - b) + rows[1] * b)


def _turn_between(now: float, wanted: float) -> float:
    return (wanted - now + math.pi) % (2 * math.pi) - math.pi
