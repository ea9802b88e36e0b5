"""Every op of the frame in plain torch, fp32: the specification that each `kernels/<op>.py` is held to. No triton.

Same names, same signatures; `ops.py` lists them. All of them run on any device and can be captured in a CUDA graph:
shapes are those of the arguments, numbers that change from frame to frame are tensors, and nothing waits for the GPU.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

# ---- the screen ------------------------------------------------------------------------------------------------------
# As reskin/prepare.py and reskin/compose.py do it on a CPU. H, W: the window's pixels; h, w: the model's.

LUMA = (0.299, 0.587, 0.114)
LIKENESS = 0.004  # squared colour distance at which a neighbour's weight has fallen to a quarter
LINE_FROM = 26.0  # a jump of luminance, of 255, from which on it is a line
GRAIN_FRAMES = 3968  # after so many the grain repeats: places in a strip, a multiple of the 8 strips, 517 prime to both


def to_model(bgra_u8: Tensor, size: tuple[int, int]) -> Tensor:
    """Screen bytes (H, W, 4) uint8 of any size to what the model sees: (3, h, w) float32 RGB in [0, 1], by area."""
    height, width, _ = bgra_u8.shape
    rows, columns = _overlap(height, size[0], bgra_u8.device), _overlap(width, size[1], bgra_u8.device)
    planes = bgra_u8[..., :3].flip(2).permute(2, 0, 1).float() / 255
    return rows @ planes @ columns.T


def to_screen(bgra_u8: Tensor, guide: Tensor, base: Tensor, shade: Tensor, shine: Tensor, mean: Tensor, gain: Tensor,
              keep: Tensor, strength: Tensor, outline: Tensor, grain: Tensor, noise: Tensor,
              frame: Tensor) -> Tensor:  # fmt: skip
    """The paint maps on the window's own pixels: screen bytes (H, W, 4) uint8 to as many.

    `guide` (3, h, w) is the window at the model's size, as `to_model` gives it; base, shade and shine (3, h, w), mean,
    gain and keep (1, h, w) are `engine.underpaint.PaintMaps`. strength, outline and grain (1,) in [0, 1]; strength 0
    gives the window's bytes unchanged. `noise` (8, 4096) are the grain's specks, `frame` (1,) int32 moves them; below
    GRAIN_FRAMES, since times 517 it must stay below 2^31.
    Each pixel takes its ramp from the four model pixels around it, by how near they are over how unlike their colour is
    (joint bilateral upsampling, Kopf et al. 2007).
    """
    game = bgra_u8[..., :3].flip(2).permute(2, 0, 1).float() / 255  # (3, H, W)
    maps = torch.cat([base, shade, shine, mean, gain, keep])
    (rows, down), (columns, across) = (_cells(bgra_u8.shape[i], guide.shape[i + 1], guide.device) for i in (0, 1))
    total, mixed = torch.zeros_like(game[:1]), maps.new_zeros(len(maps), *game.shape[1:])
    for dy in (0, 1):
        for dx in (0, 1):
            y, x = (rows + dy).clamp(0, guide.shape[1] - 1), (columns + dx).clamp(0, guide.shape[2] - 1)
            unlike = LIKENESS + (game - guide[:, y][:, :, x]).square().sum(dim=0, keepdim=True)
            near = (down if dy else 1 - down)[:, None] * (across if dx else 1 - across)
            total = total + near / unlike.square()
            mixed = mixed + near / unlike.square() * maps[:, y][:, :, x]
    base, shade, shine, mean, gain, keep = (mixed / total).split([3, 3, 3, 1, 1, 1])
    at = ((luminance(game) - mean) * gain).clamp(-1, 1)
    at = 1.5 * at - 0.5 * at**3
    painted = base + shade * (1 + at.clamp(max=0)) + shine * at.clamp(min=0)
    share = strength * (1 - keep)
    color = (game + share * (painted - game)) * (1 - share * _lines(bgra_u8, outline))
    color = color + grain * share * _specks(noise, frame, game.shape[1], game.shape[2])
    levels = (color * 255 + 0.5).clamp(0, 255).to(torch.uint8).flip(0).permute(1, 2, 0)
    alpha = torch.where(strength > 0, 255, bgra_u8[..., 3:])
    return torch.cat([levels, alpha.to(torch.uint8)], dim=2)


def _specks(noise: Tensor, frame: Tensor, height: int, width: int) -> Tensor:
    """(H, W) of the noise: every row from another strip and place, and the same 128 columns again and again."""
    rows, columns = torch.arange(height, device=noise.device)[:, None], torch.arange(width, device=noise.device)
    return noise[(rows * 97 + frame * 31) % 8, (rows * 131 + frame * 517) % 3968 + columns % 128]


# ---- the frame around the networks -----------------------------------------------------------------------------------
# As engine/offline.py does it. k: materials.

ALIKE = 0.006  # squared colour distance at which a neighbour counts half
STILL = 0.002  # squared colour change at which the past counts half
CARRY = 0.7  # share of the past where nothing changed
RANGE = 1.7  # deviations from mean to either end of the ramp
BROAD = 0.55  # how much of the slow change of light within a material is kept
SPREAD_FLOOR, SKY_SPREAD_FLOOR = 0.07, 0.15  # luminance; below it contrast is not amplified
ABSENT = 0.02  # of a material counts as none of it
SAY_FLOOR = 1e-6  # probabilities sum to 1, and then one of 11 is above FAINT; numbers that do not leave nothing
FAINT = 0.08  # a material this unlikely has no say in what stays the game's own
FAR_LOG = 6.9  # log(1 + 1000 m), where depth is 1
SKY, HUD = 0, 10  # which of engine.config.MATERIALS have a rule of their own
NEAR = {0: 2.0, 1: 2.0, 2: 1.0, 4: 0.5}  # a neighbour's weight by its squared distance; farther ones have none


def settle(rgb: Tensor, materials: Tensor, rgb_before: Tensor, settled_before: Tensor, past: Tensor) -> Tensor:
    """Materials (k, h, w) averaged over neighbours of like colour, then over time where nothing changed.

    rgb (3, h, w) in [0, 1]; `past` () is 1, or 0 where there is no frame before. As `engine.refine` has it.
    """
    weights, total = torch.zeros_like(rgb[0]), torch.zeros_like(materials)
    for (near, there), (_, color) in zip(around(materials), around(rgb), strict=True):
        weight = near * (ALIKE / (ALIKE + (color - rgb).square().sum(dim=0))).square()
        weights, total = weights + weight, total + weight * there
    share = past * CARRY * STILL / (STILL + (rgb_before - rgb).square().sum(dim=0))
    return torch.lerp(total / weights, settled_before, share)


def lay_out(materials: Tensor, depth: Tensor, mean: Tensor, spread: Tensor, whole: Tensor, halo: Tensor, ramps: Tensor,
            fog_color: Tensor, fog_density: Tensor, keep_hud: Tensor,
            left: Tensor) -> tuple[Tensor, ...]:  # fmt: skip
    """base, shade, shine (3, h, w), mean, gain, keep (1, h, w): the paint maps of one frame, as `engine.underpaint`.

    materials (k, h, w); depth and halo (1 and 3, h, w); mean and spread of each material's luminance on cells
    (k, cells y, cells x) and its mean over the frame (k,); ramps (9, k) of dark, middle and light; fog_color (3, 1, 1),
    fog_density and keep_hud (1,); left (k,): the share of each material that stays the game's own.
    """
    k, h, _ = materials.shape
    high = (1 - torch.arange(h, device=depth.device)[:, None] / (0.75 * h)).clamp(0, 1)  # 1 at the top
    share = (materials - ABSENT).clamp(min=0)
    share = share / (share.sum(dim=0, keepdim=True) + 1e-6)

    sky = (torch.arange(k, device=depth.device) == SKY)[:, None, None]
    deviation = RANGE * _bilinear(spread, materials).maximum(torch.where(sky, SKY_SPREAD_FLOOR, SPREAD_FLOOR))
    own = _bilinear(mean, materials)
    own = own - BROAD * (own - whole[:, None, None])
    own = own + sky * 0.75 * (2 * high - 1) * deviation  # the sky is light at the horizon

    is_sky = materials[SKY : SKY + 1]
    metres = (FAR_LOG * depth).exp() - 1
    veil = (1.2 * fog_density).clamp(max=0.75) * (1 - high).square()
    haze = 0.9 * (1 - (-0.02 * fog_density * metres).exp()) * (1 - is_sky) + veil * is_sky

    dark, middle, light = (ramps @ share.flatten(1)).unflatten(1, share.shape[1:]).split(3)
    base = dark * (1 - haze) + fog_color * haze + halo
    center = (share * own).sum(dim=0, keepdim=True)
    gain = 1 / ((share * deviation).sum(dim=0, keepdim=True) + 1e-3)
    keep = ((materials[HUD : HUD + 1] - 0.3) * 2.5).clamp(0, 1) * keep_hud
    say = (materials - FAINT).clamp(min=0)
    kept = (left[:, None, None] * say).sum(dim=0, keepdim=True) / say.sum(dim=0, keepdim=True).clamp(min=SAY_FLOOR)
    keep = (keep + (1 - keep) * kept).clamp(max=1)
    return base, (middle - dark) * (1 - haze), (light - middle) * (1 - haze), center, gain, keep


def luminance(rgb: Tensor) -> Tensor:
    """(3, h, w) to (1, h, w)."""
    red, green, blue = rgb.split(1)
    return LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue


def _overlap(screen: int, model: int, device: torch.device) -> Tensor:
    """(model, screen): the share of a model pixel that lies on each screen pixel, along one axis; rows sum to 1.

    In units of 1 / (screen * model) of the axis every edge is a whole number.
    """
    ours, theirs = torch.arange(model, device=device)[:, None] * screen, torch.arange(screen, device=device) * model
    overlap = torch.minimum(ours + screen, theirs + model) - torch.maximum(ours, theirs)
    return overlap.clamp(min=0).float() / screen


def _cells(screen: int, model: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Of each screen pixel along an axis: the model pixel to its left, from -1 on, and the weight of the one after."""
    at = (2 * torch.arange(screen, device=device) + 1) * model - screen  # in half screen pixels times the model's size
    cells = at.div(2 * screen, rounding_mode="floor")
    return cells, (at - cells * 2 * screen).float() / (2 * screen)


