"""Any bytes, as a file of every format that is read from strangers: it loads, or is refused in words. By hypothesis.

tests/test_fuzz.py damages whole examples and keeps time; here hypothesis looks for the least input that goes wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reskin.prompts import prompt_theme, sentence
from tools.fuzzing.formats import FORMATS

EXAMPLES = 40  # of each: 11 formats in less than 10 s
MOST_BYTES = 20_000  # of what is left of an example


@pytest.fixture(autouse=True)
def embedding_comes_back(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The formats read prompts without it; other tests do not."""
    monkeypatch.setattr(sentence, "is_installed", sentence.is_installed)
    yield
    prompt_theme.cache_clear()


def contents(name: str) -> st.SearchStrategy[bytes]:
    """Bytes, the format's own words in any order, or an example in which a span was exchanged for those."""
    format_ = FORMATS[name]
    words = st.lists(st.sampled_from(format_.tokens or (b"\0",)) | st.binary(max_size=8), max_size=12).map(b"".join)
    seeds = [seed[:MOST_BYTES] for seed in format_.seeds()]  # once: an encoder's next file may be a byte longer

    @st.composite
    def holed(draw: st.DrawFn) -> bytes:
        whole = draw(st.sampled_from(seeds))
        start = draw(st.integers(0, len(whole)))
        end = draw(st.integers(start, min(len(whole), start + 40)))
        return whole[:start] + draw(words) + whole[end:]

    return st.binary(max_size=200) | words | holed()


@pytest.mark.parametrize("name", FORMATS)
def test_any_bytes_load_or_are_refused_in_words(name: str, tmp_path: Path) -> None:
    path = tmp_path / {"picture": "input.png", "video": "input.mp4"}.get(name, "input.toml")

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None)
    @given(contents(name))
    def holds(content: bytes) -> None:
        path.write_bytes(content)
        FORMATS[name].refused(content, path)  # raises what is no refusal in words

    holds()
