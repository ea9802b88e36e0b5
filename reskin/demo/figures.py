"""Figures of the demo's levels: bodies of solids whose limbs are groups of their own, so that they can swing."""

from __future__ import annotations

import math

from engine.worlds.scene import BOX, CHARACTER, CYLINDER, ELLIPSOID
from reskin.demo.stage import Actor, Color, StageBuilder


def person(b: StageBuilder, x: float, y: float, z: float, shirt: Color, trousers: Color, hair: Color, *,
           cape: bool = False) -> None:  # fmt: skip
    """A figure 1.75 m tall that looks along +z; the limbs are groups of their own, so that they can swing."""
    skin = (236, 190, 152)
    body = b.group()
    b.add(ELLIPSOID, CHARACTER, (x, y + 1.08, z), (0.27, 0.36, 0.2), shirt)
    b.add(CYLINDER, CHARACTER, (x, y + 0.8, z), (0.25, 0.05, 0.19), trousers)
    b.add(ELLIPSOID, CHARACTER, (x, y + 1.56, z), (0.19, 0.21, 0.19), skin)
    b.add(ELLIPSOID, CHARACTER, (x, y + 1.64, z - 0.045), (0.21, 0.18, 0.2), hair)
    if cape:
        b.add(BOX, CHARACTER, (x, y + 1.02, z - 0.21), (0.2, 0.33, 0.03), (190, 50, 46))
    limbs = {}
    for side in (-1, 1):
        limbs[b.group()] = 0.0 if side > 0 else math.pi
        b.add(CYLINDER, CHARACTER, (x + side * 0.12, y + 0.42, z), (0.09, 0.38, 0.1), trousers)
        b.add(BOX, CHARACTER, (x + side * 0.12, y + 0.06, z + 0.05), (0.09, 0.06, 0.15), (72, 52, 40))
        limbs[b.group()] = math.pi if side > 0 else 0.0
        b.add(ELLIPSOID, CHARACTER, (x + side * 0.33, y + 1.05, z), (0.085, 0.31, 0.085), shirt)
        b.add(ELLIPSOID, CHARACTER, (x + side * 0.34, y + 0.75, z), (0.075, 0.085, 0.075), skin)
    b.actors.append(Actor(group=body, pivot=(x, y, z), x=x, y=y, z=z, limbs=limbs))