def _lines(bgra_u8: Tensor, outline: Tensor) -> Tensor:
    """(1, H, W): how dark a line is where the window's luminance jumps; none on its left and right edge."""
    blue, green, red = bgra_u8[..., :3].to(torch.int32).unbind(2)
    gray = ((77 * red + 150 * green + 29 * blue) >> 8).float()
    around = torch.stack([gray[:, 1:-1], *(gray[rows, 1:-1] for rows in _neighbours(gray)), gray[:, :-2], gray[:, 2:]])
    jump = around.amax(dim=0) - around.amin(dim=0) - LINE_FROM
    darkest = 235 / 255 * (0.4 + outline).clamp(max=1)
    inside = torch.minimum((jump * (3.2 / 255) * outline).clamp(min=0), darkest)
    return F.pad(inside, (1, 1))[None] if gray.shape[1] > 1 else torch.zeros_like(gray)[None]


def _bilinear(cells: Tensor, picture: Tensor) -> Tensor:
    """(k, cells y, cells x) at the picture's (k, h, w), between the cells' centres."""
    (rows, down), (columns, across) = (_between_cells(picture.shape[i], cells.shape[i], cells.device) for i in (1, 2))
    lines = torch.lerp(cells[:, rows], cells[:, rows + 1], down[:, None])
    return torch.lerp(lines[:, :, columns], lines[:, :, columns + 1], across)


