"""Networks in safetensors files, with what they are beside them: how a GPU's presets are kept. Torch only; no pickle.

The header's metadata says which network of which preset a file holds and for what size; names, shapes and types are
checked against a network made for that before a weight is used.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from engine.config import SHAPES, Preset, Shape, TransformerShape
from engine.painter import Painter
from engine.reader import Reader
from engine.safetensors_file import SafetensorsFileError, read_header
from engine.token_painter import TokenPainter

Part = Literal["reader", "painter"]
KEY = "reskin"  # of the metadata
TOKENS = tuple(field.name for field in fields(TransformerShape))
FLOATS = (torch.float16, torch.bfloat16, torch.float32)


class NetworkFileError(ValueError):
    """A file that holds no network of ours, or not the one that was asked for."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a file holds."""

    part: Part
    shape: Shape
    size: tuple[int, int]  # (h, w) in pixels that it was trained on last
    tokens: TransformerShape | None = None  # what pruning has left of the preset's


def new_network(held: Held) -> nn.Module:
    """The untrained network."""
    preset: Preset = SHAPES[held.shape]
    if held.part == "reader":
        return Reader(preset.reader_widths)
    if preset.tokens is not None:
        return TokenPainter(held.tokens or preset.tokens, held.size)
    return Painter(preset.painter_widths, preset.painter_blocks)


def save_network(network: nn.Module, path: Path, held: Held, dtype: torch.dtype = torch.bfloat16) -> None:
    """Writes the weights; what counts whole things (of the batch norms) stays as it is."""
    tensors = {
        name: (tensor.to(dtype) if tensor.is_floating_point() else tensor).contiguous().cpu()
        for name, tensor in network.state_dict().items()
    }
    partial = path.with_suffix(".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, partial, metadata={KEY: json.dumps(asdict(held))})
    partial.replace(path)


def load_network(path: Path, part: Part, shape: Shape) -> nn.Module:
    """The network in a file, float32 on the CPU, in evaluation mode; NetworkFileError where the file is not that."""
    what = f"reading the {part} of {shape} from {path}"
    try:
        read_header(path)  # before any of it is mapped
        with safe_open(path, framework="pt") as file:
            held = _held(file.metadata(), what)
            if (held.part, held.shape) != (part, shape):
                raise NetworkFileError(f"{what}: it holds the {held.part} of {held.shape}. Name that one's file")
            network = new_network(held)
            expected = network.state_dict()
            _check_names(set(file.keys()), set(expected), what)
            for name, tensor in expected.items():
                stored = file.get_tensor(name)
                if stored.shape != tensor.shape or (stored.dtype not in FLOATS) == tensor.is_floating_point():
                    raise NetworkFileError(
                        f"{what}: {name} is {tuple(stored.shape)} of {stored.dtype}, expected {tuple(tensor.shape)}. "
                        "Take the file that belongs to this version of Reskin"
                    )
                tensor.copy_(stored)
    except (SafetensorError, SafetensorsFileError) as error:
        raise NetworkFileError(f"{what}: not a whole safetensors file ({error}). Fetch it again") from error
    except OSError as error:
        raise NetworkFileError(f"{what}: {error}. Train it with tools/train.py, or name the folder it is in") from error
    return network.eval()


def _held(metadata: dict[str, str] | None, what: str) -> Held:
    try:
        said = json.loads((metadata or {})[KEY])
        h, w = said["size"]
        tokens = said.get("tokens")
        if tokens is not None:
            tokens = TransformerShape(**{name: int(tokens[name]) for name in TOKENS})
        held = Held(part=said["part"], shape=said["shape"], size=(int(h), int(w)), tokens=tokens)
        known = held.part in ("reader", "painter") and held.shape in SHAPES
    except (KeyError, ValueError, TypeError, IndexError, AttributeError):
        known = False
    if not known:
        raise NetworkFileError(f"{what}: it does not say which network it holds. Expected a file of tools/export.py")
    preset = SHAPES[held.shape]
    if held.part == "painter" and held.size != preset.size:  # sizes decide how much memory is asked for
        raise NetworkFileError(f"{what}: it is for pictures of {held.size}, expected {preset.size}")
    if held.tokens is not None and not _is_less(held.tokens, preset.tokens):
        raise NetworkFileError(f"{what}: {held.tokens} is not what pruning leaves of {preset.tokens}")
    return held


def _is_less(tokens: TransformerShape, whole: TransformerShape | None) -> bool:
    """Whether pruning can have left these tokens of the preset's: fewer layers, heads and hidden channels."""
    if whole is None:
        return False
    same = replace(tokens, layers=whole.layers, heads=whole.heads, hidden=whole.hidden) == whole
    fewer = 0 < tokens.layers <= whole.layers and 0 < tokens.kept <= whole.kept and 0 < tokens.hidden <= whole.hidden
    return same and fewer


def _check_names(found: set[str], expected: set[str], what: str) -> None:
    if found != expected:
        missing, strange = sorted(expected - found), sorted(found - expected)
        raise NetworkFileError(
            f"{what}: {len(missing)} weights are missing and {len(strange)} unknown "
            f"({', '.join((missing + strange)[:3])}). Take the file that belongs to this version of Reskin"
        )
