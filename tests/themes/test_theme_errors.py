"""Every way in which a theme's file can be wrong is told with file, line, key, what was got and what was expected."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.config import PATTERNS
from reskin.errors import ThemeError
from reskin.themes import PICTURE_SUFFIXES, Theme, find_theme, load_theme, parse_theme, shipped_themes
from reskin.toml_reader import MAX_BYTES, statement_lines

MISTAKES = {
    "unknown key": ('sterngth = 0.5\nname = "x"', 'line 1, sterngth: unknown key (did you mean "strength"?)'),
    "unknown key, none near": ('name = "x"\nqqq = 1', "line 2, qqq: unknown key (valid are: name, author,"),
    "unknown material": ('name="x"\n\n[material.skyy]', 'line 3, material.skyy: unknown key (did you mean "sky"?)'),
    "key of an inline table": (
        'name="x"\n[light]\nsun = { azimuth = 3 }',
        'line 3, light.sun.azimuth: unknown key (did you mean "azimuth_deg"?)',
    ),
    "missing name": ("strength = 0.5", "name: missing; expected one line of text, 1 to 60 characters"),
    "strength below zero": (
        'name="x"\n[material.character]\nstrength = -0.5',
        "line 3, material.character.strength: got -0.5, expected a number from 0 to 1",
    ),
    "text for a strength": (
        'name="x"\n[material.character]\nstrength = "none"',
        'line 3, material.character.strength: got the text "none", expected a number from 0 to 1',
    ),
    "strength misspelt": (
        'name="x"\n[material.character]\nstrenght = 0',
        'line 3, material.character.strenght: unknown key (did you mean "strength"?)',
    ),
    "text for a number": (
        'name="x"\n[material.sky]\ncolors=["#fff"]\nscale = "big"',
        'line 4, material.sky.scale: got the text "big", expected a number from 0.05 to 8',
    ),
    "true for a number": ('name="x"\nstrength = true', "line 2, strength: got true, expected a number from 0 to 1"),
    "number for true": ('name="x"\n[keep]\nhud = 1', "line 3, keep.hud: got 1, expected true or false"),
    "too much": ('name="x"\nstrength = 1.5', "line 2, strength: got 1.5, expected a number from 0 to 1"),
    "infinite": ('name="x"\nstrength = inf', "line 2, strength: got inf, expected a number from 0 to 1"),
    "no number": ('name="x"\ndetail = nan', "line 2, detail: got nan, expected a number from 0 to 1"),
    "huge": ('name="x"\ndetail = ' + "9" * 400, "line 2, detail: got a number of more than 18 digits, expected"),
    "date": ("name = 1979-05-27", "line 1, name: got 1979-05-27, expected one line of text"),
    "bad colour": (
        'name="x"\n[material.sky]\ncolors = [\n  "#fff",\n  "blue",\n]',
        "line 3, material.sky.colors[1]: got the text \"blue\": 'blue' is no colour of the form #rgb or #rrggbb",
    ),
    "no colours": (
        'name="x"\n[material.sky]\ncolors=[]',
        "line 3, material.sky.colors: got a list of 0, expected a list of 1 to 4 colours, dark to light",
    ),
    "five colours": (
        'name="x"\n[material.sky]\ncolors=["#000","#111","#222","#333","#444"]',
        "line 3, material.sky.colors: got a list of 5, expected a list of 1 to 4 colours",
    ),
    "colour for a list": (
        'name="x"\n[material.sky]\ncolors="#fff"',
        'line 3, material.sky.colors: got the text "#fff", expected a list of 1 to 4 colours',
    ),
    "bad pattern": (
        'name="x"\n[material.sky]\ncolors=["#fff"]\npattern = "cloud"',
        'line 4, material.sky.pattern: got the text "cloud": no such pattern (did you mean "clouds"?); expected one of '
        + ", ".join(PATTERNS),
    ),
    "bad light": (
        'name="x"\n[light]\nambient = "dark"',
        "line 3, light.ambient: got the text \"dark\": 'dark' is no colour of the form #rgb or #rrggbb; "
        'expected a colour such as "#ff9ad5"',
    ),
    "text for a table": ('name="x"\n[material]\nsky = "#fff"', 'material.sky: got the text "#fff", expected a table'),
    "region of three": (
        'name="x"\n[keep]\nregions = [[0, 0, 1]]',
        "line 3, keep.regions[0][3]: missing; expected at most 64 regions",
    ),
    "region outside": (
        'name="x"\n[keep]\nregions = [[0, 0, 1, 1], [0, 2, 1, 1]]',
        "line 3, keep.regions[1][1]: got 2, expected at most 64 regions [x, y, width, height] in fractions",
    ),
    "line break in a name": (r'name = "a\nb"', r'line 1, name: got the text "a\nb": holds a line break'),
    "long name": (f'name = "{"n" * 61}"', "line 1, name: got the text"),
    "key with an escape": ('name="x"\n"\\u001b[2J" = 1', r"line 2, \x1b[2J: unknown key"),
}


@pytest.mark.parametrize(("text", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_with_its_line_its_key_and_what_was_expected(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ThemeError) as caught:
        load_theme(path)
    assert str(caught.value).startswith(f"theme {path} cannot be used, ")
    assert message in str(caught.value)


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    text = 'name = 3\n[material.sky]\nscale = "x"\ncolors = ["red"]\n[finish]\nblom = 1'
    with pytest.raises(ThemeError) as caught:
        parse_theme(text)
    first, *mistakes = str(caught.value).splitlines()
    assert first == "theme cannot be used, 4 mistakes:"
    assert [mistake.split(":")[0].strip() for mistake in mistakes] == [
        "line 1, name", "line 3, material.sky.scale", "line 4, material.sky.colors[0]", "line 6, finish.blom",
    ]  # fmt: skip


def test_a_hundred_mistakes_do_not_fill_the_screen() -> None:
    with pytest.raises(ThemeError, match=r"81 more|82 more") as caught:
        parse_theme("\n".join(f"key_{n} = {n}" for n in range(100)))
    assert len(str(caught.value).splitlines()) == 22


SYNTAX = {
    "no value": ('name = "x"\nstrength =', "is not valid TOML: line 2: Invalid value"),
    "twice": ('name = "x"\nname = "y"', "is not valid TOML: line 2: Cannot overwrite a value"),
    "no equals": ("name x\nstrength = 1", "is not valid TOML: line 1, column 6: Expected '='"),
    "open text": ('name = "x', "is not valid TOML: line 1: Unterminated string; mend that and save again"),
    "brackets": ("a = " + "[" * 600 + "]" * 600, "cannot be used: line 1: its brackets are nested too deep"),
    "tables": ("a = " + "{a=" * 450 + "1" + "}" * 450, "cannot be used: line 1: its brackets are nested too deep"),
    "digits": ("strength = " + "1" * 5000, "is not valid TOML: line 1: Exceeds the limit"),
}


@pytest.mark.parametrize(("text", "message"), SYNTAX.values(), ids=SYNTAX)
def test_what_is_no_toml_is_told_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ThemeError) as caught:
        parse_theme(text, "theme mine.toml")
    assert str(caught.value).startswith("theme mine.toml " + message)


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    missing, folder, pipe = (tmp_path / name for name in ("missing.toml", "folder.toml", "pipe.toml"))
    folder.mkdir()
    os.mkfifo(pipe)
    large, latin = tmp_path / "large.toml", tmp_path / "latin.toml"
    large.write_text("#" * (MAX_BYTES + 1))
    latin.write_bytes(b'name = "x"\nauthor = "Andr\xe9"')
    expected = {
        missing: "No such file or directory; check the path",
        folder: "Is a directory; check the path",
        pipe: "it is not a file",
        large: "it is larger than 64 KiB",
        latin: "line 2 is not UTF-8 text; save the file as UTF-8",
        Path("a\0b.toml"): "embedded null byte",
    }
    for path, message in expected.items():
        with pytest.raises(ThemeError) as caught:
            load_theme(path)
        assert str(caught.value).startswith(f"theme {path} cannot be read: ")
        assert message in str(caught.value)


def test_a_theme_that_does_not_exist_is_told_with_the_nearest_one() -> None:
    with pytest.raises(ThemeError, match=r"'neon rian': no theme of that name \(did you mean \"neon-rain\"\?\)"):
        find_theme("neon rian")
    with pytest.raises(ThemeError, match=r"valid are: candy, .*Own themes go into .*themes"):
        find_theme("zzzz")


def test_a_folder_and_a_picture_are_told_as_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(ThemeError, match=r"it is a folder\. Own themes go into"):
        find_theme(tmp_path)
    for suffix in PICTURE_SUFFIXES:
        picture = tmp_path / f"shot{suffix.upper()}"
        picture.write_bytes(b"x")
        with pytest.raises(ThemeError, match="it is a picture; `reskin theme from-image` makes a theme of one"):
            find_theme(picture)


def test_lines_are_right_in_a_file_that_uses_all_of_toml() -> None:
    text = '''# a comment
name = "x"

[light]
sun = { color = "#fff", power = 1 }
fog.density = 0.5
author = """
[not.a.table]
name = 3
"""
[[list]]
"a b".c = 1
[[list]]
a = [
  1,
  { b = 2 },
]
[ deep . "er" ]
x = 1'''
    lines = statement_lines(text)
    assert {key: lines[key] for key in sorted(lines, key=lambda key: (lines[key], str(key)))} == {
        ("name",): 2,
        ("light",): 4,
        ("light", "sun"): 5,
        ("light", "sun", "color"): 5,
        ("light", "sun", "power"): 5,
        ("light", "fog"): 6,
        ("light", "fog", "density"): 6,
        ("light", "author"): 7,
        ("list", 0): 11,
        ("list", 0, "a b"): 12,
        ("list", 0, "a b", "c"): 12,
        ("list", 1): 13,
        ("list", 1, "a"): 14,
        ("list", 1, "a", 0): 14,
        ("list", 1, "a", 1): 14,
        ("list", 1, "a", 1, "b"): 14,
        ("deep", "er"): 18,
        ("deep", "er", "x"): 19,
    }


def test_a_long_broken_file_is_judged_quickly() -> None:
    text = 'name = 3\nauthor = """\n' + "a\n" * 1_900 + '"""'
    with pytest.raises(ThemeError, match="name: got 3"):
        parse_theme(text)


def parsed_or_refused(text: str) -> Theme | None:
    try:
        theme = parse_theme(text)
    except ThemeError:
        return None
    theme.style()
    return theme


VALUES = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(),
        st.floats(),
        st.sampled_from(["#fff", "#12345", "#abcdef", "tiles", "x", ""]),
        st.text(max_size=5),
    ),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(["sky", "colors", "sun"]), inner),
    max_leaves=8,
)
KEYS = st.sampled_from(
    ["name", "strength", "material.sky.colors", "material.sky.scale", "light.sun.power", "light.fog", "keep.regions",
     "finish", "keep.hud", "materials", "light.sun"]
)  # fmt: skip


def toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case list():
            return "[" + ", ".join(toml(item) for item in value) + "]"
        case dict():
            return "{" + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + "}"
        case str():
            return '"' + "".join(f"\\U{ord(c):08x}" if c in '"\\' or not c.isprintable() else c for c in value) + '"'
        case _:
            return str(value)


@settings(deadline=None)
@given(st.text() | st.text(alphabet="[]{}=.,\"'#\n\\ a1-_:"))
@example("[[material]]\nsky = 1")
@example("[material.sky.colors]")
@example("\ud800")
@example("name = '''\r\n'''")
@example("a" * 70_000 + " = 1")
def test_any_text_is_a_theme_or_a_theme_error(text: str) -> None:
    parsed_or_refused(text)


@settings(deadline=None)
@given(st.dictionaries(KEYS, VALUES))
def test_any_values_are_a_theme_or_a_theme_error(tree: dict[str, object]) -> None:
    theme = parsed_or_refused("\n".join(f"{key} = {toml(value)}" for key, value in tree.items()))
    if theme is not None:
        assert Theme.model_validate_json(theme.model_dump_json()) == theme


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_shipped_theme_with_a_hole_in_it_is_a_theme_or_a_theme_error(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([path.read_text() for path in shipped_themes().values()]))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 40, len(text))))
    parsed_or_refused(text[:start] + data.draw(st.text(max_size=3)) + text[end:])
