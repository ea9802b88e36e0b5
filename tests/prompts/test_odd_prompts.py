"""Prompts that say nothing, or mean harm, give a defined look or a clear note, and never an error."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.config import MATERIALS
from reskin.prompts import LONGEST_PROMPT, NOTHING, prompt_theme
from reskin.prompts.bake import bake
from reskin.prompts.fill import theme_from_prompt
from reskin.prompts.sentence import is_installed
from reskin.themes import Theme, parse_theme
from tests.prompts.judge import odd_prompts

ODD = odd_prompts()
needs_embedding = pytest.mark.skipif(not is_installed(), reason="not run: the extra `prompts` is not installed")


def test_there_are_thirty_of_them_and_the_worst_kinds_are_among_them() -> None:
    assert len(ODD) == 30
    assert "" in ODD
    assert max(map(len, ODD)) >= 9_996


@pytest.mark.parametrize("embedding", [False, pytest.param(True, marks=needs_embedding)])
@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_an_odd_prompt_gives_a_whole_look_that_is_the_same_each_time(text: str, embedding: bool) -> None:
    prompted = prompt_theme(text, embedding=embedding)
    assert prompted.text.isprintable()
    assert len(prompted.text) <= LONGEST_PROMPT
    assert prompt_theme.__wrapped__(text, embedding=embedding) == prompted
    theme = Theme.model_validate({"name": "odd", "prompt": prompted.text, **prompted.parameters})
    assert set(theme.material.named()) == set(MATERIALS)
    assert parse_theme(bake(theme)) == theme


@pytest.mark.parametrize("text", ["", "     ", "\n\n\t", "!!!???", "asdfghjkl qwertyuiop", "the of and to in is it"])
def test_a_prompt_that_says_nothing_says_so(text: str) -> None:
    assert prompt_theme(text, embedding=False).note == NOTHING


def test_words_that_are_not_understood_are_told_where_others_are() -> None:
    assert prompt_theme("a purple flumph by the glorb, the flumph", embedding=False).note == (
        "not understood: flumph, glorb"
    )
    many = prompt_theme("red " + " ".join(f"qx{letter * 40}" for letter in "abcdef"), embedding=False).note
    assert many == "not understood: " + ", ".join(f"qx{letter * 22}" for letter in "abcd")


def test_a_prompt_that_is_cut_says_so() -> None:
    assert "first 300 characters" in prompt_theme("purple rain " * 833).note
    assert not prompt_theme("purple rain").note


def test_ten_thousand_characters_take_no_longer_than_three_hundred() -> None:
    for text in ("a" * 10_000, "no " * 3_333, "red " * 2_500, "🌋" * 2_500, "ﷺ" * 10_000, "sky blue " * 1_111):
        start = time.perf_counter()
        prompt_theme.__wrapped__(text, embedding=False)
        assert time.perf_counter() - start < 2.0, text[:20]


@settings(deadline=None, max_examples=40)
@given(st.text(max_size=400))
def test_any_text_is_a_theme(text: str) -> None:
    theme = theme_from_prompt(text)
    assert parse_theme(bake(theme)) == theme
