"""The sentence embedding in numpy is all-MiniLM-L6-v2, and the mapper over it answers in the lexicon's terms."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from reskin.palette import parse_hex
from reskin.prompts import mapper, prompt_theme
from reskin.prompts.reading import Reading, read
from reskin.prompts.sentence import embed, embed_all, is_installed
from reskin.prompts.tables import lexicon

pytestmark = pytest.mark.skipif(not is_installed(), reason="not run: the extra `prompts` is not installed")


def test_similarities_are_those_that_the_original_gives() -> None:
    """The model page's example: 0.694577, 0.942915 and 0.256876, computed by its authors with torch."""
    source, *others = embed_all(
        ["That is a happy person", "That is a happy dog", "That is a very happy person", "Today is a sunny day"]
    )
    np.testing.assert_allclose(np.array(others) @ source, [0.694577, 0.942915, 0.256876], atol=1e-4)


def test_one_by_one_and_together_are_the_same() -> None:
    texts = ["a lake", "a much longer sentence about a lake", "naïve café ☕", "", "ein See", "東京", "x" * 500]
    together = embed_all(texts)
    np.testing.assert_allclose(together, [embed(text) for text in texts], atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_the_mapper_knows_the_lexicon_as_it_is_now() -> None:
    """Fails when the tables were changed and tools/train_prompts.py was not run again."""
    found = mapper.mapper()(embed("a frozen lake"))
    assert list(found.scenes) == list(lexicon().scenes)
    assert list(found.moods) == list(lexicon().moods)
    assert sum(found.scenes.values()) == pytest.approx(1, abs=1e-4)
    assert mapper.WEIGHTS.stat().st_size < 1_000_000


def test_what_was_said_stays_and_what_was_denied_stays_out() -> None:
    evidence = mapper.Evidence(scenes={"desert": 0.6, "forest": 0.4}, moods={"fog": 0.99, "night": 0.99}, colors={})
    denied = mapper.join(read("no fog"), evidence)
    assert not denied.moods
    said = mapper.join(Reading(scenes={"ocean": 1.0}, unknown=["x"], known=1), evidence)
    assert said.scenes["ocean"] == 1.0 > said.scenes["desert"]


def test_neither_torch_nor_onnxruntime_is_loaded() -> None:
    code = (
        "import sys; from reskin.prompts import prompt_theme; prompt_theme('an unheard-of place'); "
        "print({'torch', 'onnxruntime', 'transformers', 'cv2', 'numba'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_embedding_leaves_a_fully_understood_sentence_mostly_alone() -> None:
    with_it, without = (prompt_theme("red and gold", embedding=flag).parameters for flag in (True, False))
    grounds = [parse_hex(parameters["material"]["ground"]["colors"][1]) for parameters in (with_it, without)]
    np.testing.assert_allclose(*grounds, atol=0.02)
