"""Turns a scene's solids into flat triangles with normals, surface coordinates, colours and textures.

One array of triangles for all; an object is a run of them with a pose. Runs once, when the level is loaded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engine.worlds.scene import (
    BILLBOARD,
    BOX,
    CONE,
    CX,
    CYLINDER,
    CZ,
    ELLIPSOID,
    FOLIAGE,
    GLOW,
    GROUND,
    KIND,
    MATERIAL,
    PROP,
    ROCK,
    ROOF,
    STRUCTURE,
    SX,
    SZ,
    YAW,
)
from reskin.demo.raster import SHADOW
from reskin.demo.stage import Actor, Stage

TEXTURES = ("plain", "leaves", "plaster", "shingles", "planks", "stone")
TEXTURE_OF = {FOLIAGE: 1, STRUCTURE: 2, ROOF: 3, PROP: 4, ROCK: 5, GROUND: 5}


@dataclass(frozen=True, kw_only=True)
class Meshes:
    corners: np.ndarray  # (n, 3, 5) float32: x y z u v, metres, in the object's space
    normals: np.ndarray  # (n, 3) float32
    colors: np.ndarray  # (n, 3) float32, 0..255
    texture: np.ndarray  # (n,) uint8, index into TEXTURES
    flat_light: np.ndarray  # (n,) bool: shines by itself
    first: np.ndarray  # (objects,) int64
    count: np.ndarray  # (objects,) int64
    middle: np.ndarray  # (objects, 3) in the object's space
    reach: np.ndarray  # (objects,) metres, radius of a ball about the middle that holds it
    group: np.ndarray  # (objects,) int64; minus an actor's group: its shadow on the ground


def build_meshes(stage: Stage) -> Meshes:
    rng = np.random.default_rng(5)
    solids, pivots = stage.scene.solids, _pivots(stage.actors)
    parts: list[list[np.ndarray]] = []
    first, count, middle, reach, numbers = [], [], [], [], []
    total = 0
    for group in dict.fromkeys(stage.groups.tolist()):
        rows = [i for i in np.flatnonzero(stage.groups == group) if solids[i, KIND] != BILLBOARD]
        if not rows:
            continue
        made = [_solid(solids[i], stage.colors[i], pivots.get(group, (0.0, 0.0, 0.0)), rng) for i in rows]
        joined = [np.concatenate(columns) for columns in zip(*made, strict=True)]
        points = joined[0][:, :, :3].reshape(-1, 3)
        center = (points.min(axis=0) + points.max(axis=0)) / 2
        parts.append(joined)
        first.append(total)
        count.append(len(joined[0]))
        middle.append(center)
        reach.append(np.linalg.norm(points - center, axis=1).max())
        numbers.append(group)
        total += len(joined[0])
    for actor in stage.actors:
        disc = _prism(9, 1.0, 1.0, 0.0)[2::4] * (0.42, 0.0, 0.42) + (0.0, 0.04, 0.0)
        corners = np.concatenate([disc, np.zeros((len(disc), 3, 2))], axis=2)
        up, none = np.tile((0.0, 1.0, 0.0), (len(disc), 1)), np.zeros((len(disc), 3))
        parts.append([corners, up, none, np.full(len(disc), SHADOW), np.ones(len(disc), bool)])
        first.append(total)
        count.append(len(disc))
        middle.append(np.zeros(3))
        reach.append(0.5)
        numbers.append(-actor.group)
        total += len(disc)
    corners, normals, colors, texture, flat_light = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return Meshes(
        corners=corners.astype(np.float32), normals=normals.astype(np.float32), colors=colors.astype(np.float32),
        texture=texture.astype(np.uint8), flat_light=flat_light, first=np.array(first), count=np.array(count),
        middle=np.array(middle), reach=np.array(reach), group=np.array(numbers),
    )  # fmt: skip


def _pivots(actors: list[Actor]) -> dict[int, tuple[float, float, float]]:
    out = {}
    for actor in actors:
        for group in (actor.group, *actor.limbs):
            out[group] = actor.pivot
    return out


def _solid(
    row: np.ndarray, color: np.ndarray, pivot: tuple[float, float, float], rng: np.random.Generator
) -> tuple[np.ndarray, ...]:
    """Corners, normals, colours, textures and whether it shines, of one solid's triangles."""
    kind, material = int(row[KIND]), int(row[MATERIAL])
    unit = _unit_faces(kind, material, rng)  # (n, 3, 3)
    size = row[SX : SZ + 1]
    points = unit * size
    cos, sin = math.cos(row[YAW]), math.sin(row[YAW])
    turned = np.stack(
        [points[..., 0] * cos + points[..., 2] * sin, points[..., 1], points[..., 2] * cos - points[..., 0] * sin],
        axis=-1,
    )
    placed = turned + row[CX : CZ + 1] - np.array(pivot)
    normals = np.cross(turned[:, 1] - turned[:, 0], turned[:, 2] - turned[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9
    inward = (normals * turned.mean(axis=1)).sum(axis=1) < 0
    normals[inward] *= -1
    local = np.cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0])
    axis = np.abs(local).argmax(axis=1)
    u = np.where(axis[:, None] == 0, points[..., 2], points[..., 0])
    v = np.where(axis[:, None] == 1, points[..., 2], points[..., 1])
    corners = np.concatenate([placed, u[..., None], v[..., None]], axis=2)
    wild = {FOLIAGE: 0.16, ROCK: 0.1, ROOF: 0.05}.get(material, 0.02)
    shades = np.clip(color * (1 + wild * rng.uniform(-1, 1, (len(points), 1))), 0, 255)
    texture = np.full(len(points), TEXTURE_OF.get(material, 0))
    return corners, normals, shades, texture, np.full(len(points), material == GLOW)


