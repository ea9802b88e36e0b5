"""A theme's text while it is edited: what changes, what stays, and that every step can be taken back."""

from __future__ import annotations

import inspect
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.config import MATERIALS, PATTERNS
from reskin.editor.document import Location, ThemeDocument, open_document
from reskin.errors import ThemeError
from reskin.themes import parse_theme, shipped_themes
from reskin.toml_writer import write_text

TEXT = """\
# my theme
name = "x" # its name

[light] # the light
sun = { power = 1.0 } # warm
fog.density = 0.2

# about the sky
[material.sky]
colors = [
  "#ffffff", # above
  "#000000",
]

# the end
[finish]
bloom = 0.1
"""


def test_a_change_keeps_comments_order_and_form() -> None:
    document = ThemeDocument(TEXT)
    document.set(("material", "sky", "colors"), ["#ffffff", "#112233"])
    document.set(("finish", "bloom"), 0.25)
    assert document.text == TEXT.replace("#000000", "#112233").replace("bloom = 0.1", "bloom = 0.25")


def test_a_table_that_is_made_and_left_empty_goes_without_the_comment_below_it() -> None:
    document = ThemeDocument(TEXT)
    document.set(("material", "ground", "pattern"), "wood")
    document.remove(("material", "ground", "pattern"))
    assert document.text == TEXT


def test_a_value_goes_with_its_lines_and_the_rest_stays() -> None:
    document = ThemeDocument(TEXT)
    document.remove(("material", "sky", "colors"))
    kept = TEXT.replace('\n[material.sky]\ncolors = [\n  "#ffffff", # above\n  "#000000",\n]', "")
    assert document.text == kept
    document.remove(("light", "sun", "power"))
    assert tomllib.loads(document.text)["light"] == {"fog": {"density": 0.2}}


def test_a_new_key_stands_at_the_end_of_its_table_and_no_comment_changes_its_owner() -> None:
    document = ThemeDocument(TEXT)
    for location, value in {
        ("strength",): 0.5, ("light", "ambient"): "#abcdef", ("light", "fog", "color"): "#123456",
        ("material", "rock", "scale"): 2.0, ("keep", "hud"): False,
    }.items():  # fmt: skip
        document.set(location, value)
    expected = TEXT.replace("# its name\n", "# its name\nstrength = 0.5\n")
    expected = expected.replace("density = 0.2\n", 'density = 0.2\nfog.color = "#123456"\nambient = "#abcdef"\n')
    expected = expected.replace("]\n\n# the end", "]\n\n[material.rock]\nscale = 2.0\n\n# the end")
    assert sorted(document.text.splitlines()) == sorted((expected + "\n[keep]\nhud = false\n").splitlines())
    assert tomllib.loads(document.text)["keep"] == {"hud": False}
    assert document.text.index("# about the sky") > document.text.index('ambient = "#abcdef"')


def test_what_is_taken_out_leaves_no_empty_table_since_that_would_keep_the_prompt_out() -> None:
    document = ThemeDocument(TEXT)
    document.remove(("finish", "bloom"))
    document.remove(("light", "sun", "power"))
    document.remove(("no", "such"))
    assert "finish" not in tomllib.loads(document.text)
    assert "sun" not in tomllib.loads(document.text)["light"]
    assert "# the end" in document.text


def test_a_drag_is_one_step_of_undo_and_everything_can_be_undone_and_redone() -> None:
    document = ThemeDocument(TEXT)
    for value in (0.2, 0.3, 0.4):
        document.set(("finish", "bloom"), value, gesture=1)
    document.set(("finish", "bloom"), 0.5, gesture=2)
    document.set(("finish", "bloom"), 0.5, gesture=3)  # no change, so no step
    assert document.is_dirty
    steps = []
    while document.undo():
        steps.append(document.get(("finish", "bloom")))
    assert steps == [0.4, 0.1]
    assert document.text == TEXT
    assert not document.is_dirty
    while document.redo():
        pass
    assert document.get(("finish", "bloom")) == 0.5
    document.undo()
    document.set(("finish", "grain"), 0.1)
    assert not document.can_redo


def test_odd_forms_are_edited_too() -> None:
    document = ThemeDocument('name = "x"\nlight.ambient="#fff"\nmaterial = { sky = {glow=0.1}}\n[finish]')
    for location, value in {
        ("material", "rock", "scale"): 2.0, ("material", "sky", "glow"): 0.2, ("light", "sun", "power"): 2.0,
        ("finish", "grain"): 0.5,
    }.items():  # fmt: skip
        document.set(location, value)
        assert document.get(location) == value
    assert 'light.ambient="#fff"' in document.text


LOCATIONS: list[Location] = [
    ("strength",), ("light", "ambient"), ("light", "sun", "power"), ("light", "fog", "density"), ("finish", "grain"),
    ("keep", "hud"), *(("material", name, key) for name in MATERIALS[:4] for key in ("colors", "pattern", "scale")),
]  # fmt: skip


def value_of(location: Location, draw: st.DrawFn) -> object:
    match location[-1]:
        case "colors":
            return draw(st.lists(st.sampled_from(["#102030", "#fff", "#abcdef"]), min_size=1, max_size=4))
        case "pattern":
            return draw(st.sampled_from(PATTERNS))
        case "ambient":
            return draw(st.sampled_from(["#102030", "#fff"]))
        case "hud":
            return draw(st.booleans())
        case _:
            return draw(st.sampled_from([0.1, 0.5, 1.0]))


@st.composite
def edits(draw: st.DrawFn) -> list[tuple[Location, object]]:
    places = draw(st.lists(st.sampled_from(LOCATIONS), min_size=1, max_size=6))
    return [(at, None if draw(st.integers(0, 3)) == 0 else value_of(at, draw)) for at in places]


@settings(deadline=None, max_examples=15)
@given(st.sampled_from([TEXT, *(path.read_text(encoding="utf-8") for path in shipped_themes().values())]), edits())
def test_any_edits_of_any_theme_say_what_was_meant_keep_every_comment_and_can_be_undone(
    text: str, wanted: list[tuple[Location, object]]
) -> None:
    document = open_document(text, Path("x.toml"))
    for location, value in wanted:
        if value is None:
            document.remove(location)
        else:
            document.set(location, value)
        assert document.get(location) == value
        parse_theme(document.text)
    assert [line for line in text.splitlines() if line.startswith("#") and line not in document.text] == []
    while document.undo():
        pass
    assert document.text == text


@pytest.mark.parametrize("depth", [90, 5_000])
def test_brackets_in_brackets_are_told_however_little_stack_is_left(depth: int) -> None:
    text = f'name = "x"\nx = {"[" * depth}{"]" * depth}\n'

    def opened_below(frames: int) -> None:
        if frames:
            opened_below(frames - 1)
        else:
            open_document(text, Path("deep.toml"))

    with pytest.raises(ThemeError, match=r"opening deep\.toml to edit: .*nested"):
        opened_below(sys.getrecursionlimit() - len(inspect.stack(0)) - 100)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "x.toml"
    write_text(path, TEXT, ThemeError)
    assert path.read_text(encoding="utf-8") == TEXT
    (tmp_path / "file").write_text("")
    with pytest.raises(ThemeError, match=r"saving .*: File exists; check the folder"):
        write_text(tmp_path / "file" / "x.toml", TEXT, ThemeError)
    assert {entry.name for entry in path.parent.iterdir()} == {"x.toml"}
