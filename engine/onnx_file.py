"""ONNX files before a runtime sees them: whole, of a sane size, with every weight inside, and the ones that we shipped.

A model may name other files to load its weights from, in any tensor of any subgraph; none of ours does, so a file that
does is refused. Walks protobuf's wire format (protobuf.dev/programming-guides/encoding) down to the fields that can
hold a tensor, in a few milliseconds and without the onnx package. Knows nothing of the runtime.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.weights_manifest import CHECK, ManifestError, check_content, known_file

MAX_BYTES = 512 * 2**20
MAX_DEPTH = 32  # of messages in each other; a tensor in a subgraph's attribute is 6 deep

# Messages of onnx.proto3 and the fields of them that can hold a tensor, by number.
_MODEL = {7: "graph", 20: "training", 25: "function"}
_INNER = {
    "model": _MODEL,
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "tensor": {},
}
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14  # of a tensor
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5  # wire types; groups (3, 4) are of another age


class OnnxFileError(ValueError):
    """A file that is no ONNX model of ours."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What a model must take and give: name to type and shape, as onnxruntime says them."""

    inputs: dict[str, tuple[str, tuple[int, ...]]]
    outputs: dict[str, tuple[str, tuple[int, ...]]]


def read_onnx(path: Path) -> bytes:
    """The bytes of a model, checked: against the manifest where one lies beside it. OnnxFileError, OSError."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise OnnxFileError(f"{path}: {size} bytes; expected at most {MAX_BYTES}. {CHECK}")
    content = path.read_bytes()
    try:
        check_content(path, content)
    except ManifestError as error:
        raise OnnxFileError(str(error)) from error
    check_model(content, str(path))
    return content


def check_model(content: bytes, what: str) -> None:
    """OnnxFileError for bytes that are no whole message, or a model with weights outside itself."""
    if not content:
        raise OnnxFileError(f"{what}: it is empty. {CHECK}")
    view = memoryview(content)
    ahead: list[tuple[str, int, int, int]] = [("model", 0, len(content), 0)]  # kind, from, to, depth
    graphs = 0
    while ahead:
        kind, start, end, depth = ahead.pop()
        if depth > MAX_DEPTH:
            raise OnnxFileError(f"{what}: graphs lie more than {MAX_DEPTH} deep in each other. {CHECK}")
        graphs += kind == "graph" and depth == 1
        inner = _INNER[kind]
        for field, wire, at, to in _fields(view, start, end, what):
            if kind == "tensor" and (
                field == _EXTERNAL_DATA or (field == _DATA_LOCATION and (wire, at) != (_VARINT, 0))
            ):
                raise OnnxFileError(
                    f"{what}: a tensor names another file to load its weights from, and only this one is read. {CHECK}"
                )
            if field in inner:
                if wire != _BYTES:
                    raise OnnxFileError(f"{what}: byte {at}: field {field} of a {kind} is no message. {CHECK}")
                ahead.append((inner[field], at, to, depth + 1))
    if graphs != 1:
        raise OnnxFileError(f"{what}: it holds {graphs} graphs, expected one. Is it an ONNX model? {CHECK}")


def expected_ports(path: Path) -> Ports | None:
    """What the manifest says that the model takes and gives; None for a model that is in none."""
    known = _entry(path)
    if known is None:
        return None
    inputs, outputs = (
        {name: (kind, tuple(shape)) for name, (kind, shape) in known[side].items()} for side in ("inputs", "outputs")
    )
    return Ports(inputs=inputs, outputs=outputs)


def check_ports(path: Path, found: Ports) -> None:
    """OnnxFileError where a model that the manifest knows takes or gives something else."""
    expected = expected_ports(path)
    if expected is not None and found != expected:
        raise OnnxFileError(f"{path}: it takes {found.inputs} and gives {found.outputs}; expected {expected}. {CHECK}")


def _entry(path: Path) -> dict[str, Any] | None:
    try:
        return known_file(path)
    except ManifestError as error:
        raise OnnxFileError(str(error)) from error


def _fields(view: memoryview, start: int, end: int, what: str) -> Iterator[tuple[int, int, int, int]]:
    """Of each field of a message: number, wire type, and where its bytes lie; of a varint its value and the end."""
    at = start
    while at < end:
        key, at = _varint(view, at, end, what)
        field, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(view, at, end, what)
            yield field, wire, value, at
            continue
        if wire == _BYTES:
            length, at = _varint(view, at, end, what)
        elif wire in (_EIGHT, _FOUR):
            length = 8 if wire == _EIGHT else 4
        else:
            raise OnnxFileError(f"{what}: byte {at}: wire type {wire}. Is it an ONNX model? {CHECK}")
        if field == 0 or at + length > end:
            raise OnnxFileError(f"{what}: byte {at}: field {field} of {length} bytes ends outside. {CHECK}")
        yield field, wire, at, at + length
        at += length


def _varint(view: memoryview, at: int, end: int, what: str) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= end:
            break
        byte = view[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise OnnxFileError(f"{what}: byte {at}: a number without an end. Is it an ONNX model? {CHECK}")
