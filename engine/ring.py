"""The ring: keys and values of the frames that a transformer Painter still looks at. Torch only.

Slot 0 is the anchor, the first frame since a cut; the others go round. A frame writes its slot again at each of its
denoising steps, so what stays is its last one. Buffers are made once and written in place, and which slot is next is
counted on the device: a CUDA graph of a frame needs neither a new capture nor the host.
"""

from __future__ import annotations

from collections.abc import Sequence
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

    def turn(self, frames: Tensor) -> None:
        """Makes room for each session's next frame, its `frames`-th (b,) since a cut; at 0 all before is forgotten."""
        self.slot.copy_(slot_of(frames, self.slots))
        self.age.copy_(ages_at(frames, self.slots))

    @classmethod
    def gathered(cls, rings: Sequence[Ring]) -> Ring:
        """The sessions of several rings in one, copied; they may stand at different turns."""
        keys, values = (
            tuple(torch.cat(layer) for layer in zip(*each, strict=True))
            for each in ([ring.keys for ring in rings], [ring.values for ring in rings])
        )
        return cls(
            keys=keys, values=values, slot=torch.cat([ring.slot for ring in rings]),
            age=torch.cat([ring.age for ring in rings]),
        )  # fmt: skip

    def hand_back(self, rings: Sequence[Ring]) -> None:
        """Puts what the present frame has written into the rings that this one was gathered from."""
        first = 0
        for ring in rings:
            session = torch.arange(len(ring.slot), device=ring.slot.device)
            for kept, ours in zip((*ring.keys, *ring.values), (*self.keys, *self.values), strict=True):
                kept[session, ring.slot] = ours[first + session, ring.slot]
            first += len(ring.slot)

    def cut_off(self) -> Ring:
        """A copy that gradients of a further frame do not reach through, and whose writing leaves this one alone."""
        keys, values = (tuple(kept.detach().clone() for kept in both) for both in (self.keys, self.values))
        return Ring(keys=keys, values=values, slot=self.slot.clone(), age=self.age.clone())


def slot_of(frames: Tensor, slots: int) -> Tensor:
    """Where each of these frames since a cut goes, (b,)."""
    return torch.where(frames > 0, 1 + (frames - 1) % (slots - 1), 0)


def ages_at(frames: Tensor, slots: int) -> Tensor:
    """Every slot's age while each of these frames is painted, (b, s)."""
    frames = frames[:, None]
    age = (frames - torch.arange(slots, device=frames.device)) % (slots - 1)
    age = torch.where(frames - age >= 1, age, EMPTY)  # before frame 1 nothing but the anchor was painted
    return torch.cat([torch.where(frames > 0, slots, 0), age[:, 1:]], dim=1)
