"""The file of figures that tools/evaluate.py and tools/bench_models.py fill, part by part.

Of each part it holds what was found, on how much, and the SHA-256 of every network that it was found with: what was
measured with other networks is seen to be so. Knows nothing of how anything is measured.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from engine.live import WEIGHTS
from engine.train.fidelity import VARIANT_FILES

FIGURES = WEIGHTS / "figures.json"  # of the weights that ship
VARIANTS = WEIGHTS.parent / "train" / "variants"
_BARE = (VARIANT_FILES["no_augmentation"],)
# Part to the variants that it measures too, in the order in which all are run.
EVALUATED: dict[str, tuple[str, ...]] = {
    "fidelity": tuple(sorted(set(VARIANT_FILES.values()))), "reading": (), "still": (), "recovery": _BARE,
    "stability": _BARE, "one_theme": _BARE, "real": (),
}  # fmt: skip
MODELS = "models"  # the part of tools/bench_models.py
NETWORKS = ("reader.onnx", "painter.onnx")  # that ship
WITHOUT_PAINTER = ("reading",)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One part of the file."""

    preset: str
    split: str  # of the worlds
    sizes: dict[str, int]  # how much was measured
    minutes: float
    networks: dict[str, str]  # file name to its SHA-256
    figures: dict[str, Any]


Parts = dict[str, Measured]


def read_figures(path: Path) -> Parts:
    """No parts where there is no file. ClickException."""
    if not path.exists():
        return {}
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return {name: Measured(**entry) for name, entry in entries.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise click.ClickException(
            f"{path}: no file of figures as tools/evaluate.py writes it ({error}). Move it away, or name another file"
        ) from error


def add_part(path: Path, name: str, part: Measured) -> Parts:
    """Writes the part beside those that are in the file, and returns them all."""
    parts = read_figures(path) | {name: part}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part.json")
    entries = {key: asdict(parts[key]) for key in sorted(parts)}
    partial.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)
    return parts


def check_setup(path: Path, parts: Parts, preset: str, split: str) -> None:
    """ClickException where the file has figures that must not stand beside what is about to be measured."""
    for name, part in parts.items():
        if name != MODELS and (part.preset, part.split) != (preset, split):
            raise click.ClickException(
                f"{path} holds {name} of {part.preset} on {part.split} worlds; this run is of {preset} on {split} "
                "worlds, and one file is of one of them. Give another file with --figures, or another folder with --out"
            )


def networks_of(name: str, weights: Path = WEIGHTS, variants: Path = VARIANTS) -> dict[str, str]:
    """SHA-256 of each network that the part needs and that is there, by file name."""
    own = NETWORKS[:1] if name in WITHOUT_PAINTER else NETWORKS
    paths = [*(weights / file for file in own), *(variants / file for file in EVALUATED.get(name, ()))]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths if path.exists()}


def measured_otherwise(
    parts: Mapping[str, Measured], weights: Path = WEIGHTS, variants: Path = VARIANTS
) -> dict[str, list[str]]:
    """The parts that were measured with other networks than lie there now, and which networks differ."""
    found = {}
    for name, part in parts.items():
        now = networks_of(name, weights, variants)
        differ = sorted(file for file in now.keys() | part.networks.keys() if now.get(file) != part.networks.get(file))
        if differ:
            found[name] = differ
    return found


def complaint(otherwise: Mapping[str, list[str]]) -> str:
    """What to say of `measured_otherwise`, a line a part."""
    return "\n".join(
        f"{name} was measured with other weights than these ({', '.join(files)}). To have it of these: "
        + ("tools/bench_models.py --presets --figures" if name == MODELS else f"tools/evaluate.py --only {name}")
        for name, files in otherwise.items()
    )


def all_figures(parts: Parts) -> dict[str, Any]:
    """The figures of all evaluated parts under one roof: no key is in two of them."""
    return {key: value for name, part in parts.items() if name != MODELS for key, value in part.figures.items()}
