"""safetensors files before a weight of them is used: the header's length, its names, types, shapes and offsets.

The format (github.com/huggingface/safetensors) is eight bytes of header length, a JSON header, then the tensors with
no gap and no overlap to the file's last byte. Checked here without torch and without reading a tensor. Knows nothing of
networks: `engine.network_file` says which names and shapes it expects.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MAX_HEADER = 4 * 2**20  # bytes; ours have up to 60 kB
MAX_TENSORS = 10_000
MAX_AXES = 8
SIZES = {
    "F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2, "I8": 1,
    "U8": 1, "BOOL": 1,
}  # fmt: skip


class SafetensorsFileError(ValueError):
    """A file whose header does not say what lies in it."""


@dataclass(frozen=True)
class Stored:
    """One tensor as the header has it."""

    dtype: str
    shape: tuple[int, ...]
    start: int = field(default=0, compare=False)  # of its bytes, from the file's first one


def read_header(path: Path) -> tuple[dict[str, Stored], dict[str, str]]:
    """The tensors of a file by name, and its metadata. SafetensorsFileError, OSError."""
    total = path.stat().st_size
    with path.open("rb") as file:
        first = file.read(8)
        length = int.from_bytes(first, "little")
        if len(first) < 8 or length < 2 or length > min(MAX_HEADER, total - 8):
            raise SafetensorsFileError(
                f"{path}: its header would have {length} bytes, in a file of {total}; expected 2 to {MAX_HEADER}"
            )
        header = file.read(length)
    tree = _parsed(header, path)
    metadata = tree.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise SafetensorsFileError(f"{path}: __metadata__: expected a table of texts")
    if len(tree) > MAX_TENSORS:
        raise SafetensorsFileError(f"{path}: {len(tree)} tensors, expected at most {MAX_TENSORS}")
    spans = [(*_span(name, entry, path), name) for name, entry in tree.items()]
    _check_gapless(spans, total - 8 - length, path)
    tensors = {
        name: Stored(entry["dtype"], tuple(entry["shape"]), 8 + length + entry["data_offsets"][0])
        for name, entry in tree.items()
    }
    return tensors, metadata


def _parsed(header: bytes, path: Path) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a name stands in it twice")
        return found

    try:
        tree = json.loads(header.decode("utf-8"), object_pairs_hook=unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise SafetensorsFileError(f"{path}: its header is no JSON ({str(error)[:120]})") from error
    if not isinstance(tree, dict):
        raise SafetensorsFileError(f"{path}: its header is no table of tensors")
    return tree


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _span(name: str, entry: Any, path: Path) -> tuple[int, int]:
    """Where a tensor's bytes lie, once its entry agrees with itself."""
    what = f"{path}: {name[:80]!a}"
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise SafetensorsFileError(f"{what}: expected dtype, shape and data_offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in SIZES:
        raise SafetensorsFileError(f"{what}: got the type {str(dtype)[:40]!a}, expected one of {', '.join(SIZES)}")
    if not _are_counts(shape) or len(shape) > MAX_AXES:
        raise SafetensorsFileError(f"{what}: got the shape {str(shape)[:80]}, expected at most {MAX_AXES} counts")
    if not _are_counts(offsets) or len(offsets) != 2:
        raise SafetensorsFileError(f"{what}: got the offsets {str(offsets)[:80]}, expected two counts")
    start, end = offsets
    expected = math.prod(shape) * SIZES[dtype]
    if end - start != expected:
        raise SafetensorsFileError(f"{what}: {end - start} bytes, expected {expected} for {dtype} of {shape}"[:300])
    return start, end


def _are_counts(value: Any) -> bool:
    return isinstance(value, list) and all(type(item) is int and 0 <= item < 2**48 for item in value)


def _check_gapless(spans: list[tuple[int, int, str]], total: int, path: Path) -> None:
    at = 0
    for start, end, name in sorted(spans):
        if start != at:
            kind = "overlaps the one before" if start < at else "leaves a gap before it"
            raise SafetensorsFileError(f"{path}: {name[:80]!a}: begins at byte {start} and {kind}, which ends at {at}")
        at = end
    if at != total:
        raise SafetensorsFileError(f"{path}: the tensors end at byte {at} of {total}: the file is not whole")
