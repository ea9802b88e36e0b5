"""Stages 2 to 4: diffusion forcing with a damaged history, then perhaps shortcut distillation, on short clips.

Every frame of a clip has its own noise level (most of them pure noise, since one step is what runs), and sees the
frame before: the truth, the Painter's own output, or nothing, and that damaged as histories get damaged, while the
target stays clean. With a share of shortcuts, a large step learns to land where two of half the size do.
The loss is all in x: L1, L1 of gradients, and L1 of how an error changes along the flow from the frame before.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.config import NANO, Shape
from engine.network_file import Held, new_network
from engine.painter import MapTensors, Painter
from engine.ring import Ring
from engine.sampler import SMALLEST_STEP, noised, shortcut_target, stepped
from engine.token_painter import TokenPainter
from engine.train import distributed
from engine.train.muon import split_optimizers
from engine.train.painter_data import ClipStore, PainterClips
from engine.train.reader import CPU
from engine.train.run import TrainingRun

FORGETTING = 0.1  # share of frames before which a ring loses all that it held
FROZEN = 0.6  # of the schedule, from which on the norms keep the statistics that they will be exported with
NORM_MOMENTUM = 0.005  # those are of about the last 200 frames of a batch
SHORTCUTS = (1 / 4, 1 / 2, 1.0)  # step sizes that are learnt from two of half the size


@dataclass(frozen=True, kw_only=True)
class PainterRecipe:
    preset: Shape = "nano"
    size: tuple[int, int] = NANO.size
    clips: int = 300  # made once and kept
    workers: int = 1  # processes that make them
    tracer: str = "cpu"  # the device that traces their worlds; "cuda": by the Triton kernel
    frames: int = 5  # of a clip: its own outputs are rolled out over them
    batch: int = 4  # of all processes together
    matrix_lr: float = 0.02
    other_lr: float = 1.5e-3
    minutes: float = 20.0
    steps: int | None = None  # where given, they count instead of the minutes; on a CPU a resumed run repeats exactly
    checkpoint_steps: int = 200  # by steps
    seed: int = 1
    gradient_weight: float = 0.8
    change_weight: float = 0.5
    own_history: float = 0.7  # share of histories that are the Painter's own output
    pure_share: float = 0.8  # of frames painted from pure noise, as nano's one step is; of two steps half are
    shortcut_share: float = 0.0  # of the steps that distil; 0.4 in stage 4
    # What the comparisons leave out:
    augment: bool = True  # False: the history in training is the truth, undamaged
    history: bool = True  # False: never any past
    diffusion: bool = True  # False: one feed-forward step, no noise to start from


def damage(history: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """History (b, 3, h, w) in [-1, 1] as it may arrive, and its known noise level (b, 1).

    Noise of a known level; unknown: a cast, a gain, blur, rounding, black, a stranger's picture.
    """
    b = history.shape[0]

    def drawn(low: float, high: float, *shape: int) -> Tensor:
        return torch.rand(b, *shape, generator=rng, device=rng.device) * (high - low) + low

    known = drawn(0, 1, 1) ** 2 * 0.7
    known = torch.where(drawn(0, 1, 1) < 0.1, torch.ones_like(known), known)  # at times there is no past at all
    cast = (drawn(0, 1, 1, 1, 1) < 0.5) * drawn(-0.3, 0.3, 3, 1, 1)
    gain = 1 + (drawn(0, 1, 1, 1, 1) < 0.4) * drawn(-0.3, 0.3, 1, 1, 1)
    out = history * gain + cast
    if torch.rand((), generator=rng, device=rng.device) < 0.3:
        out = F.avg_pool2d(out, 5, 1, 2)
    out = torch.where(drawn(0, 1, 1, 1, 1) < 0.04, -torch.ones_like(out), out)
    out = torch.where(drawn(0, 1, 1, 1, 1) < 0.06, history.roll(1, dims=0), out)
    out = torch.round(out.clamp(-1, 1) * 127.5) / 127.5
    level = known[:, :, None, None]
    return out * (1 - level) + level * torch.randn(out.shape, generator=rng, device=rng.device), known


def gradient_loss(ours: Tensor, truth: Tensor) -> Tensor:
    across = (ours.diff(dim=-1) - truth.diff(dim=-1)).abs().mean()
    return across + (ours.diff(dim=-2) - truth.diff(dim=-2)).abs().mean()


class Past:
    """The history and anchor of every clip in a batch, as the recipe has them; pictures (b, 3, h, w) in [-1, 1]."""

    def __init__(self, clips: PainterClips, recipe: PainterRecipe, rng: torch.Generator) -> None:
        self._recipe, self._rng = recipe, rng
        self._truth = clips.target * 2 - 1
        self._other = clips.anchor * 2 - 1
        self.own: list[Tensor] = []
        self._began = [0] * clips.target.shape[0]  # the frame at which a clip's ring was last emptied

    def push(self, own: Tensor) -> None:
        self.own.append(own)

    def before(self, i: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What frame i sees: history, its noise level (b, 1), anchor, and its level."""
        b, rng = self._other.shape[0], self._rng
        if i == 0 or not self._recipe.history:
            noise = torch.randn(self._other.shape, generator=rng, device=rng.device)
            none = torch.ones(b, 1, device=rng.device)
            return noise, none, noise, none
        if not self._recipe.augment:
            clean = torch.zeros(b, 1, device=rng.device)
            return self._truth[:, i - 1], clean, self._truth[:, 0], clean
        use_own = self._coin(self._recipe.own_history)
        history, known = damage(torch.where(use_own, self.own[-1], self._truth[:, i - 1]), rng)
        anchor = torch.where(use_own, self.own[0], self._truth[:, 0])
        anchor = torch.where(self._coin(0.5), self._other, anchor)
        anchor, anchor_known = damage(anchor, rng)
        return history, known, anchor, anchor_known

    def ages(self, i: int) -> list[int]:
        """How many frames each clip has painted since its past began: at times a ring is empty in mid-clip."""
        b = self._other.shape[0]
        if not self._recipe.history:
            return [0] * b
        if i and self._recipe.augment:
            begins = torch.rand(b, generator=self._rng, device=self._rng.device) < FORGETTING
            self._began = [i if now else then for now, then in zip(begins.tolist(), self._began, strict=True)]
        return [i - began for began in self._began]

    def _coin(self, share: float) -> Tensor:
        return torch.rand(self._other.shape[0], 1, 1, 1, generator=self._rng, device=self._rng.device) < share


