"""Trains the model: a whole preset from nothing by its recipe, or one stage of it.

\b
  python tools/train.py --recipe nano                # all stages in order, into runs/nano; goes on where it stopped
  python tools/train.py --recipe nano --scale 0.01   # the same in a hundredth of the time, into runs/nano_x0.01
  python tools/train.py reader --minutes 50          # one stage; resumes from its last checkpoint
  torchrun --nproc-per-node 2 tools/train.py --recipe nano  # in two processes, on a GPU each where there are GPUs

Recipes are TOML files in engine/train/recipes, or any path. Every stage's folder has its checkpoint, log.jsonl and
contact sheets. Runs belong in the background: `nice -n 19 python tools/train.py --recipe nano > runs/nano.txt 2>&1 &`.
"""

from __future__ import annotations

import logging
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click
import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.train import distributed
from engine.train.painter import PainterRecipe, train_painter
from engine.train.painter_data import ClipsError
from engine.train.reader import ReaderRecipe, train_reader
from engine.train.recipe import Recipe, check_order, recipe_model, run_recipe
from reskin.errors import ReskinError
from reskin.toml_reader import parse_model, read_text
from tools.export import export_checkpoint

ROOT = Path(__file__).resolve().parent.parent
WEIGHTS = ROOT / "engine" / "weights"
RECIPES = ROOT / "engine" / "train" / "recipes"
RUNS = ROOT / "runs"
VARIANTS = {
    "whole": PainterRecipe(),
    "no-augmentation": PainterRecipe(augment=False),
    "no-history": PainterRecipe(history=False),
    "feed-forward": PainterRecipe(diffusion=False),
}


class RecipeError(ReskinError):
    """A recipe file that cannot be used."""


@click.group(help=__doc__, invoke_without_command=True)
@click.option("--recipe", metavar="NAME|FILE", help="Run all stages of this recipe that are not finished.")
@click.option("--scale", default=1.0, show_default=True, type=click.FloatRange(min=0, min_open=True),
              help="Times the recipe's minutes and steps: 0.01 is a quick try.")  # fmt: skip
@click.option("--folder", type=click.Path(path_type=Path), help="Where the recipe's stages go.  [default: runs/NAME]")
@click.option("--threads", default=1, show_default=True, help="CPU threads of the trainer; data has its own process.")
@click.pass_context
def main(context: click.Context, recipe: str | None, scale: float, folder: Path | None, threads: int) -> None:
    torch.set_num_threads(threads)
    if torch.cuda.is_available():
        torch.set_float32_matmul_precision("high")  # TF32: the Painter's products have no other tensor cores to run on
    if (recipe is None) == (context.invoked_subcommand is None):
        raise click.UsageError("Expected either --recipe or a stage: reader, painter. See --help.")
    if recipe is not None:
        whole_recipe(recipe, scale, folder)
    elif folder is not None or scale != 1.0:
        raise click.UsageError("--scale and --folder go with --recipe; a stage's own --folder stands after its name.")


def whole_recipe(name: str, scale: float, folder: Path | None) -> None:
    path = Path(name) if name.endswith(".toml") else RECIPES / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in RECIPES.glob("*.toml")))
        raise click.ClickException(f"reading the recipe {path}: no such file. Expected one of {known}, or a .toml file")
    try:
        recipe = read_recipe(path)
    except RecipeError as error:
        raise click.ClickException(str(error)) from error
    folder = folder or RUNS / (path.stem if scale == 1.0 else f"{path.stem}_x{scale:g}")
    with distributed.processes(), mistakes_in_words(), shown_progress() as console:

        def told(stage: str, what: str) -> None:
            if distributed.rank() == 0:
                console.print(f"{stage}: {what}", highlight=False, markup=False, soft_wrap=True)

        run_recipe(recipe, folder, export_checkpoint, told, scale=scale, device=distributed.device())
        told(path.stem, f"done; the weights are in {folder / 'weights'}, those that ship in {WEIGHTS}")


def read_recipe(path: Path) -> Recipe:
    """The recipe in a file; RecipeError names the file and every mistake's line, key and what was expected."""
    text, source = read_text(path, RecipeError, "recipe"), f"recipe {path}"
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        tree = {}  # parse_model says what is wrong, and where
    recipe = parse_model(text, recipe_model(tree), RecipeError, source)
    try:
        check_order(recipe)
    except ValueError as error:
        raise RecipeError(f"{source} cannot be used: {error}") from error
    return recipe


