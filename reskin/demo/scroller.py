"""The demo's second level: a side-scroller. Ground with gaps, platforms, coins, foes; a hero who runs and jumps.

The hero moves along x at z = 0; the camera looks along +z. Left alone, the hero runs right and jumps where it must.
"""

from __future__ import annotations

import math

import numpy as np

from engine.worlds.scene import (
    BOX,
    CHARACTER,
    ELLIPSOID,
    FOLIAGE,
    GLOW,
    GROUND,
    PROP,
    RIDGE_SAMPLES,
    ROCK,
    Scene,
)  # fmt: skip
from engine.worlds.sprites_plants import draw_bush
from reskin.demo.figures import person
from reskin.demo.hills import ROOFS, WALLS, Level, conifer, house, leafy
from reskin.demo.stage import Actor, StageBuilder
from reskin.demo.walk import ALONE_S, Wish

LENGTH_M = 150.0
RUN_M_S, JUMP_M_S, GRAVITY_M_S2 = 5.0, 8.2, 20.0
EYE_AWAY_M, EYE_UP_M = 11.5, 2.6
STEP_UP_M = 0.35  # a higher edge is a wall
Top = tuple[float, float, float]  # x from, x to, height: what one can stand on


def scroller() -> tuple[Level, list[Top]]:
    """The level and where one can stand."""
    rng = np.random.default_rng(8)
    b = StageBuilder(rng)
    person(b, 0.0, 0.0, 0.0, (48, 92, 176), (92, 66, 48), (120, 72, 38), cape=True)
    for x in (18.0, 41.0, 66.0, 90.0, 118.0):
        _foe(b, x)
    tops = _ground(b) + _platforms(b)
    _backdrop(b)
    size = 256
    scene = Scene(
        solids=b.build.solids(), sprites=b.build.sprite_stack(), heights=np.full((size, size), -500.0, np.float32),
        ground_material=np.full((size, size), GROUND, np.uint8), ground_instance=np.ones((size, size), np.int32),
        cell_m=1.2, water_level=-np.inf, ridges=np.zeros((0, RIDGE_SAMPLES), np.float32),
        ridge_material=np.zeros(0, np.uint8), seed=8,
    )  # fmt: skip
    nothing = np.zeros((64, 64, 3), np.float32)
    level = Level(stage=b.stage(scene), ground_rgb=nothing, water=np.zeros((64, 64), np.uint8), blocks=np.zeros((0, 3)))
    return level, tops


def _foe(b: StageBuilder, x: float) -> None:
    body = b.group()
    b.add(ELLIPSOID, CHARACTER, (x, 0.4, 0.0), (0.45, 0.42, 0.4), (158, 70, 150))
    for side in (-0.16, 0.16):
        b.add(ELLIPSOID, CHARACTER, (x + side, 0.55, 0.34), (0.1, 0.13, 0.08), (250, 250, 246))
        b.add(ELLIPSOID, CHARACTER, (x + side, 0.55, 0.41), (0.05, 0.06, 0.03), (20, 18, 24))
        b.add(ELLIPSOID, CHARACTER, (x + side * 1.5, 0.06, 0.0), (0.18, 0.1, 0.24), (92, 46, 30))
    b.actors.append(Actor(group=body, pivot=(x, 0.0, 0.0), x=x, y=0.0, z=0.0))


def _slab(b: StageBuilder, x: float, end: float, top: float, bottom: float) -> Top:
    """Earth with a crust of grass; cut into blocks, for a thing is sorted by its middle."""
    pieces = max(1, round((end - x) / 6))
    wide = (end - x) / pieces
    for i in range(pieces):
        b.group()
        middle = x + (i + 0.5) * wide
        b.add(BOX, GROUND, (middle, (top + bottom) / 2 - 0.15, 0.6), (wide / 2, (top - bottom) / 2 - 0.15, 1.6),
              (150, 104, 64))  # fmt: skip
        b.add(BOX, GROUND, (middle, top - 0.15, 0.6), (wide / 2, 0.15, 1.7), (98, 172, 62))
    return x, end, top


def _ground(b: StageBuilder) -> list[Top]:
    tops = []
    x = -12.0
    while x < LENGTH_M + 12:
        end = x + b.rng.uniform(8, 20)
        tops.append(_slab(b, x, end, 0.0, -5.0))
        x = end + (b.rng.choice([0.0, 2.0, 2.6]) if x > 4 else 0.0)
    return tops


def _platforms(b: StageBuilder) -> list[Top]:
    rng, tops = b.rng, []
    x = 9.0
    while x < LENGTH_M - 8:
        kind = rng.random()
        if kind < 0.4:
            height = rng.uniform(1.6, 2.2)
            tops.append(_slab(b, x, x + rng.uniform(2.5, 5), height, height - 0.7))
        elif kind < 0.7:
            b.group()
            for step in range(int(rng.integers(1, 4))):
                b.add(BOX, PROP, (x + step * 1.0, 0.5, 0.0), (0.5, 0.5, 0.5), (196, 142, 76))
            tops.append((x - 0.5, x + step + 0.5, 1.0))
        b.group()
        for i in range(int(rng.integers(2, 5))):
            b.add(ELLIPSOID, GLOW, (x + i * 0.9, 3.2 + 0.4 * math.sin(i), 0.0), (0.26, 0.26, 0.08), (255, 212, 66))
        x += rng.uniform(6, 11)
    return tops


