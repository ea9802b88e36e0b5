"""How a frame gets from pure noise to clean in a few steps. Formulas alone, for numpy arrays and torch tensors alike.

A picture at noise level sigma is (1 - sigma) * clean + sigma * noise. The Painter predicts the clean picture; a step of
size d then moves along the straight line towards it, to sigma - d. One step of size 1 is the prediction itself.
"""

from __future__ import annotations

from typing import Any

Picture = Any  # np.ndarray or Tensor
Level = Any  # a number, or an array of them that broadcasts against pictures

SMALLEST_STEP = 1 / 8  # what the Painter learns from data; larger ones it learns from two of half the size


def schedule(steps: int) -> list[tuple[float, float]]:
    """(sigma, step size) of every step, from pure noise on."""
    return [(1 - i / steps, 1 / steps) for i in range(steps)]


def noised(clean: Picture, noise: Picture, sigma: Level) -> Picture:
    """The clean picture at noise level sigma."""
    return clean * (1 - sigma) + noise * sigma


def stepped(noisy: Picture, clean: Picture, sigma: Level, step: Level) -> Picture:
    """The picture at sigma - step, on the line from `noisy` at sigma to the predicted `clean`."""
    return clean + (noisy - clean) * ((sigma - step) / sigma)


def shortcut_target(noisy: Picture, halfway: Picture, clean_first: Picture, clean_second: Picture,
                    sigma: Level, step: Level) -> Picture:  # fmt: skip
    """The clean picture that one step must predict to land where two half steps did (Frans et al. 2024, in x).

    The first predicted `clean_first` from `noisy` at sigma, the second `clean_second` from `halfway` at
    sigma - step / 2. `step` is the large one's.
    """
    first = (noisy - clean_first) / sigma
    second = (halfway - clean_second) / (sigma - step / 2)
    return noisy - sigma * (first + second) / 2
