"""Train a stage of the model: `python tools/train.py reader --minutes 50`. Resumes from its last checkpoint.

Runs belong in the background: `nice -n 19 python tools/train.py reader > runs/reader.txt 2>&1 &`.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.train.painter import PainterRecipe, train_painter
from engine.train.reader import ReaderRecipe, train_reader

WEIGHTS = Path(__file__).resolve().parent.parent / "engine" / "weights"
VARIANTS = {
    "whole": PainterRecipe(),
    "no-augmentation": PainterRecipe(augment=False),
    "no-history": PainterRecipe(history=False),
    "feed-forward": PainterRecipe(diffusion=False),
}
RUNS = Path(__file__).resolve().parent.parent / "runs"


@click.group(help=__doc__)
@click.option("--threads", default=1, show_default=True, help="CPU threads of the trainer; data has its own process.")
def main(threads: int) -> None:
    torch.set_num_threads(threads)


@main.command()
@click.option("--minutes", default=50.0, show_default=True)
@click.option("--workers", default=1, show_default=True, help="Processes that make samples.")
@click.option("--folder", type=click.Path(path_type=Path), default=RUNS / "reader", show_default=True)
@click.option("--size", default="144x256", show_default=True, help="HxW, multiples of 16: start small, end at full.")
@click.option("--lr", default=0.02, show_default=True, help="Muon's; AdamW takes a tenth.")
@click.option(
    "--start", type=click.Path(path_type=Path, exists=True), help="An earlier run's checkpoint to go on from."
)
@click.option("--batch", default=16, show_default=True)
def reader(minutes: float, workers: int, folder: Path, size: str, lr: float, start: Path | None, batch: int) -> None:
    """Stage 1: what every pixel is."""
    h, w = (int(part) for part in size.split("x"))
    recipe = ReaderRecipe(size=(h, w), batch=batch, minutes=minutes, workers=workers, matrix_lr=lr, other_lr=lr / 10)
    train_reader(folder, recipe, start=start)


@main.command()
@click.option("--minutes", default=40.0, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), default=RUNS / "painter", show_default=True)
@click.option("--reader", type=click.Path(path_type=Path, exists=True), default=WEIGHTS / "reader.onnx")
@click.option("--clips", type=click.Path(path_type=Path), help="Where clips are kept or made.")
@click.option("--start", type=click.Path(path_type=Path, exists=True), help="The checkpoint of an earlier stage.")
@click.option("--shortcuts", default=0.0, show_default=True, help="Share of the steps that distil (stage 4).")
@click.option("--lr", default=0.02, show_default=True, help="Muon's; AdamW takes a thirteenth.")
@click.option("--variant", type=click.Choice(list(VARIANTS)), default="whole", show_default=True,
              help="What the comparisons leave out.")  # fmt: skip
def painter(minutes: float, folder: Path, reader: Path, clips: Path | None, start: Path | None, shortcuts: float,
            lr: float, variant: str) -> None:  # fmt: skip
    """Stages 2 to 4: paints over the underpainting, calm over time, in few steps."""
    recipe = replace(VARIANTS[variant], minutes=minutes, shortcut_share=shortcuts, matrix_lr=lr, other_lr=lr * 0.075)
    train_painter(folder, recipe, reader, start=start, clips=clips)


if __name__ == "__main__":
    main()
