"""What the lexicon reads in a sentence: phrases, plurals, colours and what they belong to, denials, degrees."""

from __future__ import annotations

import pytest

from reskin.palette import parse_hex, to_oklch
from reskin.prompts import prompt_theme
from reskin.prompts.look import STEPS
from reskin.prompts.reading import _COPULAS, clean, read
from reskin.prompts.sentence import is_installed
from reskin.prompts.tables import PLACE_WORDS, lexicon
from tests.prompts.asking import hue_gap_deg, theme_of

needs_embedding = pytest.mark.skipif(not is_installed(), reason="not run: the extra `prompts` is not installed")


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
        ("make the sky red", [("sky", "red", "")]),
        ("paint the water purple", [("water", "purple", "")]),
        ("the sky is dark green", [("sky", "green", "dark")]),
        ("the sky is blood red", [("sky", "blood red", "")]),
        ("blue skies", [("sky", "blue", "")]),
        ("a blue sky with white clouds", [("sky", "blue", ""), ("horizon", "white", "")]),
    ],
)
def test_a_colour_belongs_to_the_thing_that_it_is_said_of(text: str, bound: list[tuple[str, str, str]]) -> None:
    found = read(text)
    assert found.bound == bound
    assert not found.colors


@pytest.mark.parametrize("place", PLACE_WORDS.split())
def test_a_colour_said_of_a_place_is_of_everything(place: str) -> None:
    for copula in sorted(_COPULAS):
        found = read(f"the {place} {copula} red")
        assert (found.colors, found.bound) == ([("red", "")], []), copula


def test_a_place_of_a_colour_has_a_look() -> None:
    for text in ("the city is red", "a world turned gold", "make the room purple"):
        assert theme_of(text) != theme_of("zzzz")


def test_a_blue_sky_with_white_clouds_stays_blue() -> None:
    sky = theme_of("a blue sky with white clouds").materials()["sky"].colors
    assert hue_gap_deg(sky[0], "#2c60d0") < 30
    assert to_oklch(parse_hex(sky[-1]))[0] > 0.85


@pytest.mark.parametrize(
    ("text", "scenes", "moods"),
    [
        ("an oil painting", {"impressionism"}, {"painted"}),
        ("the milky way", set(), {"starry"}),
        ("heated", set(), {"warm"}),
        ("desert heat", {"desert"}, set()),
        ("a frozen lake", {"arctic", "lake"}, {"cold"}),
        ("cotton candy", {"candy"}, set()),
        ("a tea house", {"zen"}, set()),
        ("a journey", set(), set()),
        ("gotham", {"gothic", "city"}, {"dark", "night"}),  # a title is one where the lexicon has nothing as long
    ],
)
def test_a_title_does_not_stand_for_a_word_of_a_longer_phrase(text: str, scenes: set[str], moods: set[str]) -> None:
    found = read(text)
    assert (found.scenes.keys(), found.moods.keys()) == (scenes, moods)


@pytest.mark.parametrize(
    ("text", "scenes", "moods"),
    [
        ("keep it dark", set(), {"dark"}),
        ("a dark room with a single light", set(), {"dark"}),
        ("green leaves", set(), set()),
        ("it may be foggy", set(), {"fog"}),
        ("stormy skies", set(), {"storm"}),
    ],
)
def test_everyday_words_name_no_world(text: str, scenes: set[str], moods: set[str]) -> None:
    found = read(text)
    assert (found.scenes.keys(), found.moods.keys()) == (scenes, moods)


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
    assert read("get rid of all the fog").denied == {"fog"}


def test_a_colour_that_shall_not_be_is_taken_out_of_the_picture() -> None:
    green, other = (
        theme_of(text).materials()["foliage"].colors[1] for text in ("a forest", "a forest without any green")
    )
    assert to_oklch(parse_hex(other))[1] < 0.4 * to_oklch(parse_hex(green))[1]
    assert read("no green, but green trees").denied == set()


def test_a_colour_is_not_of_what_stands_behind_a_preposition() -> None:
    reading = read("a river of blood under a black sky")
    assert ("sky", "blood", "") not in reading.bound
    assert ("sky", "black", "") in reading.bound


@pytest.mark.parametrize(
    ("text", "moods"),
    [
        ("not day but night", {"night": 1.0}),
        ("not sunny but dark", {"dark": 1.0, "overcast": 0.8}),
        ("less dark", {"bright": 0.8}),
        ("neither dark nor cold", {"bright": 0.8, "warm": 0.8}),
        ("it isnt scary", {"peaceful": 0.8}),
        ("a night without a moon", {"night": 1.0}),
        ("dark, but not too dark", {"dark": 1.0}),
        ("less neon", {}),
    ],
)
def test_a_denial_ends_where_the_contrary_is_said_and_takes_back_nothing(text: str, moods: dict[str, float]) -> None:
    assert read(text).moods == moods


def test_what_follows_a_but_is_wanted() -> None:
    assert "winter" in read("nothing but snow").scenes
    for text in ("not red but blue", "not dark red but blue"):
        assert read(text).colors == [("blue", "")]


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


@pytest.mark.parametrize(
    ("text", "pixel", "levels"),
    [
        ("8-bit pixel art dungeon", 0.008, 8),
        ("retro Game Boy", 0.008, 8),
        ("poster with few flat tones", None, 6),
        ("blocky pixel forest", 0.008, None),
        ("a very blocky forest", 0.0112, None),
        ("a slightly pixelated sea", 0.004, None),
        ("chunky pixels in a desert, 1-bit", 0.016, 2),
        ("very few tones", None, 4),
        ("a forest without pixels", None, None),
        ("no flat tones, a harbour", None, None),
        ("pixel art, but no 8-bit", 0.008, None),
        ("not pixel art but a poster", None, 6),
        ("a neon city", None, None),
    ],
)
@pytest.mark.parametrize("embedding", [False, pytest.param(True, marks=needs_embedding)])
def test_a_prompt_asks_for_blocks_and_few_tones_by_its_words(
    text: str, pixel: float | None, levels: int | None, embedding: bool
) -> None:
    finish = prompt_theme(text, embedding=embedding).parameters["finish"]
    assert (finish.get("pixel"), finish.get("levels")) == (pixel, levels)
    assert theme_of(text, embedding=embedding).finish.pixel == (pixel or 0.0)


def test_every_drawing_of_the_lexicon_makes_a_theme() -> None:
    for name, fields in lexicon().drawings.items():
        assert fields.keys() <= {"pixel", "levels"}
        for degree in ("extremely ", "", "slightly "):
            for word in lexicon().words_of("drawing", name):
                finish = theme_of(degree + word).finish  # refused where it is out of range
                assert (finish.pixel > 0, finish.levels > 0) == ("pixel" in fields, "levels" in fields)
