"""The Painter of the presets for a GPU: a causal transformer over the tokens of one frame and a ring of past ones.

Sees and predicts what the U-Net of `engine/painter.py` does, in patches of `TransformerShape.patch` pixels; what a
frame was is kept as keys and values (`engine/ring.py`) beside its picture. Wide and shallow, since at one stream
launches cost more than products. The token ops are those of `kernels/reference.py`; a backend may set others of the
same signatures.
Bottlenecked patch embedding and x-prediction as in Li & He 2025 ("Back to basics"), adaLN as in DiT.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.config import PATCH, PICTURES, TransformerShape
from engine.painter import CONDITION, OUTPUTS, SURFACE, MapTensors, without_noise
from engine.ring import EMPTY, Ring
from kernels import reference

ROTARY_BASE = 100.0  # wavelengths from 6 to 600 tokens: a frame has tens


class TokenOps(Protocol):
    """`kernels.reference`, or a module with the same functions."""

    def modulated_qkv(self, x: Tensor, scale: Tensor, shift: Tensor, weight: Tensor, bias: Tensor, q_gain: Tensor,
                      k_gain: Tensor, cos: Tensor, sin: Tensor, keys: Tensor, values: Tensor,
                      slot: Tensor) -> Tensor: ...  # fmt: skip
    def ring_attention(self, q: Tensor, keys: Tensor, values: Tensor, slot_bias: Tensor) -> Tensor: ...
    def projected(self, x: Tensor, y: Tensor, weight: Tensor, bias: Tensor, gate: Tensor) -> Tensor: ...
    def modulated_up(self, x: Tensor, scale: Tensor, shift: Tensor, weight: Tensor, bias: Tensor) -> Tensor: ...


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What every layer needs to know of the frame that is painted."""

    modulation: Tensor  # (b, layers, 6, d): scale, shift, gate of the attention and of the MLP
    slot_bias: Tensor  # (layers, b, heads, s)
    cos: Tensor  # (n, head / 2)
    sin: Tensor


class Layer(nn.Module):
    def __init__(self, shape: TransformerShape) -> None:
        super().__init__()
        self.qkv = nn.Linear(shape.width, 3 * shape.kept)
        self.q_gain, self.k_gain = nn.Parameter(torch.ones(shape.head)), nn.Parameter(torch.ones(shape.head))
        self.out = nn.Linear(shape.kept, shape.width)
        self.up, self.down = nn.Linear(shape.width, shape.hidden), nn.Linear(shape.hidden, shape.width)

    def forward(self, x: Tensor, i: int, frame: Frame, ring: Ring, ops: TokenOps) -> Tensor:
        """x (b, n, d) through this layer, the i-th; writes the frame's keys and values into the ring."""
        scale, shift, gate, mlp_scale, mlp_shift, mlp_gate = frame.modulation[:, i].unbind(1)
        keys, values = ring.keys[i], ring.values[i]
        q = ops.modulated_qkv(x, scale, shift, self.qkv.weight, self.qkv.bias, self.q_gain, self.k_gain,
                              frame.cos, frame.sin, keys, values, ring.slot)  # fmt: skip
        seen = ops.ring_attention(q, keys, values, frame.slot_bias[i])
        x = ops.projected(x, seen, self.out.weight, self.out.bias, gate)
        hidden = ops.modulated_up(x, mlp_scale, mlp_shift, self.up.weight, self.up.bias)
        return ops.projected(x, hidden, self.down.weight, self.down.bias, mlp_gate)