@contextmanager
def mistakes_in_words() -> Iterator[None]:
    """What a person can mend ends as its text; a bug keeps its traceback."""
    try:
        yield
    except (ClipsError, distributed.BatchError) as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def shown_progress() -> Iterator[Console]:
    """Shows what the stages log: on a terminal under a bar, else line by line. The console is for other lines."""
    console = Console(stderr=True)
    bar = Progress(TextColumn("training"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(),
                   TimeRemainingColumn(), console=console, transient=True)  # fmt: skip
    handler = BarHandler(bar)
    logger = logging.getLogger("engine.train")
    before = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        if console.is_terminal and distributed.rank() == 0:
            with bar:
                yield console
        else:
            yield console
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


class BarHandler(logging.Handler):
    """Prints each record above the bar and moves the bar to the record's `progress`, in [0, 1]."""

    def __init__(self, bar: Progress) -> None:
        super().__init__()
        self._bar, self._task = bar, bar.add_task("", total=1.0)

    def emit(self, record: logging.LogRecord) -> None:
        self._bar.console.print(record.getMessage(), highlight=False, markup=False, soft_wrap=True)
        self._bar.update(self._task, completed=getattr(record, "progress", 0.0))


@main.command()
@click.option("--minutes", default=50.0, show_default=True)
@click.option("--steps", type=int, help="Instead of minutes; on a CPU a resumed run then equals a whole one exactly.")
@click.option("--checkpoint-steps", default=1000, show_default=True, help="With --steps: a checkpoint after so many.")
@click.option("--workers", default=1, show_default=True, help="Processes that make samples, for each that trains.")
@click.option("--folder", type=click.Path(path_type=Path), default=RUNS / "reader", show_default=True)
@click.option("--size", default="144x256", show_default=True, help="HxW, both even: start small, end at full.")
@click.option("--lr", default=0.02, show_default=True, help="Muon's; AdamW takes a tenth.")
@click.option("--start", type=click.Path(path_type=Path, exists=True),
              help="An earlier run's checkpoint to go on from.")  # fmt: skip
@click.option("--batch", default=16, show_default=True, help="Frames a step, of all processes together.")
@click.option("--seed", default=0, show_default=True)
@click.option("--replays", default=3, show_default=True, help="How often a frame is seen, on average.")
@click.option("--held-out", default=64, show_default=True, help="Frames of the validation.")
def reader(minutes: float, steps: int | None, checkpoint_steps: int, workers: int, folder: Path, size: str, lr: float,
           start: Path | None, batch: int, seed: int, replays: int, held_out: int) -> None:  # fmt: skip
    """Stage 1: what every pixel is."""
    h, w = (int(part) for part in size.split("x"))
    recipe = ReaderRecipe(
        size=(h, w), batch=batch, minutes=minutes, steps=steps, checkpoint_steps=checkpoint_steps, workers=workers,
        matrix_lr=lr, other_lr=lr / 10, seed=seed, replays=replays, held_out=held_out,
    )  # fmt: skip
    with distributed.processes(), mistakes_in_words(), shown_progress():
        train_reader(folder, recipe, start=start, device=distributed.device())


@main.command()
@click.option("--minutes", default=20.0, show_default=True)
@click.option("--steps", type=int, help="Instead of minutes; on a CPU a resumed run then equals a whole one exactly.")
@click.option("--folder", type=click.Path(path_type=Path),
              help="[default: runs/painter; of a variant runs/painter_VARIANT]")  # fmt: skip
@click.option("--reader", type=click.Path(path_type=Path, exists=True), default=WEIGHTS / "reader.onnx")
@click.option("--clips", type=click.Path(path_type=Path), help="Where clips are kept or made.")
@click.option("--count", default=300, show_default=True, help="How many they are.")
@click.option("--workers", default=1, show_default=True, help="Processes that make them.")
@click.option("--start", type=click.Path(path_type=Path, exists=True), help="The checkpoint of an earlier stage.")
@click.option("--shortcuts", default=0.0, show_default=True, help="Share of the steps that distil (stage 4).")
@click.option("--lr", default=0.02, show_default=True, help="Muon's; AdamW takes a thirteenth.")
@click.option("--variant", type=click.Choice(list(VARIANTS)), default="whole", show_default=True,
              help="What the comparisons leave out.")  # fmt: skip
def painter(minutes: float, steps: int | None, folder: Path | None, reader: Path, clips: Path | None, count: int,
            workers: int, start: Path | None, shortcuts: float, lr: float, variant: str) -> None:  # fmt: skip
    """Stages 2 to 4: paints over the underpainting, calm over time, in few steps."""
    folder = folder or RUNS / ("painter" if variant == "whole" else f"painter_{variant}")
    recipe = replace(VARIANTS[variant], minutes=minutes, steps=steps, shortcut_share=shortcuts, matrix_lr=lr,
                     other_lr=lr * 0.075, clips=count, workers=workers)  # fmt: skip
    with distributed.processes(), mistakes_in_words(), shown_progress():
        train_painter(folder, recipe, reader, start=start, clips=clips, device=distributed.device())


if __name__ == "__main__":
    main()
