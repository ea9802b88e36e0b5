"""What people expect of a sentence, and the look that is moved there."""

from __future__ import annotations

import numpy as np
import pytest

from reskin.prompts.expectation import (
    ANSWERS,
    HUES,
    LIGHTS,
    WARMTHS,
    Expectation,
    Expected,
    expectation,
    hues,
    meet,
    warmth,
)
from reskin.prompts.look import PromptLook, compose
from reskin.prompts.reading import read
from reskin.prompts.sentence import embed, is_installed
from tools.train_expectation import captions, fit

NOTHING = Expected(hue=dict.fromkeys((*HUES, "none"), 0.0), light=dict.fromkeys(LIGHTS, 0.0),
                   warmth=dict.fromkeys(WARMTHS, 0.0))  # fmt: skip


def wanting(**names: str) -> Expected:
    return Expected(**{
        kind: scores | ({names[kind]: 1.0} if kind in names else {}) for kind, scores in vars(NOTHING).items()
    })  # fmt: skip


@pytest.fixture
def look() -> PromptLook:
    return compose(read("a meadow"))


@pytest.mark.parametrize("name", [*HUES, "none"])
def test_a_look_is_moved_to_the_hue_that_is_expected(look: PromptLook, name: str) -> None:
    meet(look, wanting(hue=name), unread=0.5)
    assert name in hues(look)


@pytest.mark.parametrize(("name", "low", "high"), [("dark", 0.0, 0.43), ("medium", 0.43, 0.62), ("bright", 0.62, 1.0)])
def test_a_look_becomes_as_light_as_is_expected(look: PromptLook, name: str, low: float, high: float) -> None:
    meet(look, wanting(light=name), unread=0.5)
    assert low <= look.mean_lightness <= high


@pytest.mark.parametrize(("name", "low", "high"), [("cold", -1, -0.02), ("neutral", -0.02, 0.02), ("warm", 0.02, 1)])
def test_a_look_becomes_as_warm_as_is_expected(look: PromptLook, name: str, low: float, high: float) -> None:
    meet(look, wanting(warmth=name), unread=0.5)
    assert low <= warmth(look) <= high


def test_what_is_already_as_expected_or_was_read_word_by_word_stays(look: PromptLook) -> None:
    before = look.lab.copy()
    meet(look, wanting(hue="green"), unread=1.0)
    meet(look, wanting(hue="red", light="dark", warmth="warm"), unread=0.0)
    meet(look, NOTHING, unread=1.0)
    np.testing.assert_array_equal(look.lab, before)


def test_the_less_was_read_the_less_it_takes(look: PromptLook) -> None:
    doubtful = Expected(hue={**NOTHING.hue, "red": 0.4}, light=NOTHING.light, warmth=NOTHING.warmth)
    meet(look, doubtful, unread=0.1)
    assert "green" in hues(look)
    meet(look, doubtful, unread=1.0)
    assert "red" in hues(look)


def test_a_fit_says_of_its_own_captions_what_they_say() -> None:
    draw = np.random.default_rng(0)
    asked = captions()[:40]
    felt = draw.normal(size=(40, 64))
    fitted = Expectation(fit(felt, asked))
    right = 0
    for one, each in zip(asked, felt, strict=True):
        expected = fitted(each)
        right += max(expected.light, key=lambda name: expected.light[name]) in one.brightness
    assert right >= 36


def test_the_shipped_weights_fit_the_code() -> None:
    told = expectation()(np.ones(expectation()._captions.shape[1], np.float32))
    assert [*told.hue, *told.light, *told.warmth] == list(ANSWERS)
    assert all(np.isfinite(list(vars(told)[kind].values())).all() for kind in ("hue", "light", "warmth"))


@pytest.mark.skipif(not is_installed(), reason="not run: the extra `prompts` is not installed")
@pytest.mark.parametrize(
    ("text", "hue"), [("a blizzard in antarctica", "blue"), ("an erupting caldera", "red"), ("emeralds", "green")]
)
def test_sentences_in_words_of_their_own_are_expected_to_look_as_they_do(text: str, hue: str) -> None:
    expected = expectation()(embed(text))
    assert sorted(expected.hue, key=lambda name: expected.hue[name])[-2:].count(hue) == 1