class Brush:
    """A Painter of either kind; a transformer has the ring of the clip's frames so far, as its own past made them."""

    def __init__(self, painter: torch.nn.Module, b: int, device: torch.device) -> None:
        self._painter = painter
        self._ring: Ring | None = None
        if isinstance(painter, TokenPainter):  # in the Painter's own precision, as the engine has it
            self._ring = painter.ring(b, dtype=painter.squeeze.weight.dtype, device=device)
        self._written: Ring | None = None

    def turn(self, frames: list[int]) -> None:
        """The next frame: each clip's n-th since its past began."""
        if self._ring is not None:
            self._ring = (self._written or self._ring).cut_off()  # the last frame's graph still needs its own
            self._ring.turn(torch.tensor(frames, device=self._ring.age.device))

    def __call__(self, noisy: Tensor, history: Tensor, anchor: Tensor, look: MapTensors, condition: Tensor) -> Tensor:
        """The clean frame (b, 3, h, w). Gradients stay within the frame; the last call's keys and values stay."""
        if self._ring is None:
            return self._painter(noisy, history, anchor, look, condition)  # type: ignore[no-any-return]
        self._written = self._ring.cut_off()
        return self._painter(noisy, history, anchor, look, condition, self._written)  # type: ignore[no-any-return]


def clip_loss(painter: torch.nn.Module, clips: PainterClips, recipe: PainterRecipe,
              rng: torch.Generator) -> tuple[Tensor, dict[str, float]]:  # fmt: skip
    """The loss of a batch of clips, painted frame by frame, and the squared errors of painting and underpainting.

    The errors are means over the frames that are no shortcuts, whose target is the truth; left out where all are.
    """
    b, t = clips.source.shape[:2]
    device = rng.device
    total, squared = torch.zeros((), device=device), {"mse": list[float](), "mse_under": list[float]()}
    past, brush = Past(clips, recipe, rng), Brush(painter, b, device)
    for i in range(t):
        look, truth = clips.look(i), clips.target[:, i] * 2 - 1
        history, known, anchor, anchor_known = past.before(i)
        brush.turn(past.ages(i))

        def paint(noisy: Tensor, sigma: Tensor, step: Tensor, seen=(history, anchor), look=look,  # type: ignore[no-untyped-def]
                  levels=(known, anchor_known)) -> Tensor:  # fmt: skip
            return brush(noisy, seen[0], seen[1], look, torch.cat([clips.light, sigma, step, *levels], dim=1))

        noise = torch.zeros_like(truth)
        if recipe.diffusion:
            noise = torch.randn(truth.shape, generator=rng, device=device)
        if torch.rand((), generator=rng, device=device) < recipe.shortcut_share:
            ours, target = shortcut_pair(paint, truth, noise, rng)
        else:
            target = truth
            sigma, step = torch.ones(b, 1, device=device), torch.ones(b, 1, device=device)
            if recipe.diffusion:
                coin, drawn = torch.rand(2, b, 1, generator=rng, device=device)
                sigma = torch.where(coin < recipe.pure_share, sigma, drawn)
                # Before there are shortcuts the step's size says nothing, and the Painter learns not to mind it.
                sizes = (SMALLEST_STEP, *(SHORTCUTS if recipe.shortcut_share == 0 else ()))
                step = one_of(sizes, b, rng)
            ours = paint(noised(truth, noise, sigma[:, :, None, None]), sigma, step)
            squared["mse"].append(F.mse_loss(ours.detach().clamp(-1, 1), truth).item())
            squared["mse_under"].append(F.mse_loss(look.painted().clamp(-1, 1), truth).item())
        total = total + (ours - target).abs().mean() + recipe.gradient_weight * gradient_loss(ours, target)
        if i:  # what is wrong is to stay wrong in the same way where the same point is seen: no flicker, no smear
            wrong = carried(past.own[-1] - (clips.target[:, i - 1] * 2 - 1), clips.flow[:, i, :2])
            seen = clips.flow[:, i, 2:]
            total = total + recipe.change_weight * (seen * (ours - truth - wrong)).abs().mean()
        past.push(ours.detach().clamp(-1, 1))
    return total / t, {name: round(sum(each) / len(each), 5) for name, each in squared.items() if each}