def _between_cells(size: int, cells: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """The cell before each pixel's middle along an axis, and the weight of the one after."""
    at = ((torch.arange(size, device=device) + 0.5) / (size // cells) - 0.5).clamp(0, cells - 1.001)
    return at.long(), at - at.floor()


def around(picture: Tensor, apart: int = 1) -> list[tuple[float, Tensor]]:
    """(c, h, w) as each of 13 neighbours, `apart` pixels apart, sees it, borders repeated; and how near that one is."""
    (_, h, w), reach = picture.shape, 2 * apart
    padded = F.pad(picture[None], (reach,) * 4, mode="replicate")[0]
    places = [(y, x) for y in range(-2, 3) for x in range(-2, 3) if y * y + x * x in NEAR]
    corners = [(NEAR[y * y + x * x], reach + apart * y, reach + apart * x) for y, x in places]
    return [(near, padded[:, top : top + h, left : left + w]) for near, top, left in corners]


def _neighbours(gray: Tensor) -> tuple[Tensor, Tensor]:
    """The rows above and below each; borders repeat."""
    rows = torch.arange(len(gray), device=gray.device)
    return (rows - 1).clamp(min=0), (rows + 1).clamp(max=len(gray) - 1)


# ---- the tokens ------------------------------------------------------------------------------------------------------
# Of a transformer that paints frame by frame over a ring of past keys and values. b sessions, n tokens of a frame, d
# width, heads of e = 64 channels, s slots of the ring (a slot holds a frame), r the width of queries, keys and values:
# d, or a share of it where several processes hold the heads. Weights are (out, in), as torch.nn.Linear has them.
# scale, shift and gate (b, d) are a frame's own: they come from its style and noise level. What is
# written in place is said so.

EPSILON = 1e-6  # of the root mean square, under the root


def rms_normalized(x: Tensor) -> Tensor:
    """x (..., d) over the root mean square of its last axis, in float32."""
    x = x.float()
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + EPSILON)


def rotated(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """x (..., n, e) turned pairwise (channel i with channel i + e/2) by angles given as cos and sin (n, e/2)."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, first * sin + second * cos], dim=-1)


def modulated(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """x (b, n, d) normalised, then scaled and shifted by (b, d); float32."""
    return rms_normalized(x) * (1 + scale[:, None].float()) + shift[:, None].float()


def modulated_qkv(x: Tensor, scale: Tensor, shift: Tensor, weight: Tensor, bias: Tensor, q_gain: Tensor,
                  k_gain: Tensor, cos: Tensor, sin: Tensor, keys: Tensor, values: Tensor,
                  slot: Tensor) -> Tensor:  # fmt: skip
    """The queries (b, n, r) of one frame; its keys and values go into the ring, in place.

    x (b, n, d); weight (3 r, d), bias (3 r); q_gain, k_gain (e,): queries and keys are normalised per head; cos, sin
    (n, e/2); keys, values (b, s, n, r), of which each session's `slot` (b,) int64 is written.
    """
    b, n, _ = x.shape
    e, r = q_gain.shape[0], weight.shape[0] // 3
    product = modulated(x, scale, shift).to(x.dtype).float() @ weight.float().T + bias.float()
    q, k, v = product.view(b, n, 3, r // e, e).permute(2, 0, 3, 1, 4)  # (b, heads, n, e) each
    q = rotated(rms_normalized(q) * q_gain.float(), cos.float(), sin.float())
    k = rotated(rms_normalized(k) * k_gain.float(), cos.float(), sin.float())
    session = torch.arange(b, device=x.device)
    keys[session, slot] = k.transpose(1, 2).reshape(b, n, r).to(keys.dtype)
    values[session, slot] = v.transpose(1, 2).reshape(b, n, r).to(values.dtype)
    return q.transpose(1, 2).reshape(b, n, r).to(x.dtype)


def ring_attention(q: Tensor, keys: Tensor, values: Tensor, slot_bias: Tensor) -> Tensor:
    """Every token of one frame looks at every token in the ring: (b, n, r).

    q (b, n, r); keys, values (b, s, n, r); slot_bias (b, heads, s) float32 is added to all scores of a slot, -inf where
    nothing has been written. Softmax over the slots' tokens together, at scale 1/sqrt(e).
    """
    b, s, n, r = keys.shape
    heads = slot_bias.shape[1]
    e = r // heads
    query = q.float().view(b, n, heads, e).transpose(1, 2)
    key = keys.float().view(b, s * n, heads, e).transpose(1, 2)
    value = values.float().view(b, s * n, heads, e).transpose(1, 2)
    bias = slot_bias[:, :, None, :, None].expand(b, heads, 1, s, n).reshape(b, heads, 1, s * n)
    out = F.scaled_dot_product_attention(query, key, value, attn_mask=bias.expand(-1, -1, n, -1))
    return out.transpose(1, 2).reshape(b, n, r).to(q.dtype)


def projected(x: Tensor, y: Tensor, weight: Tensor, bias: Tensor, gate: Tensor) -> Tensor:
    """The residual x (b, n, d) with y (b, n, m) projected onto it by weight (d, m), times the gate (b, d)."""
    product = y.float() @ weight.float().T + bias.float()
    return (x.float() + gate[:, None].float() * product).to(x.dtype)


def modulated_up(x: Tensor, scale: Tensor, shift: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The hidden layer of the MLP, (b, n, m): x (b, n, d) modulated, weight (m, d), then GELU (its tanh form)."""
    product = modulated(x, scale, shift).to(x.dtype).float() @ weight.float().T + bias.float()
    return F.gelu(product, approximate="tanh").to(x.dtype)


@dataclass(frozen=True, kw_only=True)
class LayerStack:
    """The weights of l layers, each kind in one tensor."""

    qkv: Tensor  # (l, 3 d, d)
    qkv_bias: Tensor  # (l, 3 d)
    q_gain: Tensor  # (l, e)
    k_gain: Tensor  # (l, e)
    out: Tensor  # (l, d, d)
    out_bias: Tensor  # (l, d)
    up: Tensor  # (l, m, d)
    up_bias: Tensor  # (l, m)
    down: Tensor  # (l, d, m)
    down_bias: Tensor  # (l, d)


def token_layers(x: Tensor, modulation: Tensor, stack: LayerStack, slot_bias: Tensor, cos: Tensor, sin: Tensor,
                 keys: Tensor, values: Tensor, slot: Tensor) -> Tensor:  # fmt: skip
    """x (b, n, d) through all layers of one denoising step; each writes its keys and values into its ring.

    modulation (b, l, 6, d): scale, shift and gate of the attention and of the MLP; slot_bias (l, b, heads, s); keys,
    values (l, b, s, n, d); the rest as the single ops have it.
    """
    for i in range(len(keys)):
        scale, shift, gate, mlp_scale, mlp_shift, mlp_gate = modulation[:, i].unbind(1)
        q = modulated_qkv(x, scale, shift, stack.qkv[i], stack.qkv_bias[i], stack.q_gain[i], stack.k_gain[i], cos, sin,
                          keys[i], values[i], slot)  # fmt: skip
        x = projected(x, ring_attention(q, keys[i], values[i], slot_bias[i]), stack.out[i], stack.out_bias[i], gate)
        hidden = modulated_up(x, mlp_scale, mlp_shift, stack.up[i], stack.up_bias[i])
        x = projected(x, hidden, stack.down[i], stack.down_bias[i], mlp_gate)
    return x
