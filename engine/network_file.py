"""Networks in safetensors files, with what they are beside them: how a GPU's presets are kept. Torch only; no pickle.

The header's metadata says which network of which preset a file holds and for what size; names, shapes and types are
checked against a network made for that before a weight is used, and the file's hash where a manifest beside it has one.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from engine.config import SHAPES, Preset, Shape
from engine.network_header import KEY, Held, NetworkFileError, Part, held_in
from engine.painter import Painter
from engine.reader import Reader
from engine.safetensors_file import SafetensorsFileError, read_header
from engine.token_painter import TokenPainter
from engine.weights_manifest import ManifestError, check_file, note_file

__all__ = ["KEY", "Held", "NetworkFileError", "Part", "load_network", "new_network", "save_network"]

FLOATS = (torch.float16, torch.bfloat16, torch.float32)


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
    note_file(path)


def load_network(path: Path, part: Part, shape: Shape) -> nn.Module:
    """The network in a file, float32 on the CPU, in evaluation mode; NetworkFileError where the file is not that."""
    what = f"reading the {part} of {shape} from {path}"
    try:
        _, metadata = read_header(path)  # before any of it is mapped
        held = held_in(metadata, what)
        check_file(path)
        with safe_open(path, framework="pt") as file:
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
    except ManifestError as error:
        raise NetworkFileError(f"{what}: {error}") from error
    except OSError as error:
        raise NetworkFileError(f"{what}: {error}. Train it with tools/train.py, or name the folder it is in") from error
    return network.eval()


def _check_names(found: set[str], expected: set[str], what: str) -> None:
    if found != expected:
        missing, strange = sorted(expected - found), sorted(found - expected)
        raise NetworkFileError(
            f"{what}: {len(missing)} weights are missing and {len(strange)} unknown "
            f"({', '.join((missing + strange)[:3])}). Take the file that belongs to this version of Reskin"
        )