def carried(picture: Tensor, flow: Tensor) -> Tensor:
    """A picture (b, c, h, w) of the frame before where its points are now; flow (b, 2, h, w), x and y in pixels."""
    h, w = picture.shape[-2:]
    columns = torch.arange(w, device=flow.device).view(1, 1, w)
    rows = torch.arange(h, device=flow.device).view(1, h, 1)
    at = torch.stack([(columns + flow[:, 0] + 0.5) * 2 / w - 1, (rows + flow[:, 1] + 0.5) * 2 / h - 1], dim=-1)
    return F.grid_sample(picture, at, padding_mode="border", align_corners=False)


def one_of(values: tuple[float, ...], count: int, rng: torch.Generator) -> Tensor:
    """(count, 1) of the values, drawn evenly."""
    drawn = torch.randint(len(values), (count, 1), generator=rng, device=rng.device)
    return torch.tensor(values, device=rng.device)[drawn]


def shortcut_pair(paint, truth: Tensor, noise: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:  # type: ignore[no-untyped-def]
    """One large step's prediction, and the one that would land where two half steps do (no gradient)."""
    step = one_of(SHORTCUTS, truth.shape[0], rng)
    places = (1 / step).round()  # a step of size d starts at d, 2 d, ... or 1
    sigma = step * (torch.floor(torch.rand(step.shape, generator=rng, device=rng.device) * places) + 1)
    wide_sigma, wide_step = sigma[:, :, None, None], step[:, :, None, None]
    noisy = noised(truth, noise, wide_sigma)
    with torch.no_grad():
        first = paint(noisy, sigma, step / 2)
        halfway = stepped(noisy, first, wide_sigma, wide_step / 2)
        second = paint(halfway, sigma - step / 2, step / 2)
        target = shortcut_target(noisy, halfway, first, second, wide_sigma, wide_step)
    return paint(noisy, sigma, step), target.clamp(-1, 1)


def open_store(folder: Path, recipe: PainterRecipe, reader: Path) -> ClipStore:
    """The clips in a folder; the first process makes them while the others wait."""

    def opened() -> ClipStore:
        return ClipStore(folder, count=recipe.clips, frames=recipe.frames, size=recipe.size, reader=reader,
                         workers=recipe.workers, tracer=recipe.tracer)  # fmt: skip

    if distributed.rank() == 0:
        opened()
    distributed.wait_for_all()
    return opened()


def train_painter(folder: Path, recipe: PainterRecipe, reader: Path, *, start: Path | None = None,
                  clips: Path | None = None, device: torch.device = CPU) -> Painter | TokenPainter:  # fmt: skip
    """Runs or resumes the stage over the Reader exported at `reader`; returns the averaged Painter.

    `start` is the checkpoint of an earlier stage; `clips` is where the clips are kept, or else the run's folder.
    """
    distributed.part_of(recipe.batch)  # refused before clips are made
    torch.manual_seed(recipe.seed)
    store = open_store(clips or folder / "clips", recipe, reader)
    painter = new_network(Held(part="painter", shape=recipe.preset, size=recipe.size))
    assert isinstance(painter, Painter | TokenPainter)
    if start is not None:
        painter.load_state_dict(torch.load(start, weights_only=True, map_location="cpu")["model"])
    return train_on(painter, store, folder, recipe, device=device)


def norms(painter: torch.nn.Module) -> list[torch.nn.BatchNorm2d]:
    return [module for module in painter.modules() if isinstance(module, torch.nn.BatchNorm2d)]


def train_on(painter: Painter | TokenPainter, store: ClipStore, folder: Path, recipe: PainterRecipe, *,
             device: torch.device = CPU) -> Painter | TokenPainter:  # fmt: skip
    """Trains this Painter, or resumes it from the folder's checkpoint; returns the averaged one."""
    rng = torch.Generator(device).manual_seed(recipe.seed + 1000 * distributed.rank())
    painter = painter.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizers = split_optimizers(painter, matrix_lr=recipe.matrix_lr, other_lr=recipe.other_lr)
    run = TrainingRun(folder, painter, optimizers, minutes=recipe.minutes, steps=recipe.steps,
                      checkpoint_steps=recipe.checkpoint_steps, rng=rng)  # fmt: skip
    painter.train()
    for norm in norms(painter):
        norm.momentum = NORM_MOMENTUM
    while not run.finished:
        if run.progress >= FROZEN:  # a few clips have statistics of their own; from now on all are normed alike
            for norm in norms(painter):
                norm.eval()
        loss, figures = clip_loss(painter, store.batch(rng, distributed.part_of(recipe.batch)), recipe, rng)
        loss.backward()
        run.after_backward()
        if run.step % 20 == 0:
            run.log(loss=round(loss.item(), 4), **figures)
    run.save()
    return run.averaged.module  # type: ignore[return-value]
