"""What is written is what was meant: every theme comes back equal from its own text."""

from __future__ import annotations

import tomllib

import pytest

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


def test_comments_stand_above_their_tables_and_change_nothing() -> None:
    text = theme_toml(SPARSE, {"": "two\nlines", "material.character": 'left alone = "yes"', "no.such": "nowhere"})
    assert text.startswith('# two\n# lines\nname = "')
    assert '# left alone = "yes"\n[material.character]\nstrength = 0.0\n' in text
    assert "nowhere" not in text
    assert tomllib.loads(text)["material"]["character"] == {"strength": 0.0}
    assert parse_theme(text) == SPARSE
