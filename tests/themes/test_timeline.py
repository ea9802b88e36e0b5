"""A timeline: read whole before the run, its mistakes named, and each theme on the screen from its second on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from reskin import themes
from reskin.cli import cli
from reskin.engine_link import InlineEngine
from reskin.errors import ThemeError, TimelineError
from reskin.loop import LoopOptions, run_loop
from reskin.pace import TICK_HZ
from reskin.platforms.fake import FakeHotkeys
from reskin.renderer import TintRenderer
from reskin.themes import shipped_theme_folder, shipped_themes
from reskin.timeline import MAX_ENTRIES, Step, Timeline, WrittenTimeline, load_timeline, parse_time
from reskin.toml_reader import parse_model
from tests.loop.fakes import CountingGame, JumpingClock, RememberingOverlay, theme, two_themes

S = 1_000_000_000
SAMPLE = shipped_theme_folder() / "timelines" / "show.toml"


def written(folder: Path, text: str) -> Path:
    path = folder / "show.toml"
    path.write_text(text)
    return path


def entry(time: str, rest: str = 'theme = "neon-rain"') -> str:
    return f'[[at]]\ntime = "{time}"\n{rest}\n'


@pytest.mark.parametrize(
    ("text", "seconds"), [("00:30", 30), ("1:02:30", 3750), ("12.5", 12.5), ("90", 90), ("90:00", 5400), (" 0:01 ", 1)]
)
def test_times_are_read(text: str, seconds: float) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["", ":30", "1:60", "1:60:00", "-1", "1e3", "nan", "1:2:3:4", "٣"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"time|59"):
        parse_time(text)


def test_the_sample_loads_and_is_no_theme() -> None:
    timeline = load_timeline(SAMPLE)
    assert [step.at_ns // S for step in timeline.steps] == [0, 15, 30, 45, 60]
    assert [step.theme.name for step in timeline.steps[:2]] == ["Elden Dusk", "Neon Rain"]
    assert timeline.steps[2].theme.name.startswith("a warm autumn")
    assert (timeline.steps[1].fade_frames, timeline.steps[3].fade_frames, timeline.loop_ns) == (48, None, 90 * S)
    assert timeline.notes == ()
    assert "show" not in shipped_themes()


def test_a_prompt_that_changes_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "bare.toml").write_text('name = "Bare"')
    text = entry("0", 'theme = "bare.toml"\nprompt = "a foggy lake"') + entry("5", 'theme = "candy"\nprompt = "rain"')
    (note,) = load_timeline(written(tmp_path, text)).notes
    assert note.endswith("at 5: Candy Kingdom leaves nothing unsaid, so the prompt changes nothing")


def test_a_theme_file_is_looked_for_beside_the_timeline(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('name = "Mine"')
    timeline = load_timeline(written(tmp_path, entry("0", 'theme = "mine.toml"')))
    assert timeline.steps[0].theme.name == "Mine"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "at: missing; expected 1 to 120 entries"),
        ("at = []", "at: got a list of 0, expected 1 to 120 entries"),
        ('[[at]]\ntime = "00:05"', "line 1, at[0]: names neither a theme nor a prompt"),
        (entry("5 s"), 'line 2, at[0].time: got the text "5 s": it is no time; expected a time such as "00:30"'),
        (entry("5", 'thema = "x"'), 'line 3, at[0].thema: unknown key (did you mean "theme"?)'),
        (entry("5", 'theme = "neon-rian"'), 'at 5: looking for the theme \'neon-rian\': no theme of that name'),
        (entry("5") + entry("5"), '\n  at: "5" stands after "5"; expected each time to be later'),
        ("loop = true\n" + entry("5"), "\n  loop: true needs an end"),
        ('end = "3"\n' + entry("5"), 'end: "3" is not later than the last entry, "5"'),
        (entry("5", 'theme = "neon-rain"\nfade_frames = -1'), "line 4, at[0].fade_frames: got -1, expected a whole"),
        ("[[at]", "is not valid TOML: line 1"),
        ("#" * 70_000, "larger than 64 KiB"),
        ("".join(entry(str(n)) for n in range(121)), "got a list of 121, expected 1 to 120 entries"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(TimelineError) as caught:
        load_timeline(written(tmp_path, text))
    assert message in str(caught.value)
    assert "show.toml" in str(caught.value)
    if "at[0]" in message:
        assert "1 mistake:" in str(caught.value), "the list is not too short as well"


def test_as_many_entries_as_it_says_can_be_written_with_every_key() -> None:
    full = 'theme = "neon-rain"\nprompt = "rain, wind, a harbour"\nfade_frames = 24'
    text = "".join(entry(str(n), full) for n in range(MAX_ENTRIES))
    assert len(parse_model(text, WrittenTimeline, TimelineError, "timeline").at) == MAX_ENTRIES


def test_the_command_line_says_it_before_anything_starts(tmp_path: Path) -> None:
    path = written(tmp_path, entry("5 s"))
    result = CliRunner().invoke(cli, ["demo", "--timeline", str(path)])
    assert result.exit_code == 1
    assert "at[0].time" in result.stderr


def test_steps_are_due_from_their_time_on_and_again_in_every_round() -> None:
    steps = tuple(Step(at_ns=at * S, theme=theme(str(at), "#fff"), fade_frames=None) for at in (1, 4))
    once, ever = Timeline(steps=steps), Timeline(steps=steps, loop_ns=10 * S)
    assert [once.steps_until(at * S) for at in (0, 1, 3, 4, 500)] == [0, 1, 1, 2, 2]
    assert once.steps_until(S - 1) == 0
    assert [ever.steps_until(at * S) for at in (0, 4, 10, 11, 14, 21)] == [0, 2, 2, 3, 4, 5]
    assert [ever.last_of(count).theme.name for count in (1, 2, 3, 4)] == ["1", "4", "1", "4"]


def test_each_theme_is_shown_from_its_second_on_and_nothing_is_loaded_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tint by theme: red skies until second 2, green until 4, then a fade to blue over 12 frames, and from 6 red."""
    for name, sky in (("red", "#f00"), ("green", "#0f0"), ("blue", "#00f")):
        (tmp_path / f"{name}.toml").write_text(f'name = "{name}"\n[material.sky]\ncolors = ["{sky}"]')
    text = 'loop = true\nend = "00:06"\n'
    for at, name, fade in (("0", "red", 0), ("2", "green", 0), ("4", "blue", 12)):
        text += entry(at, f'theme = "{name}.toml"\nfade_frames = {fade}')
    timeline = load_timeline(written(tmp_path, text))
    monkeypatch.setattr(themes, "read_model", lambda *_: pytest.fail("a file was read"))
    clock = JumpingClock()
    overlay = RememberingOverlay(clock.now_ns)
    run_loop(
        CountingGame(clock=clock.now_ns), overlay, FakeHotkeys(), [], two_themes(),
        InlineEngine(TintRenderer(), clock, cost_ms=10), clock=clock, stop=lambda: clock.time_ns >= 9 * S,
        options=LoopOptions(note_s=0, timeline=timeline),
    )  # fmt: skip
    began_ns = overlay.shown[0].time_ns
    skies = {step.theme.name: step.theme.style().light[0] * 255 for step in timeline.steps}
    changes: list[tuple[str, int]] = []
    for shown in overlay.shown[8:]:  # the skin has faded in
        sky = 2 * np.array(shown.pixel[2::-1]) - shown.index % 200  # the tint is half the game, half the sky
        name = next((name for name, rgb in skies.items() if np.abs(sky - rgb).max() < 4), "")
        if name and name not in [name for name, _ in changes[-1:]]:
            changes.append((name, round((shown.time_ns - began_ns) / S * TICK_HZ)))
    assert [name for name, _ in changes] == ["red", "green", "blue", "red"]
    expected = [48, 96 + 11, 144]  # ticks; a fade is over with its twelfth frame
    for (_, tick), due in zip(changes[1:], expected, strict=True):
        assert 0 <= tick - due <= 2


def test_a_broken_theme_in_it_is_the_timelines_error(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("nonsense = 1")
    with pytest.raises(TimelineError, match=r"(?s)at 00:10: theme .*nonsense") as caught:
        load_timeline(written(tmp_path, entry("00:10", 'theme = "mine.toml"')))
    assert isinstance(caught.value.__cause__, ThemeError)
