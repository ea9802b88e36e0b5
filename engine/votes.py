"""The Reader's raw votes to material probabilities and depth, laid out as the rest of the engine wants them.

Softmax, pixel shuffle and the change to channels-last in one compiled pass of about 1 ms at 256x144: the same three
steps as onnxruntime operators take 4 to 6 ms, more than a third of the network itself.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

CONFIDENCE = 1.5  # logits are multiplied by it: label smoothing leaves the Reader too modest


def cut_blocks(rgb: np.ndarray) -> np.ndarray:
    """rgb (h, w, 3) in [0, 1] -> 2x2 blocks (12, h/2, w/2) in [-1, 1], the four pixels of a channel row by row."""
    h, w, _ = rgb.shape
    blocks = np.empty((12, h // 2, w // 2), np.float32)
    _cut_blocks(rgb, blocks)
    return blocks


def lay_out_votes(votes: np.ndarray, block_votes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the Reader's graph gives -> materials (h, w, k), depth (h, w), float32.

    votes (4 (k + 1), h/2, w/2) are of single pixels, block_votes (k + 1, h/2, w/2) count for all four of a block. In
    memory the materials lie plane by plane, (k, h, w): every pass over them runs along a row eight pixels at a time.
    """
    channels, h, w = votes.shape
    materials = np.empty((channels // 4 - 1, 2 * h, 2 * w), np.float32)
    depth = np.empty((2 * h, 2 * w), np.float32)
    _lay_out(votes, block_votes, np.float32(CONFIDENCE), materials, depth)
    return materials.transpose(1, 2, 0), depth


def planes(channels_last: np.ndarray) -> np.ndarray:
    """(h, w, c) as contiguous (c, h, w); no copy where it lies so already."""
    return np.ascontiguousarray(channels_last.transpose(2, 0, 1))


@njit(cache=True, fastmath=True, error_model="numpy")
def exp_below_zero(x):
    """exp(x) for x <= 0 as (1 + x / 1024) ** 1024: ten multiplications that vectorise; off by at most 3e-4 of 1."""
    y = max(np.float32(0.0), np.float32(1.0) + x * np.float32(1.0 / 1024.0))
    for _ in range(10):
        y = y * y
    return y


@njit(cache=True, fastmath=True, error_model="numpy", nogil=True)
def _cut_blocks(rgb, blocks):
    _, h, w = blocks.shape
    for y in range(h):
        for channel in range(12):
            c, row, dx = channel // 4, 2 * y + channel // 2 % 2, channel % 2
            for x in range(w):
                blocks[channel, y, x] = np.float32(2.0) * rgb[row, 2 * x + dx, c] - np.float32(1.0)


@njit(cache=True, fastmath=True, error_model="numpy", nogil=True)
def _lay_out(votes, block_votes, confidence, materials, depth):
    k, h, w = block_votes.shape
    k -= 1
    weights = np.empty((k, w), np.float32)
    top, total = np.empty(w, np.float32), np.empty(w, np.float32)
    for y in range(h):
        for corner in range(4):  # the pixels of a 2x2 block, row by row
            dy, dx = corner // 2, corner % 2
            for i in range(k):
                for x in range(w):
                    weights[i, x] = votes[4 * i + corner, y, x] + block_votes[i, y, x]
            for x in range(w):
                top[x] = weights[0, x]
                total[x] = np.float32(0.0)
            for i in range(1, k):
                for x in range(w):
                    top[x] = max(top[x], weights[i, x])
            for i in range(k):
                for x in range(w):
                    weights[i, x] = exp_below_zero((weights[i, x] - top[x]) * confidence)
                for x in range(w):
                    total[x] += weights[i, x]
            for x in range(w):
                total[x] = np.float32(1.0) / total[x]
            for i in range(k):
                for x in range(w):
                    materials[i, 2 * y + dy, 2 * x + dx] = weights[i, x] * total[x]
            for x in range(w):
                far = votes[4 * k + corner, y, x] + block_votes[k, y, x]
                depth[2 * y + dy, 2 * x + dx] = 1.0 / (1.0 + math.exp(-far))
