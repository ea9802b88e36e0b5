"""Damaged files of every kind are read or refused in words: a short run of tools/fuzz.py, and what it found before."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from reskin.prompts import prompt_theme, sentence
from tools.fuzzing import worker
from tools.fuzzing.formats import CORPUS, FORMATS, Format, input_of, seeds_of
from tools.fuzzing.mutate import MOST_BYTES
from tools.fuzzing.worker import Fault, feed, judged

COUNTS = {"theme": 2000, "settings": 150, "profile": 200, "timeline": 40, "prompt": 60, "picture": 150, "video": 25,
          "onnx": 100, "safetensors": 150, "offer": 400, "message": 1000}  # fmt: skip
KEPT = sorted((path.parent.name, path.name) for path in CORPUS.glob("*/*"))


@pytest.fixture(autouse=True)
def embedding_comes_back(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The fuzzer reads prompts without it; other tests do not."""
    monkeypatch.setattr(sentence, "is_installed", sentence.is_installed)
    yield
    prompt_theme.cache_clear()


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_is_read_or_refused_in_words_and_in_time(name: str) -> None:
    reports = list(feed(name, 7, range(COUNTS[name])))
    assert sum(report.done for report in reports) == COUNTS[name]
    assert [fault for report in reports for fault in report.faults] == []
    if name != "prompt":  # any text is a prompt
        assert 0 < sum(report.refused for report in reports) < COUNTS[name]


@pytest.mark.parametrize(("name", "kept"), KEPT, ids=["/".join(item) for item in KEPT])
def test_what_was_found_before_is_refused_in_words_and_in_time(name: str, kept: str, tmp_path: Path) -> None:
    format_ = FORMATS[name]
    spent_ms, refused = judged(format_, (CORPUS / name / kept).read_bytes(), tmp_path / "input.toml")
    assert (refused, spent_ms <= format_.limit_ms) == (True, True), f"{spent_ms:.0f} ms"


def test_the_corpus_is_small_and_the_same_number_gives_the_same_input() -> None:
    assert sum(path.stat().st_size for path in CORPUS.rglob("*")) < 200_000
    seeds = seeds_of("theme")
    first, second, other = (input_of("theme", 1, n, seeds) for n in (5, 5, 6))
    assert first == second != other
    assert len(first) <= MOST_BYTES


def failing(kind: str) -> Format:
    def fed(content: bytes, path: Path) -> None:
        match kind:
            case "crash":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "raise":
                raise ZeroDivisionError
            case "nameless":
                raise ValueError("no")
            case "slow":
                sum(range(3_000_000))

    return Format(seeds=lambda: [b"x"], feed=fed, refusals=(ValueError,), names_place=True, limit_ms=5)


@pytest.mark.parametrize(
    ("kind", "why"),
    [("raise", "ZeroDivisionError"), ("nameless", "refused without a place"), ("slow", "ms of CPU, at")],
)
def test_the_fuzzer_sees_what_is_wrong(kind: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, "broken", failing(kind))
    (report,) = feed("broken", 1, range(2))
    assert [fault.index for fault in report.faults] == [0, 1]
    assert all(why in fault.why for fault in report.faults)


def test_a_crash_and_a_hang_of_the_process_are_faults_and_the_rest_is_still_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The process is exchanged: it says that it has done the first input, then dies, or is silent, at the second."""
    monkeypatch.setattr(worker, "HANG_S", 1.0)
    monkeypatch.setattr(worker, "_work", dying)
    assert [report.faults for report in worker.run("theme", 1, 4)] == [
        (), (Fault(1, "crashed with exit code -11"),), (), (Fault(3, "hung for 1 s"),),
    ]  # fmt: skip


def dying(name: str, seed: int, indices: range, doing: object, results: object) -> None:
    import time

    from tools.fuzzing.worker import Progress

    doing.value = indices[0]  # type: ignore[attr-defined]
    results.send(Progress(1, 0, 0.0, indices[0], ()))  # type: ignore[attr-defined]
    doing.value = indices[0] + 1  # type: ignore[attr-defined]
    if indices[0] == 0:
        os.kill(os.getpid(), signal.SIGSEGV)
    time.sleep(60)