def _unit_faces(kind: int, material: int, rng: np.random.Generator) -> np.ndarray:
    if kind == BOX:
        return _box()
    if kind == ELLIPSOID:
        ball = _ball(1 if material in (FOLIAGE, ROCK) else 2)
        return _crumpled(ball, rng, 0.14) if material in (FOLIAGE, ROCK) else ball
    if kind == CYLINDER:
        return _prism(7, 1.0, 1.0, 0.0)
    assert kind == CONE
    # A roof is a pyramid over a square house: its corners reach out as far as the round cone of the worlds.
    return _prism(4, 1.0, 0.02, math.pi / 4) if material == ROOF else _prism(9, 1.0, 0.02, rng.uniform(0, 1))


def _box() -> np.ndarray:
    faces = []
    for axis in range(3):
        for side in (-1.0, 1.0):
            quad = np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])
            points = np.insert(quad, axis, side, axis=1)
            faces += [points[[0, 1, 2]], points[[0, 2, 3]]]
    return np.array(faces)


def _prism(sides: int, bottom: float, top: float, turn: float) -> np.ndarray:
    """Radius `bottom` at y = -1, `top` at y = 1, with a lid at both ends."""
    angles = turn + np.arange(sides + 1) * 2 * math.pi / sides
    ring = np.stack([np.sin(angles), np.zeros_like(angles), np.cos(angles)], axis=1)
    low, high = ring * bottom + (0, -1, 0), ring * top + (0, 1, 0)
    faces = []
    for i in range(sides):
        faces += [(low[i], low[i + 1], high[i + 1]), (low[i], high[i + 1], high[i])]
        faces += [((0, 1, 0), high[i], high[i + 1]), ((0, -1, 0), low[i], low[i + 1])]
    return np.array(faces)


def _ball(splits: int) -> np.ndarray:
    """An octahedron split `splits` times: 32 or 128 faces."""
    axes = np.eye(3)
    faces = np.array(
        [(axes[0] * a, axes[1] * b, axes[2] * c) for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)], dtype=float
    )
    for _ in range(splits):
        a, b, c = faces[:, 0], faces[:, 1], faces[:, 2]
        ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
        faces = np.concatenate([np.stack(f, axis=1) for f in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])
        faces /= np.linalg.norm(faces, axis=2, keepdims=True)
    return faces


def _crumpled(faces: np.ndarray, rng: np.random.Generator, depth: float) -> np.ndarray:
    """Moves every corner in or out, shared corners alike."""
    points, which = np.unique(faces.reshape(-1, 3).round(5), axis=0, return_inverse=True)
    scale = rng.uniform(1 - depth, 1 + depth, len(points))
    return faces * scale[which.reshape(faces.shape[:2])][..., None]
