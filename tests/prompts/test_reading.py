"""What the lexicon reads in a sentence: phrases, plurals, colours and what they belong to, denials, degrees."""

from __future__ import annotations

import pytest

from reskin.palette import parse_hex, to_oklch
from reskin.prompts.look import STEPS
from reskin.prompts.reading import clean, read
from reskin.prompts.tables import lexicon
from tests.prompts.asking import hue_gap_deg, theme_of


def test_every_entry_of_the_lexicon_can_be_made_into_a_look() -> None:
    words = lexicon()
    assert len(words.scenes) >= 80
    assert len(words.colors) >= 150
    for scene in words.scenes.values():
        assert len(scene.colors) == 9, scene.name
        assert [to_oklch(parse_hex(color)) for color in scene.colors]
    for mood in words.moods.values():
        for step, *values in mood.steps:
            assert step in STEPS, (mood.name, step, values)
    for title, meaning in words.titles.items():
        assert not read(meaning).is_empty, title
        assert not read(meaning).unknown, (title, read(meaning).unknown)


def test_no_title_of_the_held_out_sentences_is_in_the_lexicon() -> None:
    """Their figure must say what happens with names that nobody has entered."""
    words = lexicon()
    for name in ("limbo", "inside", "moebius", "the matrix", "matrix", "dark souls", "bloodborne", "blade runner",
                 "ghibli", "studio ghibli", "nether", "minecraft nether", "gameboy"):  # fmt: skip
        assert name not in words.titles
        assert name not in words.phrases


def test_plurals_and_phrases_are_found() -> None:
    assert "desert" in read("endless dunes").scenes
    assert "blossom" in read("cherry trees").scenes
    assert "desert" in read("Oases").scenes or "desert" in read("oasis").scenes
    assert read("black-and-white").scenes.keys() == {"black and white"}
    assert read("PIRATES, at SUNSET!").moods == {"sunset": 1.0}


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("a blue sky over red sand", [("sky", "blue", ""), ("ground", "red", "")]),
        ("the sky is green and the water is pink", [("sky", "green", ""), ("water", "pink", "")]),
        ("dark red walls", [("structure", "red", "dark")]),
        ("purple trees, orange fog", [("foliage", "purple", ""), ("fog", "orange", "")]),
        ("a yellow moon", [("light", "yellow", "")]),
        ("red and gold roofs", [("roof", "red", ""), ("accent", "gold", "")]),
    ],
)
def test_a_colour_belongs_to_the_thing_that_it_is_said_of(text: str, bound: list[tuple[str, str, str]]) -> None:
    found = read(text)
    assert found.bound == bound
    assert not found.colors


def test_a_bound_colour_is_what_the_material_becomes() -> None:
    materials = theme_of("a blue sky over red sand").materials()
    assert hue_gap_deg(materials["sky"].colors[1], "#2c60d0") < 25
    assert hue_gap_deg(materials["ground"].colors[1], "#e0252b") < 25


def test_a_denied_thing_is_left_out() -> None:
    foggy, clear = theme_of("a misty forest"), theme_of("a forest, no mist")
    assert clear.light.fog.density == 0.0 < foggy.light.fog.density
    assert read("not dark").moods == {"bright": 0.8}
    assert "red" not in [name for name, _ in read("no red").colors]
    assert "winter" not in read("a village without snow").scenes


def test_a_stronger_word_makes_more_of_it() -> None:
    slightly, plainly, very = (
        theme_of(f"a {word} foggy meadow").light.fog.density for word in ("slightly", "", "very")
    )
    assert slightly < plainly < very


def test_shades_of_a_colour_differ_in_lightness() -> None:
    dark, plain, pale = (
        to_oklch(parse_hex(theme_of(f"{shade} green walls").materials()["structure"].colors[1]))[0]
        for shade in ("dark", "", "pale")
    )
    assert dark < plain < pale


def test_control_characters_and_length_are_dealt_with_first() -> None:
    assert clean("a\x00b\x1b[31m\ncity\u202e") == "a b [31m city"
    assert len(clean("x" * 10_000)) == 300
    assert clean("\ud800 forest") == "forest"
