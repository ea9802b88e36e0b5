"""What lives in a level: people and foes, drawn in poses or of solids whose limbs swing. In metres.

Each function adds one of them to a `SceneBuilder` with its foot at (x, y, z). Knows nothing of colours.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from engine.worlds import sprites as draw
from engine.worlds.scene import (
    BILLBOARD,
    BOX,
    CHARACTER,
    CONE,
    CYLINDER,
    ELLIPSOID,
    GLOW,
    PYRAMID,
    STILL,
    Cycle,
    SceneBuilder,
)
from engine.worlds.sprites_figures import poses
from engine.worlds.things import Point, Rng, assembly

STILL_SHARE = 0.25  # of all figures: they stand or glide in one pose
FOE_SHARE, FEW_FOES = 0.25, 0.05  # of those who are not the hero; in a town


def drawn_figure(rng: Rng, build: SceneBuilder, name: str) -> tuple[int, Cycle]:
    """One of FIGURES: the number of its first drawing, and how its poses follow each other."""
    if rng.random() < STILL_SHARE:
        return build.sprite(draw.DRAWINGS[name](rng)), STILL
    drawings = poses(rng, name)
    return build.sprite(*drawings), Cycle(rng.uniform(0.8, 3.0), rng.random(), len(drawings))


def add_person(rng: Rng, build: SceneBuilder, x: float, y: float, z: float, size: float,
               velocity: Point = (0.0, 0.0, 0.0), *, drawn: float = 0.45, foes: float = FOE_SHARE,
               hero: bool = False) -> None:  # fmt: skip
    """A figure of solids, or by a chance of `drawn` a drawn one, from behind where it is the hero; `size` is its
    height in metres. Who is not the hero is a foe by a chance of `foes`."""
    sway = 0.06 * size * float(any(velocity))
    foe = not hero and rng.random() < foes
    if rng.random() < drawn:
        name = str(rng.choice(["animal", "slime", "bat", "beast"])) if foe else "character"
        if hero and rng.random() < 0.7:
            name = "from_behind"
        picture, cycle = drawn_figure(rng, build, name)
        build.solid(BILLBOARD, CHARACTER, (x, y + size / 2, z), (size / 2, size / 2, 0.05), sprite=picture,
                    velocity=velocity, sway=sway, ragged=rng.choice([-0.01, 0.0]), cycle=cycle)  # fmt: skip
        return
    speed = math.hypot(velocity[0], velocity[2])
    pace = 0.0 if rng.random() < STILL_SHARE else min(3.0, 0.5 + speed / size) * rng.uniform(0.7, 1.2)
    yaw = math.atan2(velocity[0], velocity[2]) if speed else rng.uniform(0, 6.28)
    piece = assembly(build, x, y, z, yaw, velocity=velocity, sway=0.5 * sway, cycle=Cycle(pace))
    body = (_beast, _beast, _jelly, _flyer)[int(rng.integers(4))] if foe else _human
    body(rng, build, piece, size)


def add_block_figure(rng: Rng, build: SceneBuilder, x: float, y: float, z: float, size: float,
                     velocity: Point = (0.0, 0.0, 0.0), *, foes: float = 0.5) -> None:  # fmt: skip
    """A person or a beast of boxes."""
    speed = math.hypot(velocity[0], velocity[2])
    yaw = math.atan2(velocity[0], velocity[2]) if speed else rng.uniform(0, 6.28)
    piece = assembly(build, x, y, z, yaw, velocity=velocity, cycle=Cycle(0.6 + 0.6 * speed))
    (_beast if rng.random() < foes else _human)(rng, build, piece, size, blocky=True)


def _human(rng: Rng, build: SceneBuilder, piece: Callable[..., None], size: float, *, blocky: bool = False) -> None:
    """Legs of thigh and shin and arms that swing against each other, body, head, perhaps a hat."""
    body, skin, cloth = build.new_instance(), build.new_instance(), build.new_instance()
    wide = size * rng.uniform(0.13, 0.26)
    step = size * rng.uniform(0.08, 0.18)
    blocky = blocky or rng.random() < 0.3
    round_or_blocky, limb = (BOX, BOX) if blocky else (ELLIPSOID, CYLINDER)
    for side in (-1, 1):
        for height, far in ((0.28, 0.45), (0.12, 1.0)):  # thigh, shin
            piece(limb, CHARACTER, (side * wide * 0.5, size * height, 0.0), (wide * 0.35, size * 0.13, wide * 0.35),
                  instance=cloth, swing=(0.0, 0.0, side * far * step))  # fmt: skip
        piece(BOX if blocky else ELLIPSOID, CHARACTER, (side * wide * 1.2, size * 0.55, 0.0),
              (wide * 0.3, size * 0.2, wide * 0.3), instance=skin, swing=(0.0, 0.0, -0.8 * side * step))  # fmt: skip
    piece(round_or_blocky, CHARACTER, (0.0, size * 0.58, 0.0), (wide, size * 0.24, wide * 0.75), instance=body)
    piece(round_or_blocky, CHARACTER, (0.0, size * 0.88, 0.0), (wide * 0.7, size * 0.13, wide * 0.7), instance=skin)
    if rng.random() < 0.5:
        hat = BOX if blocky else CONE
        piece(hat, CHARACTER, (0.0, size * 1.02, 0.0), (wide * 0.8, size * (0.04 if blocky else 0.1), wide * 0.8),
              instance=cloth)  # fmt: skip


def _beast(rng: Rng, build: SceneBuilder, piece: Callable[..., None], size: float, *, blocky: bool = False) -> None:
    """On four legs: body, head with muzzle, horns, spikes along the back, a tail; `size` is its height."""
    hide, other = build.new_instance(), build.new_instance()
    long, wide = size * rng.uniform(0.5, 0.8), size * rng.uniform(0.2, 0.34)
    high, leg = size * rng.uniform(0.5, 0.66), size * rng.uniform(0.07, 0.12)
    trunk, limb = (BOX, BOX) if blocky else (ELLIPSOID, CYLINDER)
    step = size * rng.uniform(0.08, 0.2)
    for side in (-1, 1):
        for end in (-1, 1):
            piece(limb, CHARACTER, (side * wide * 0.65, high * 0.45, end * long * 0.6), (leg, high * 0.45, leg),
                  instance=other, swing=(0.0, 0.0, side * end * step))  # fmt: skip
    piece(trunk, CHARACTER, (0.0, high, 0.0), (wide, size * 0.22, long), instance=hide)
    face = (0.0, high + size * rng.uniform(0.05, 0.3), long * 1.05)
    nod = (0.0, 0.04 * size, 0.0)
    piece(trunk, CHARACTER, face, (wide * 0.7, size * 0.17, size * 0.18), instance=hide, swing=nod)
    muzzle = (0.0, face[1] - 0.05 * size, face[2] + 0.2 * size)
    piece(BOX, CHARACTER, muzzle, (wide * 0.4, size * 0.08, size * 0.1), instance=other, swing=nod)
    for side in (-1, 1):
        piece(BOX if blocky else CONE, CHARACTER, (side * wide * 0.5, face[1] + 0.2 * size, face[2]),
              (0.04 * size, 0.1 * size, 0.04 * size), instance=other, swing=nod)  # fmt: skip
    eyes = GLOW if rng.random() < 0.2 else CHARACTER
    for side in (-1, 1):
        piece(BOX, eyes, (side * wide * 0.45, face[1] + 0.05 * size, face[2] + 0.17 * size), (0.035 * size,) * 3,
              instance=other + 2, swing=nod)  # fmt: skip
    for i in range(int(rng.integers(0, 5))):
        piece(BOX if blocky else PYRAMID, CHARACTER, (0.0, high + 0.26 * size, long * (0.6 - 0.35 * i)),
              (0.05 * size, 0.1 * size, 0.08 * size), instance=other)  # fmt: skip
    piece(BOX, CHARACTER, (0.0, high + 0.05 * size, -long - 0.2 * size), (0.04 * size, 0.05 * size, 0.22 * size),
          instance=hide, swing=(0.08 * size, 0.0, 0.0))  # fmt: skip


def _jelly(rng: Rng, build: SceneBuilder, piece: Callable[..., None], size: float) -> None:
    """A drop that heaves: a foot that stays, a back and eyes that rise and fall."""
    number, wide = build.new_instance(), size * rng.uniform(0.4, 0.6)
    heave = (0.0, size * rng.uniform(0.05, 0.15), 0.0)
    piece(ELLIPSOID, CHARACTER, (0.0, size * 0.2, 0.0), (wide, size * 0.25, wide), instance=number)
    piece(ELLIPSOID, CHARACTER, (0.0, size * 0.42, 0.0), (wide * 0.8, size * 0.38, wide * 0.8), instance=number,
          swing=heave)  # fmt: skip
    for side in (-1, 1):
        piece(ELLIPSOID, CHARACTER, (side * wide * 0.35, size * 0.55, wide * 0.65), (size * 0.07,) * 3,
              instance=number + 1, swing=heave)  # fmt: skip


def _flyer(rng: Rng, build: SceneBuilder, piece: Callable[..., None], size: float) -> None:
    """A bat, bird or drone over the ground: a body, a head, and wings of two parts that beat."""
    number, high = build.new_instance(), size * rng.uniform(0.8, 2.0)
    small, beat = 0.3 * size, size * rng.uniform(0.06, 0.14)
    piece(ELLIPSOID, CHARACTER, (0.0, high, 0.0), (small * 0.6, small * 0.6, small), instance=number)
    piece(ELLIPSOID, CHARACTER, (0.0, high + small * 0.5, small), (small * 0.45,) * 3, instance=number + 1)
    for side in (-1, 1):
        for part, far in ((0.45, 1.0), (0.95, 2.2)):
            piece(BOX, CHARACTER, (side * part * size * 0.7, high + small * 0.2, 0.0),
                  (0.19 * size, 0.025 * size, small * (0.8 if far == 1.0 else 0.5)), instance=number + 2,
                  swing=(0.0, far * beat, 0.0))  # fmt: skip
