"""A prompt in a theme fills in what is not said; what is said wins, and the shipped themes stay as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.config import MATERIALS
from reskin.errors import ThemeError
from reskin.prompts.bake import bake
from reskin.prompts.fill import filled, has_gaps, theme_from_prompt
from reskin.strict_model import StrictModel
from reskin.theme_model import Theme
from reskin.theme_store import ThemeStore
from reskin.themes import load_theme, parse_theme, prompted_theme, shipped_themes
from reskin.toml_reader import read_model
from tests.prompts.judge import sentences
from tests.themes.stores import names_of

PROMPT = "a haunted forest at night"


def assert_same_style(one: Theme, other: Theme) -> None:
    np.testing.assert_array_equal(one.style().per_material(), other.style().per_material())
    np.testing.assert_array_equal(one.style().light_vector(), other.style().light_vector())
    assert (one.finish, one.keep, one.strength) == (other.finish, other.keep, other.strength)


def test_a_prompt_alone_makes_a_whole_theme() -> None:
    theme = parse_theme(f'name = "Mine"\nprompt = "{PROMPT}"')
    assert set(theme.material.named()) == set(MATERIALS)
    assert_same_style(theme, prompted_theme(PROMPT))
    assert (theme.name, theme.prompt) == ("Mine", PROMPT)


def test_what_the_file_says_wins_key_by_key() -> None:
    text = f"""
        name = "Mine"
        prompt = "{PROMPT}"
        detail = 0.33
        [light]
        ambient = "#123456"
        sun = {{ power = 2.5 }}
        [material.water]
        colors = ["#ff0000"]
        [material.rock]
        strength = 0.5
        [material.foliage]
        pattern = "dots"
        [finish]
        grain = 0.5
        levels = 6
    """
    theme, prompt = parse_theme(text), prompted_theme(PROMPT)
    assert theme.detail == 0.33
    assert theme.light.ambient == "#123456"
    assert theme.light.sun == prompt.light.sun.model_copy(update={"power": 2.5})
    assert theme.light.fog == prompt.light.fog
    assert theme.material.water.colors == ("#ff0000",)
    assert prompt.material.water.pattern != "plain"
    assert theme.material.water.pattern == prompt.material.water.pattern
    assert theme.material.rock == prompt.material.rock.model_copy(update={"strength": 0.5})
    assert theme.material.foliage == prompt.material.foliage.model_copy(update={"pattern": "dots"})
    assert theme.material.sky == prompt.material.sky
    assert prompt.finish.vignette > 0
    assert theme.finish == prompt.finish.model_copy(update={"grain": 0.5, "levels": 6})


def test_a_finish_that_says_one_key_leaves_the_others_to_the_prompt_in_a_theme_that_says_all_else() -> None:
    whole = theme_from_prompt("a pink candy world").model_dump(exclude_unset=True)
    theme = Theme.model_validate(whole | {"finish": {"grain": 0.5}})
    assert has_gaps(theme)
    wanted = prompted_theme(PROMPT).finish.model_copy(update={"grain": 0.5})
    assert filled(theme, PROMPT).finish == wanted
    assert filled(theme, PROMPT).material == theme.material


def test_the_blocks_and_tones_of_a_prompt_give_way_to_what_the_file_says() -> None:
    head = 'name = "Mine"\nprompt = "8-bit pixel art dungeon"\n'
    assert (parse_theme(head).finish.pixel, parse_theme(head).finish.levels) == (0.008, 8)
    said = parse_theme(head + "[finish]\npixel = 0.0\nlevels = 0").finish
    assert (said.pixel, said.levels) == (0.0, 0)
    baked = bake(parse_theme(head))
    assert "pixel = 0.008" in baked
    assert "levels = 8" in baked


def test_what_json_says_of_an_unsaid_colour_is_nothing() -> None:
    theme = Theme.model_validate_json('{"name": "x", "material": {"rock": {"colors": null, "glow": 0.5}}}')
    assert filled(theme, PROMPT).material.named()["rock"].colors == prompted_theme(PROMPT).material.rock.colors


@pytest.mark.parametrize("path", shipped_themes().values(), ids=shipped_themes())
def test_a_shipped_theme_is_what_its_file_says_and_no_prompt_changes_it(path: Path) -> None:
    as_written = read_model(path, Theme, ThemeError, "theme")
    assert as_written.prompt
    assert not has_gaps(as_written)
    assert load_theme(path) == load_theme(path, prompt="pink candy") == as_written


def test_without_a_prompt_the_unsaid_is_derived_as_before() -> None:
    text = 'name = "x"\n[material.sky]\ncolors = ["#102030", "#a0b0c0"]'
    assert parse_theme(text).material.named().keys() == {"sky"}
    assert parse_theme(text + "\n[finish]\n[keep]").material.named().keys() == {"sky"}


def test_a_filled_theme_crosses_to_another_process_and_is_not_filled_again() -> None:
    theme = parse_theme(f'name = "Mine"\nprompt = "{PROMPT}"\n[material.sky]\ncolors = ["#102030"]')
    copy = Theme.model_validate_json(theme.model_dump_json())
    assert copy == theme
    assert filled(copy) == copy
    assert_same_style(copy, theme)


@pytest.mark.parametrize(
    "text", [one.text for one in sentences("held_out")[::6]] + ['a "quoted" \\ back\\slash # x', ""]
)
def test_baked_and_loaded_it_is_the_same_style(text: str) -> None:
    theme = theme_from_prompt(text)
    baked = bake(theme)
    assert parse_theme(baked) == theme
    assert_same_style(parse_theme(baked), theme)
    assert bake(parse_theme(baked)) == baked
    assert baked.count("#") > 40, "there are comments that help"


@pytest.mark.parametrize("path", shipped_themes().values(), ids=shipped_themes())
def test_a_shipped_theme_baked_and_loaded_is_the_same_style(path: Path) -> None:
    theme = load_theme(path)
    assert_same_style(parse_theme(bake(theme)), theme)


def test_baking_writes_every_key_that_a_theme_has() -> None:
    def keys(part: type[StrictModel]) -> set[str]:
        return set(part.model_fields)

    theme = theme_from_prompt(PROMPT).model_copy(update={"author": "A", "description": "B"})
    tree = parse_theme(bake(theme)).model_dump(exclude_unset=True)
    assert set(tree) == keys(Theme)
    assert set(tree["finish"]) == keys(type(theme.finish))
    assert set(tree["light"]["sun"]) == keys(type(theme.light.sun))


def test_the_store_shows_a_prompt_first_and_a_theme_with_its_gaps_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    store = ThemeStore.open("", prompt=PROMPT)
    assert_same_style(store.current, prompted_theme(PROMPT))
    assert len(names_of(store)) == 1 + len(shipped_themes())
    own = tmp_path / "own.toml"
    own.write_text('name = "Own"\n[material.sky]\ncolors = ["#102030"]')
    store = ThemeStore.open(own, prompt=PROMPT)
    assert store.current.material.sky.colors == ("#102030",)
    assert store.current.material.ground == prompted_theme(PROMPT).material.ground


def test_a_file_saved_while_playing_keeps_the_prompt_of_the_command_line(tmp_path: Path) -> None:
    now = [0.0]
    own = tmp_path / "own.toml"
    own.write_text('name = "Own"')
    store = ThemeStore([own], prompt=PROMPT, clock=lambda: now[0])
    own.write_text('name = "Own"\n[material.sky]\ncolors = ["#ff8800"]')
    now[0] = 1.0
    news = store.poll()
    assert news is not None
    assert news.theme is not None
    assert news.theme.material.sky.colors == ("#ff8800",)
    assert news.theme.material.ground == prompted_theme(PROMPT).material.ground
