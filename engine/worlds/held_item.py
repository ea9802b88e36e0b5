"""What the player holds in first person: an arm and a tool, weapon, torch or block at the bottom of the frame.

Put into the G-buffer before it is shaded, so that it has materials, shape and exact flow as the rest of the world has.
"""

from __future__ import annotations

from dataclasses import fields

import cv2
import numpy as np

from engine.config import CHARACTER, GLOW, PROP
from engine.worlds.gbuffer import UNSEEN_PX, GBuffer, is_cut
from engine.worlds.scene import HELD_INSTANCE

Rng = np.random.Generator
# Parts: arm, hand, tool, its second colour, its flame.
PART_MATERIAL = np.array([0, CHARACTER, CHARACTER, PROP, PROP, GLOW], np.uint8)
DEPTH_M = 0.6
NEAR_M = 12.0  # a first-person camera has ground this near below it; a side-scroller's camera is 70 m away
BOB_PX = 4  # at a height of 144


def fits(buffer: GBuffer) -> bool:
    """Whether a frame can be first person: near ground below, and no figure in the player's own place."""
    h, w = buffer.size
    below = buffer.depth[h * 3 // 4 :]
    middle = buffer.material[h // 3 :, w // 3 : w * 2 // 3]
    return bool(np.median(below) < NEAR_M and (middle == CHARACTER).mean() < 0.02)


class HeldItem:
    def __init__(self, rng: Rng, size: tuple[int, int]) -> None:
        self._bob = round(BOB_PX * size[0] / 144) * float(rng.choice([0.0, 0.4, 1.0]))
        self._pace, self._seed = rng.uniform(0.15, 0.45), int(rng.integers(8)) * 8
        self._parts = _drawn(rng, size)
        solid = (self._parts > 0).astype(np.uint8)
        height = cv2.GaussianBlur(cv2.distanceTransform(solid, cv2.DIST_L2, 3), (0, 0), 1.0)
        gx, gy = cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=0.2), cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=0.2)
        normal = np.stack([-gx, gy + 0.3, np.full_like(gx, -0.7)], axis=2)
        self._normal = normal / np.linalg.norm(normal, axis=2, keepdims=True)
        rows, columns = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32)
        self._uv = np.stack([columns, -rows], axis=2) * (4.0 / size[0])

    def _offset(self, index: int) -> tuple[int, int]:
        """How far it has swung, whole pixels right and down."""
        swing = self._pace * index
        return round(self._bob * np.sin(swing)), round(self._bob * (1 - abs(np.cos(swing))))

    def put(self, buffer: GBuffer, index: int) -> GBuffer:
        """The frame at `index` of the clip with the item before it."""
        (dx, dy), (before_x, before_y) = self._offset(index), self._offset(index - 1)
        h, w = buffer.size
        rows, columns = np.clip(np.arange(h) - dy, 0, h - 1), np.clip(np.arange(w) - dx, 0, w - 1)
        parts = self._parts[rows][:, columns]
        seen = parts > 0
        out = {field.name: getattr(buffer, field.name).copy() for field in fields(buffer)}
        out["material"][seen] = PART_MATERIAL[parts[seen]]
        out["instance"][seen] = HELD_INSTANCE + self._seed + parts[seen].astype(np.int32)
        out["depth"][seen] = DEPTH_M
        out["position"][seen] = 0.0
        out["normal"][seen] = self._normal[rows][:, columns][seen]
        out["uv"][seen] = self._uv[rows][:, columns][seen]
        out["flow"][seen] = (UNSEEN_PX, UNSEEN_PX) if is_cut(buffer) else (before_x - dx, before_y - dy)
        return GBuffer(**out)


def _drawn(rng: Rng, size: tuple[int, int]) -> np.ndarray:
    """(h, w) uint8 parts, drawn from the bottom right inwards."""
    h, w = size
    canvas = np.zeros((h, w), np.uint8)
    unit = h / 144
    hand = np.array([w * rng.uniform(0.6, 0.85), h * rng.uniform(0.72, 0.95)])
    arm_from = np.array([w * rng.uniform(0.75, 1.0), h + 30 * unit])
    thick = rng.uniform(10, 22) * unit

    def line(start: np.ndarray, end: np.ndarray, part: int, width: float) -> None:
        ends = np.rint([start, end]).astype(int).tolist()
        cv2.line(canvas, ends[0], ends[1], part, max(1, round(width)))

    def polygon(points: list[np.ndarray], part: int) -> None:
        cv2.fillPoly(canvas, [np.rint(points).astype(np.int32)], part)

    ahead = np.array([-rng.uniform(0.1, 0.9), -1.0])
    ahead /= np.linalg.norm(ahead)
    side = np.array([-ahead[1], ahead[0]])
    kind = str(rng.choice(["blade", "gun", "torch", "block", "bare"], p=[0.3, 0.3, 0.15, 0.15, 0.1]))
    if rng.random() < 0.8 or kind == "bare":
        line(arm_from, hand, 1, thick)
    if kind == "blade":
        long, wide = rng.uniform(35, 75) * unit, rng.uniform(2, 6) * unit
        tip = hand + ahead * long
        polygon([hand + side * wide, hand - side * wide, tip - side * wide * 0.4, tip + side * wide * 0.4], 3)
        line(hand + side * wide * 2.5, hand - side * wide * 2.5, 4, 3 * unit)
    elif kind == "gun":
        long, wide = rng.uniform(22, 50) * unit, rng.uniform(4, 9) * unit
        muzzle, stock = hand + ahead * long, hand - ahead * 60 * unit
        polygon(
            [stock + side * wide * 2, stock - side * wide * 2, muzzle - side * wide * 0.6, muzzle + side * wide * 0.6],
            3,
        )
        line(hand, hand + ahead * long * 0.5, 4, wide * 0.8)
    elif kind == "torch":
        top = hand + ahead * rng.uniform(22, 38) * unit
        line(hand - ahead * 20 * unit, top, 3, 5 * unit)
        flame = np.rint(top).astype(int).tolist()
        cv2.ellipse(canvas, flame, (round(5 * unit), round(9 * unit)), 0, 0, 360, 5, -1)
    elif kind == "block":
        half = rng.uniform(12, 22) * unit
        up, right = np.array([0.0, -half]), np.array([half, 0.0])
        front = [hand - right + up, hand + right * 0.3 + up, hand + right * 0.3 - up, hand - right - up]
        polygon(front, 3)
        shift = np.array([half * 0.6, -half * 0.45])
        polygon([front[0], front[0] + shift, front[1] + shift, front[1]], 4)
        polygon([front[1], front[1] + shift, front[2] + shift, front[2]], 4)
    if kind != "block":
        cv2.circle(canvas, np.rint(hand).astype(int).tolist(), round(thick * 0.6), 2, -1)
    return canvas[:, ::-1].copy() if rng.random() < 0.15 else canvas
