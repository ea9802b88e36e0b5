"""What is written is what was meant: every theme comes back equal from its own text."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from reskin.editor.document import open_document
from reskin.prompts.bake import bake
from reskin.theme_check import checked
from reskin.theme_origins import origins_of
from reskin.theme_writer import theme_toml
from reskin.themes import Theme, load_theme, parse_theme, shipped_themes

SPARSE = Theme.model_validate({
    "name": 'Quote " backslash \\ ü', "strength": 0.5, "keep": {"hud": False, "regions": [[0.0, 0.9, 1.0, 0.1]]},
    "light": {"fog": {"density": 0.7}}, "material": {"character": {"strength": 0.0}, "sky": {"colors": ["#112233"]}},
})  # fmt: skip
THEMES = {theme_id: load_theme(path) for theme_id, path in shipped_themes().items()} | {
    "nothing said": Theme(name="Bare"), "sparse": SPARSE
}  # fmt: skip


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_a_theme_comes_back_equal_from_its_text(theme: Theme) -> None:
    assert parse_theme(theme_toml(theme)) == theme


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_a_baked_theme_is_checked_loads_and_looks_the_same_and_baking_it_again_changes_nothing(
    theme: Theme, tmp_path: Path
) -> None:
    path = tmp_path / "baked.toml"
    path.write_text(bake(theme), encoding="utf-8")
    found, again, *_ = checked(str(path))
    assert found == path
    assert again == load_theme(path)
    assert (again.materials(), again.light, again.finish) == (theme.materials(), theme.light, theme.finish)
    assert again.keep == theme.keep
    np.testing.assert_array_equal(again.style().per_material(), theme.style().per_material())
    np.testing.assert_array_equal(again.style().light_vector(), theme.style().light_vector())
    assert bake(again) == bake(theme)


@pytest.mark.parametrize("theme_id", shipped_themes())
def test_a_shipped_theme_survives_the_editor_and_the_listing_with_origins(theme_id: str) -> None:
    path = shipped_themes()[theme_id]
    document = open_document(path.read_text(encoding="utf-8"), path)
    document.set(("strength",), 0.5)
    document.undo()
    assert parse_theme(document.text) == THEMES[theme_id]
    shown = parse_theme(origins_of(path).toml())
    np.testing.assert_array_equal(shown.style().per_material(), THEMES[theme_id].style().per_material())


def test_comments_stand_above_their_tables_and_change_nothing() -> None:
    text = theme_toml(SPARSE, {"": "two\nlines", "material.character": 'left alone = "yes"', "no.such": "nowhere"})
    assert text.startswith('# two\n# lines\nname = "')
    assert '# left alone = "yes"\n[material.character]\nstrength = 0.0\n' in text
    assert "nowhere" not in text
    assert tomllib.loads(text)["material"]["character"] == {"strength": 0.0}
    assert parse_theme(text) == SPARSE
