"""A recipe: the stages that make a preset's weights from nothing, in order, each with its numbers.

The tables of a TOML file (engine/train/recipes) are the stages. Their keys are the fields of the stage's recipe
dataclass, so a field that is added there is a key here. Knows nothing of TOML and of how a network is exported.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, Literal, Protocol, get_type_hints

import torch
from pydantic import BaseModel, ConfigDict, Field, create_model

from engine.config import NANO, SHAPES, Shape
from engine.network_file import Part
from engine.train import distributed
from engine.train.painter import PainterRecipe, train_painter
from engine.train.reader import CPU, ReaderRecipe, train_reader
from engine.train.run import CHECKPOINT, progress_on_disk

EXPECTED = {
    int: "a whole number", float: "a number", bool: "true or false", str: "a text", int | None: "a whole number",
    tuple[int, int]: "height and width in pixels, such as [144, 256]", Shape: "one of " + ", ".join(SHAPES),
}  # fmt: skip


class Exporter(Protocol):
    """Writes a checkpoint's averaged network as part.onnx, a GPU's as part.safetensors too (tools/export.py)."""

    def __call__(self, part: Part, checkpoint: Path, folder: Path, *, shape: Shape, size: tuple[int, int],
                 int8: bool, frames: int) -> Path: ...  # fmt: skip


class Stage(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    stage: Literal["reader", "painter", "export"] = Field(description='"reader", "painter" or "export"')


class TrainingStage(Stage):
    """A stage whose other keys are the fields of a recipe dataclass."""

    start: str | None = Field(default=None, description="the name of a stage of its kind above to go on from")

    def recipe(self, kind: type[Any], scale: float) -> Any:
        """The dataclass; minutes and steps times `scale`."""
        values = {field.name: getattr(self, field.name) for field in fields(kind)}
        values["minutes"] *= scale
        if values.get("steps") is not None:
            values["steps"] = max(1, round(values["steps"] * scale))
        return kind(**values)


class ExportStage(Stage):
    of: str = Field(description="the name of a stage above whose network is exported")
    size: tuple[int, int] = Field(default=NANO.size, description=EXPECTED[tuple[int, int]])
    int8: bool = Field(default=True, description="true or false: a Reader's convolutions in int8")
    frames: int = Field(default=32, ge=1, description="a whole number: frames that int8's ranges are measured on")


def stage_model(name: str, recipe: type[Any]) -> type[TrainingStage]:
    """A stage whose keys are the fields of a recipe dataclass, with their types and defaults."""
    hints = get_type_hints(recipe)
    keys: dict[str, Any] = {}
    for field in fields(recipe):
        hint, default = hints[field.name], field.default
        description = EXPECTED.get(hint, f"a value of {hint}")
        keys[field.name] = (hint, Field(... if default is MISSING else default, description=description))
    return create_model(name, __base__=TrainingStage, **keys)


STAGES: dict[str, type[Stage]] = {
    "reader": stage_model("ReaderStage", ReaderRecipe),
    "painter": stage_model("PainterStage", PainterRecipe),
    "export": ExportStage,
}


class Recipe(BaseModel):
    """Every field is a stage, in the order of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def stages(self) -> dict[str, Stage]:
        return {name: getattr(self, name) for name in type(self).model_fields}


def recipe_model(tree: dict[str, Any]) -> type[Recipe]:
    """The model that checks a file with these tables: each is of the kind that its key `stage` says."""
    kinds = {name: table.get("stage") if isinstance(table, dict) else None for name, table in tree.items()}
    keys: dict[str, Any] = {
        name: (STAGES.get(kind, Stage) if isinstance(kind, str) else Stage, Field(description="a table with a stage"))
        for name, kind in kinds.items()
    }
    return create_model("RecipeFile", __base__=Recipe, **keys)


def check_order(recipe: Recipe) -> None:
    """ValueError, which names stage and key, where a stage needs one that does not stand above it."""
    above: dict[str, str] = {}  # name to kind
    exported: set[str] = set()
    for name, stage in recipe.stages().items():
        start = stage.start if isinstance(stage, TrainingStage) else None
        if start is not None and above.get(start) != stage.stage:
            raise ValueError(f'{name}.start: no {stage.stage} stage "{start}" above it; there are: {", ".join(above)}')
        if stage.stage == "painter" and "reader" not in exported:
            raise ValueError(f"{name}: a Painter learns on what a Reader sees. Expected an export of one above it")
        if isinstance(stage, ExportStage):
            part = above.get(stage.of)
            if part not in ("reader", "painter"):
                raise ValueError(
                    f'{name}.of: no reader or painter "{stage.of}" above it; there are: {", ".join(above)}'
                )
            if part in exported:
                raise ValueError(f"{name}: a {part} is exported above it already, into the same file")
            exported.add(part)
        above[name] = stage.stage


def run_recipe(recipe: Recipe, folder: Path, export: Exporter, told: Callable[[str, str], None], *,
               scale: float = 1.0, device: torch.device = CPU) -> None:  # fmt: skip
    """Runs every stage that is not finished, in order, each in a folder of its name; `told` of each and what it does.

    Networks are exported into `folder`/weights. A stage goes on from its last checkpoint; to train one anew, delete its
    folder and those of the stages after it.
    """
    check_order(recipe)
    weights = folder / "weights"
    stages = recipe.stages()
    for name, stage in stages.items():
        if isinstance(stage, ExportStage):
            if distributed.rank() == 0:
                _export(stages, name, stage, folder, export, told)
            distributed.wait_for_all()
        elif isinstance(stage, TrainingStage):
            start = folder / stage.start / CHECKPOINT if stage.start is not None else None
            numbers = stage.recipe(ReaderRecipe if stage.stage == "reader" else PainterRecipe, scale)
            if _finished(folder, name, numbers, told):
                continue
            if stage.stage == "reader":
                train_reader(folder / name, numbers, start=start, device=device)
            else:
                train_painter(folder / name, numbers, weights / "reader.onnx", start=start, clips=folder / "clips",
                              device=device)  # fmt: skip


def _export(stages: dict[str, Stage], name: str, stage: ExportStage, folder: Path, export: Exporter,
            told: Callable[[str, str], None]) -> None:  # fmt: skip
    source = stages[stage.of]
    assert isinstance(source, TrainingStage)
    part: Part = "reader" if source.stage == "reader" else "painter"
    shape: Shape = source.preset  # type: ignore[attr-defined]  # a field of both recipes
    checkpoint, path = folder / stage.of / CHECKPOINT, folder / "weights" / exported_name(part, shape)
    if path.exists() and path.stat().st_mtime >= checkpoint.stat().st_mtime:
        told(name, "exported before")
        return
    told(name, f"exports the {part}")
    export(part, checkpoint, path.parent, shape=shape, size=stage.size, int8=stage.int8, frames=stage.frames)


def exported_name(part: Part, shape: Shape) -> str:
    """The last file that an export writes. A transformer has no ONNX file: a GPU runs it by torch."""
    return f"{part}.safetensors" if SHAPES[shape].tokens is not None else f"{part}.onnx"


def _finished(folder: Path, name: str, numbers: Any, told: Callable[[str, str], None]) -> bool:
    done = progress_on_disk(folder / name, minutes=numbers.minutes, steps=getattr(numbers, "steps", None))
    told(name, "finished before" if done >= 1 else f"trains; {done:.0%} done before")
    return done >= 1