def patch_channels(patch: int) -> int:
    """Of what a token sees. The last few are zero: products want rows that begin at 16 bytes."""
    return -(-(3 * PICTURES * patch**2 + SURFACE) // 8) * 8


class TokenPainter(nn.Module):
    cos: Tensor
    sin: Tensor

    def __init__(self, shape: TransformerShape, size: tuple[int, int]) -> None:
        """`size` (h, w) in pixels, multiples of `shape.patch`."""
        super().__init__()
        self.shape, self.size = shape, size
        self.grid = size[0] // shape.patch, size[1] // shape.patch
        self.ops: TokenOps | None = None  # None: the reference
        width, heads = shape.width, shape.kept // shape.head
        self.kept_width = shape.kept  # of the keys and values; a share of it where several processes hold the heads
        self.squeeze = nn.Linear(patch_channels(shape.patch), shape.bottleneck, bias=False)
        self.enter = nn.Linear(shape.bottleneck, width)
        self.condition = nn.Sequential(nn.Linear(CONDITION, 256), nn.SiLU())
        self.film = nn.Linear(256, 6 * width)  # for all layers; each adds its own
        self.layer_film = nn.Parameter(torch.zeros(shape.layers, 6, width))
        # By age; the last is the anchor's. Old frames start a little fainter than the present one.
        self.age_bias = nn.Parameter(-0.25 * torch.arange(shape.slots + 1.0).expand(shape.layers, heads, -1).clone())
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.residual = nn.Linear(width, OUTPUTS * shape.patch**2)
        for linear in (self.film, self.residual):
            nn.init.zeros_(linear.weight)
            nn.init.zeros_(linear.bias)
        cos, sin = rotary(self.grid, shape.head)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    @property
    def tokens(self) -> int:
        return self.grid[0] * self.grid[1]

    def ring(self, sessions: int = 1, *, dtype: torch.dtype = torch.float32,
             device: torch.device | str = "cpu") -> Ring:  # fmt: skip
        layers, slots = self.shape.layers, self.shape.slots
        return Ring.empty(layers, sessions, slots, self.tokens, self.kept_width, dtype=dtype, device=device)

    def forward(self, noisy: Tensor, history: Tensor, anchor: Tensor, look: MapTensors, condition: Tensor,
                ring: Ring) -> Tensor:  # fmt: skip
        """The clean frame (b, 3, h, w), not clipped. condition (b, CONDITION). The ring's present slot is written."""
        move, residual = self.moves(noisy, history, anchor, look, condition, ring)
        return look.painted(move, residual)

    def moves(self, noisy: Tensor, history: Tensor, anchor: Tensor, look: MapTensors, condition: Tensor, ring: Ring,
              token_outputs: Callable[..., Tensor] | None = None) -> tuple[Tensor, Tensor]:  # fmt: skip
        """How far every pixel's light moves (b, 1, h, w), and a residual (b, 3, h, w): what `MapTensors.painted` takes.

        `token_outputs` may be a `StackedPainter`'s instead of this one's own.
        """
        patch = self.shape.patch
        noisy, history, anchor = without_noise(noisy, history, anchor, condition)
        under = look.painted().clamp(-1, 1)
        pictures = torch.cat([noisy, under, look.source * 2 - 1, history, anchor], dim=1)
        surface = F.avg_pool2d(look.surface, patch // PATCH)
        patches = torch.cat([F.pixel_unshuffle(pictures, patch), surface], dim=1)
        patches = F.pad(patches, (0, 0, 0, 0, 0, patch_channels(patch) - patches.shape[1]))
        patches = patches.flatten(2).transpose(1, 2).to(self.squeeze.weight.dtype)  # (b, n, channels)
        through = token_outputs or self.token_outputs
        outputs = through(patches, condition.to(patches.dtype), ring).float()  # (b, n, 4 patch^2)
        out = F.pixel_shuffle(outputs.transpose(1, 2).unflatten(2, self.grid), patch)
        return out[:, :1], out[:, 1:]

    def token_outputs(self, patches: Tensor, condition: Tensor, ring: Ring) -> Tensor:
        """What a frame adds to its underpainting: (b, n, channels) to (b, n, 4 patch^2)."""
        x = self.embed(patches)
        frame = self.frame(condition, ring)
        for i, layer in enumerate(self.layers):
            x = layer(x, i, frame, ring, self.ops or reference)
        return self.read_out(x)

    def embed(self, patches: Tensor) -> Tensor:
        return self.enter(self.squeeze(patches))

    def read_out(self, x: Tensor) -> Tensor:
        return self.residual(reference.rms_normalized(x).to(x.dtype))

    def frame(self, condition: Tensor, ring: Ring) -> Frame:
        film = self.film(self.condition(condition)).unflatten(1, (1, 6, -1))
        bias = self.age_bias[:, :, ring.age.clamp(min=0)].transpose(1, 2)  # (layers, heads, b, s) to (layers, b, ...)
        bias = bias.masked_fill((ring.age == EMPTY)[:, None], -torch.inf)
        return Frame(modulation=film + self.layer_film, slot_bias=bias.float().contiguous(), cos=self.cos, sin=self.sin)


def rotary(grid: tuple[int, int], head: int) -> tuple[Tensor, Tensor]:
    """cos and sin (n, head / 2) of tokens in rows and columns: half of the angles turn with the row, half with x."""
    count = head // 4
    speed = ROTARY_BASE ** -(torch.arange(count) / count)
    row, column = torch.meshgrid(torch.arange(grid[0]), torch.arange(grid[1]), indexing="ij")
    angle = torch.cat([row.reshape(-1, 1) * speed, column.reshape(-1, 1) * speed], dim=1)  # (n, head / 2)
    return angle.cos(), angle.sin()