def _backdrop(b: StageBuilder) -> None:
    """A meadow behind with trees, houses and stones, far enough not to be mistaken for the track."""
    rng = b.rng
    for x in np.arange(-40, LENGTH_M + 60, 20.0):
        b.group()
        b.add(BOX, GROUND, (x, -3.2, 26.0), (10.0, 2.0, 22.0), (112, 168, 78))
    for i in range(70):
        x, z = rng.uniform(-30, LENGTH_M + 40), rng.uniform(6, 40)
        if i % 2:
            conifer(b, x, -1.2, z, rng.uniform(4, 8))
        else:
            leafy(b, x, -1.2, z, rng.uniform(3.5, 6))
    for i in range(9):
        place, turn = (-6.0 + i * 19 + rng.uniform(-3, 3), -1.3, rng.uniform(9, 15)), math.pi + rng.uniform(-0.4, 0.4)
        house(b, *place, (2.8, 1.7, 2.4), turn, WALLS[i % 5], ROOFS[i % 4], chimney=bool(i % 2))
    bushes = [b.picture(draw_bush(rng), {1: (70, 136, 48), 2: (108, 168, 62)}) for _ in range(4)]
    for _ in range(50):
        x, size = rng.uniform(-10, LENGTH_M + 10), rng.uniform(0.35, 0.7)
        b.board(FOLIAGE, (x, size * 0.9, 1.6), (size, size), int(rng.choice(bushes)), mirrored=bool(rng.random() < 0.5))
    for _ in range(24):
        b.group()
        x, size = rng.uniform(-10, LENGTH_M + 10), rng.uniform(0.3, 0.9)
        b.add(ELLIPSOID, ROCK, (x, -1.1, rng.uniform(5, 9)), (size * 1.3, size, size), (146, 142, 136))


class Run:
    """The hero's running and jumping; foes go to and fro."""

    def __init__(self, level: Level, tops: list[Top]) -> None:
        self.level, self.tops = level, tops
        self.time_s, self.alone_s = 0.0, ALONE_S
        self.fall_m_s = 0.0
        self.starts = [actor.x for actor in level.stage.actors]
        self._eye_x = 0.0

    @property
    def hero(self) -> Actor:
        return self.level.stage.actors[0]

    def step(self, wish: Wish, step_s: float) -> None:
        self.time_s += step_s
        self.alone_s = 0.0 if wish.any else self.alone_s + step_s
        hero = self.hero
        if self.alone_s >= ALONE_S:
            wish = self._own_wish(hero)
        standing = hero.y <= self._ground(hero.x, hero.y) + 1e-6
        if standing:
            self.fall_m_s = JUMP_M_S if wish.ahead > 0 else 0.0
        self.fall_m_s -= GRAVITY_M_S2 * step_s * (not standing or self.fall_m_s > 0)
        x = hero.x + wish.aside * RUN_M_S * step_s
        if self._ground(x, hero.y) > -50 or not standing or wish.aside:
            is_wall = self._ground(x, hero.y + 3.0) > hero.y + STEP_UP_M and self._is_solid(x, hero.y)
            hero.x = hero.x if is_wall else min(LENGTH_M, max(-8.0, x))
        hero.y = max(self._ground(hero.x, hero.y), hero.y + self.fall_m_s * step_s)
        if hero.y < -6.0 or hero.x >= LENGTH_M:
            hero.x, hero.y, self.fall_m_s = (0.0 if hero.x >= LENGTH_M else hero.x + 4.0), 4.0, 0.0
        hero.pace = RUN_M_S * abs(wish.aside)
        hero.stride += hero.pace * step_s
        hero.yaw = math.copysign(math.pi / 2, wish.aside) if wish.aside else hero.yaw
        for i, foe in enumerate(self.level.stage.actors[1:], start=1):
            foe.x = self.starts[i] + 2.0 * math.sin(0.6 * self.time_s + i)
            foe.yaw, foe.stride, foe.pace = math.pi, foe.stride + step_s * 2, 1.0
        self._eye_x += (hero.x + 1.5 - self._eye_x) * min(1.0, 5 * step_s)

    def camera(self) -> tuple[np.ndarray, float]:
        """Eye (3,) and yaw."""
        return np.array([self._eye_x, EYE_UP_M, -EYE_AWAY_M]), 0.0

    def _own_wish(self, hero: Actor) -> Wish:
        ahead = self._ground(hero.x + 1.0, hero.y)
        blocked = self._is_solid(hero.x + 0.9, hero.y)
        return Wish(aside=1.0, ahead=float(blocked or ahead < hero.y - 1.0))

    def _ground(self, x: float, y: float) -> float:
        """The highest place to stand on at x that is not above y."""
        return max((top for start, end, top in self.tops if start <= x <= end and top <= y + STEP_UP_M), default=-99.0)

    def _is_solid(self, x: float, y: float) -> bool:
        """Whether a crate stands in the way; one jumps through platforms from below."""
        return any(start <= x <= end and y + STEP_UP_M < top <= y + 1.0 for start, end, top in self.tops)
