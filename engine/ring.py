"""The ring: keys and values of the frames that a transformer Painter still looks at. Torch only.

Slot 0 is the anchor, the first frame since a cut; the others go round. A frame writes its slot again at each of its
denoising steps, so what stays is its last one. Buffers are made once and written in place; which slot is next, and what
lies where, is decided on the host and copied in, so a CUDA graph that reads the buffers needs no new capture.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

EMPTY = -1  # a slot's age where nothing has been written


@dataclass(frozen=True, kw_only=True)
class Ring:
    """b sessions, s slots, n tokens, d width; a tensor for each layer, so that each can be written on its own."""

    keys: tuple[Tensor, ...]  # (b, s, n, d) each
    values: tuple[Tensor, ...]  # (b, s, n, d) each
    slot: Tensor  # (b,) int64, which the present frame writes
    age: Tensor  # (b, s) int64: frames since then, 0 the present one; s for the anchor; EMPTY

    @classmethod
    def empty(cls, layers: int, sessions: int, slots: int, tokens: int, width: int, *,
              dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu") -> Ring:  # fmt: skip
        def kept() -> tuple[Tensor, ...]:
            shape = (sessions, slots, tokens, width)
            return tuple(torch.zeros(shape, dtype=dtype, device=device) for _ in range(layers))

        return cls(
            keys=kept(), values=kept(),
            slot=torch.zeros(sessions, dtype=torch.int64, device=device),
            age=torch.full((sessions, slots), EMPTY, dtype=torch.int64, device=device),
        )  # fmt: skip

    @property
    def slots(self) -> int:
        return self.age.shape[1]

    def turn(self, frames: list[int]) -> None:
        """Makes room for each session's next frame, its `frames`-th since a cut (0: everything before is forgotten)."""
        slots = [slot_of(frame, self.slots) for frame in frames]
        ages = [ages_at(frame, self.slots) for frame in frames]
        self.slot.copy_(torch.tensor(slots), non_blocking=True)
        self.age.copy_(torch.tensor(ages), non_blocking=True)

    def cut_off(self) -> Ring:
        """A copy that gradients of a further frame do not reach through, and whose writing leaves this one alone."""
        keys, values = (tuple(kept.detach().clone() for kept in both) for both in (self.keys, self.values))
        return Ring(keys=keys, values=values, slot=self.slot.clone(), age=self.age.clone())


def slot_of(frame: int, slots: int) -> int:
    """Where the `frame`-th frame since a cut goes."""
    return 0 if frame == 0 else 1 + (frame - 1) % (slots - 1)


def ages_at(frame: int, slots: int) -> list[int]:
    """Every slot's age while the `frame`-th frame since a cut is painted."""
    ages = [EMPTY] * slots
    for past in range(max(1, frame - slots + 2), frame + 1):
        ages[slot_of(past, slots)] = frame - past
    ages[0] = slots if frame else 0
    return ages
