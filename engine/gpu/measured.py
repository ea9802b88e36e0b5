"""The table that `auto` picks a backend by: what `tools/bench.py gpu` measured, on which device, with which versions.

    {"NVIDIA H200": {"torch 2.11.0, triton 3.6.0": {"small": {"1920x1080": {"cudagraph": {"p50": 0, "p95": 0}}}}}}

Milliseconds of a frame, bytes to bytes, p50, p95 and worst. Nothing is in it that was not measured: a device that no
one ran the bench on has no line. Files are the caller's: data comes in, data goes out.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from pydantic import TypeAdapter

from engine.config import GPU_PRESETS

Backends = dict[str, dict[str, float]]  # backend to figure to milliseconds
Table = dict[str, dict[str, dict[str, dict[str, Backends]]]]  # device, versions, preset, window

PATH = Path(__file__).resolve().parent / "measured.json"  # the table that ships
TABLE = TypeAdapter(Table)


class Place(NamedTuple):
    """Where a line of the table holds."""

    device: str
    versions: str
    preset: str
    window: tuple[int, int]  # (H, W) in pixels


class Fastest(NamedTuple):
    backend: str
    p95_ms: float
    window: str  # at which that was measured
    tried: tuple[str, ...]  # all that were measured there
    versions: str  # with which


def device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def versions() -> str:
    """Without what follows a +: the same release for another CUDA is the same code."""
    found = [f"torch {torch.__version__.partition('+')[0]}"]
    try:
        found.append(f"triton {importlib.metadata.version('triton')}")
    except importlib.metadata.PackageNotFoundError:
        found.append("no triton")
    return ", ".join(found)


def read_table(content: bytes, backends: Collection[str]) -> Table:
    """The table in a file's bytes; ValueError where it is none, or has a line that could never be chosen rightly."""
    table = TABLE.validate_json(content)
    for device, by_versions in table.items():
        for by_preset in by_versions.values():
            for preset, by_window in by_preset.items():
                for window, found in by_window.items():
                    _check_line(f"{device}, {preset}, {window}", preset, window, found, backends)
    return table


def _check_line(line: str, preset: str, window: str, found: Backends, backends: Collection[str]) -> None:
    """`preset` may be a pruned one: "small of 2 layers, 4 heads, 512 hidden"."""
    if preset.partition(" of ")[0] not in GPU_PRESETS:
        raise ValueError(f"{line}: there is no preset {preset!r}, expected one of {', '.join(GPU_PRESETS)}")
    if not re.fullmatch(r"[1-9]\d*x[1-9]\d*", window):
        raise ValueError(f"{line}: {window!r} is no window, expected a width and a height as in 1920x1080")
    for name, figures in found.items():
        if name not in backends:
            raise ValueError(f"{line}: there is no backend {name!r}, expected one of {', '.join(backends)}")
        if not figures.get("p95", 0) > 0:
            raise ValueError(f"{line}: {name} has no p95 above 0 ms, and the fastest is chosen by that")


def fastest(table: Table, place: Place, allowed: Collection[str]) -> Fastest | None:
    """The allowed backend with the smallest p95, at the measured window nearest in pixels; None without a line.

    Where these versions were not measured, the last ones that were stand for them.
    """
    by_versions = table.get(place.device, {})
    measured = [place.versions, *reversed(by_versions)]
    found_with = next((name for name in measured if place.preset in by_versions.get(name, {})), "")
    windows = by_versions[found_with][place.preset] if found_with else {}
    lines = {window: kept for window, found in windows.items() if (kept := _only(found, allowed))}
    if not lines:
        return None
    h, w = place.window
    nearest = min(lines, key=lambda window: abs(pixels(window) - h * w))
    best = min(lines[nearest], key=lambda name: lines[nearest][name]["p95"])
    return Fastest(best, lines[nearest][best]["p95"], nearest, tuple(sorted(lines[nearest])), found_with)


def pixels(window: str) -> int:
    w, h = window.split("x")
    return int(w) * int(h)


def with_line(table: Table, place: Place, found: Mapping[str, Mapping[str, float]]) -> Table:
    """The table with what was measured at a place in it; what was there before of the same backends gives way."""
    h, w = place.window
    copy = TABLE.validate_python(table)
    presets = copy.setdefault(place.device, {}).setdefault(place.versions, {})
    line = presets.setdefault(place.preset, {}).setdefault(f"{w}x{h}", {})
    line.update({name: dict(figures) for name, figures in found.items()})
    return copy


def _only(found: Backends, allowed: Collection[str]) -> Backends:
    return {name: figures for name, figures in found.items() if name in allowed}
