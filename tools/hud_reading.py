"""Can a program still read the HUD under a theme? Tesseract reads every line untouched and reskinned, the same way.

    python tools/hud_reading.py [--themes neon-rain,noir-ink] [--streams "demo hills,supertux"] [--sheet FOLDER]

Of the characters that it reads on the untouched frame, the share still read: with the keep step and with it off, by
theme and by game. Several tries a line (gray, inverted, as a word); a character counts when one of them reads it. Small
letters are read as noise, otherwise with every change of a pixel: the control is the untouched frame, its contrast and
brightness changed harmlessly, read and counted the same way, and tells how far a theme that spoils no letter would
come. Then how much of the kept mask changes a frame where the HUD stands still: its mean is judged, its worst frame is
told. Both goals are for each stream and for all together; the exit status is 1 when one was missed. A test tool: needs
the program `tesseract`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import partial
from itertools import islice
from pathlib import Path

import click
import cv2
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reskin.engine_renderer import EngineRenderer, create
from reskin.keep_blend import Kept
from reskin.renderer import View
from reskin.theme_model import Keep, Theme
from reskin.themes import find_theme, load_theme, shipped_theme_folder
from tools.hud_frames import CLIP_LINES, Line, Stream, streams
from tools.theme_frames import FOOTAGE

LETTER_PX = 34  # a line is enlarged until its letters are about so tall
TRIES = (("7", False), ("7", True), ("8", False))  # page segmentation mode, inverted
HARMLESS = 0.97, 3.0  # the control's pixels: so many times what they are, and so much more
CHANGED = 8  # of 255: a mask pixel that moves more than this from one frame to the next has changed
GOAL_PERCENT = 98.0  # of the characters read on the untouched frame
FLICKER_GOAL_PERCENT = 1.0  # of the mask's pixels change a frame, in the mean, while the HUD stands still
LEAST_LINES = 40  # read of a stream
SAME_FRAMES = 12  # for so long a line must have said the same to count as still
Picture = np.ndarray


@dataclass
class Tally:
    untouched: int = 0  # characters read there
    kept: int = 0  # of them, read under the theme with the keep step
    off: int = 0  # and without it
    control: int = 0  # and on the untouched frame after a harmless change
    changed: list[float] = field(default_factory=list)  # share of mask pixels, each frame

    def add(self, other: Tally) -> None:
        self.untouched, self.kept, self.off, self.control = (
            self.untouched + other.untouched, self.kept + other.kept, self.off + other.off,
            self.control + other.control,
        )  # fmt: skip
        self.changed += other.changed

    @property
    def keep_percent(self) -> float:
        return 100 * self.kept / max(1, self.untouched)

    @property
    def control_percent(self) -> float:
        """The ceiling that the reading itself sets; the same for every theme."""
        return 100 * self.control / max(1, self.untouched)

    @property
    def flicker_percent(self) -> float:
        """Mean over the frames in which something stood still; 0 where nothing did."""
        return 100 * float(np.mean(self.changed)) if self.changed else 0.0

    @property
    def is_met(self) -> bool:
        """Both goals; not where there was nothing to read."""
        return self.keep_percent >= GOAL_PERCENT and self.flicker_percent <= FLICKER_GOAL_PERCENT

    def figures(self) -> dict[str, float]:
        count = max(1, self.untouched)
        return {
            "characters": self.untouched,
            "keep_percent": round(self.keep_percent, 1),
            "off_percent": round(100 * self.off / count, 1),
            "flicker_percent": round(self.flicker_percent, 3),
            "flicker_worst_percent": round(100 * max(self.changed, default=0.0), 1),
        }


def line_picture(bgra_u8: Picture, line: Line) -> Picture:
    """(h, w) gray: the line with a margin, enlarged."""
    x, y, w, h = line.box
    pad = max(3, round(0.35 * h))
    frame_h, frame_w = bgra_u8.shape[:2]
    cut = bgra_u8[max(0, y - pad) : min(frame_h, y + h + pad), max(0, x - pad) : min(frame_w, x + w + pad), :3]
    gray = cv2.cvtColor(np.ascontiguousarray(cut), cv2.COLOR_BGR2GRAY)
    scale = max(1.0, LETTER_PX / h)
    return cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)


def read_lines(pictures: list[Picture]) -> list[list[str]]:
    """What each try reads in each picture, without spaces: one list of `TRIES` texts a picture."""
    read: list[list[str]] = [[] for _ in pictures]
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    with tempfile.TemporaryDirectory() as folder:
        for mode, inverted in TRIES:
            names = []
            for i, picture in enumerate(pictures):
                names.append(f"{folder}/{i}.png")
                cv2.imwrite(names[-1], 255 - picture if inverted else picture)
            pages = Path(folder) / "pages.txt"
            pages.write_text("\n".join(names), encoding="utf-8")
            command = ["tesseract", str(pages), "stdout", "--psm", mode, "--dpi", "150"]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            texts = done.stdout.split("\f")
            for i in range(len(pictures)):
                read[i].append("".join(texts[i].split()))
    return read


def characters(said: str, read: list[str]) -> set[int]:
    """Places in `said` whose character one of the readings has, in the right order."""
    found: set[int] = set()
    for text in read:
        for block in SequenceMatcher(None, said, text, autojunk=False).get_matching_blocks():
            found.update(range(block.a, block.a + block.size))
    return found


def harmless(bgra_u8: Picture) -> Picture:
    scale, offset = HARMLESS
    return np.rint(bgra_u8 * scale + offset).clip(0, 255).astype(np.uint8)


def compare(line: Line, untouched: list[str], kept: list[str], off: list[str], control: list[str]) -> Tally:
    """A line that nobody wrote down says what at least two tries read on the untouched frame."""
    if line.text is not None:
        said = "".join(line.text.split())
        there = characters(said, untouched)
    else:
        longest = max(range(len(untouched)), key=lambda i: len(untouched[i]))
        said = untouched[longest]
        there = characters(said, [text for i, text in enumerate(untouched) if i != longest])
    still_kept, still_off, still_control = (len(there & characters(said, read)) for read in (kept, off, control))
    return Tally(len(there), still_kept, still_off, still_control)


class Reskinner:
    """The shipped engine, frame by frame, as `reskin render` runs it."""

    def __init__(self, preset: str) -> None:
        renderer = create(preset)
        assert isinstance(renderer, EngineRenderer)
        self._renderer = renderer

    def run(self, frames: list[Picture], theme: Theme) -> tuple[list[Picture], list[Picture]]:
        """Every frame painted, and what was kept of it as (h, w) uint8."""
        self._renderer.reset()
        painted, masks = [], []
        for bgra_u8 in frames:
            out = np.empty_like(bgra_u8)
            self._renderer.render(bgra_u8, theme, View.THEME, 0, out)
            painted.append(out)
            masks.append(mask_of(self._renderer.keeping.kept, bgra_u8.shape))
        return painted, masks


def mask_of(kept: Kept | None, shape: tuple[int, ...]) -> Picture:
    """(h, w) uint8: how much of each pixel's colour or contrast is known to be the HUD's."""
    h, w = shape[:2]
    if kept is None:
        return np.zeros((h, w), np.uint8)
    hud, text = (cv2.resize(cells, (w, h), interpolation=cv2.INTER_LINEAR) for cells in (kept.hud, kept.text))
    return np.maximum(hud * kept.shapes, 255 * text).astype(np.uint8)


def still_places(stream: Stream, lines: list[tuple[Line, ...]], shape: tuple[int, ...]) -> Picture:
    """(h, w) bool: round what says the same in all of these frames, as far as a line's margin goes."""
    where = np.zeros(shape[:2], bool)
    told = set(lines[0]).intersection(*lines[1:])
    for x, y, w, h in (*stream.still, *(line.box for line in told if line.text is not None)):
        where[max(0, y - h // 2) : y + h + h // 2, max(0, x - h // 2) : x + w + h // 2] = True
    return where


def changes(stream: Stream, masks: list[Picture], lines: list[tuple[Line, ...]], lead: int) -> list[float]:
    """Share of the mask's pixels that change, round what has said the same for half a second; by pair of frames."""
    shares = []
    for i in range(max(1, lead), len(masks)):
        where = still_places(stream, lines[max(0, i - SAME_FRAMES) : i + 1], masks[i].shape)
        kept = np.maximum(masks[i - 1], masks[i])[where] > CHANGED
        moved = cv2.absdiff(masks[i - 1], masks[i])[where] > CHANGED
        if kept.any():
            shares.append(float(moved.sum() / kept.sum()))
    return shares


def measure(stream: Stream, themes: list[Theme], reskinner: Reskinner, *, lead: int, frames: int, watched: int,
            shots: dict[str, list[Picture]], tell: Callable[[str], None]) -> Iterator[tuple[str, Tally]]:  # fmt: skip
    """Each theme's name and tally, as it is done; `tell` hears what was read of each line.

    After the first `lead` frames `frames` are read, five apart, and the mask of `watched` is watched. A stream with few
    lines is read in as many of those as it takes to come to `LEAST_LINES`.
    """
    taken = list(islice(stream.frames(), lead + max(watched, 5 * frames)))
    pictures, lines = [bgra_u8 for bgra_u8, _ in taken], [said for _, said in taken]
    first = min(lead, len(taken) - 1)
    at = list(range(first, len(taken), 5))[: max(frames, -(-LEAST_LINES // max(1, len(lines[first]))))]
    wanted = [(i, line) for i in at for line in lines[i]]
    untouched = read_lines([line_picture(pictures[i], line) for i, line in wanted])
    control = read_lines([line_picture(harmless(pictures[i]), line) for i, line in wanted])
    for theme in themes:
        tally = Tally()
        kept, masks = reskinner.run(pictures, theme)
        off, _ = reskinner.run(pictures[: at[-1] + 1], theme.model_copy(update={"keep": Keep(hud=False, text=False)}))
        shots.setdefault(theme.name, []).append(np.concatenate([kept[at[0]], off[at[0]]], axis=1)[..., :3])
        read = read_lines([line_picture(of[i], line) for i, line in wanted for of in (kept, off)])
        for n, (_, line) in enumerate(wanted):
            tally.add(compare(line, untouched[n], read[2 * n], read[2 * n + 1], control[n]))
            tell(f"    {line.text or untouched[n][0]!r}: {untouched[n]} control {control[n]} kept {read[2 * n]} "
                 f"off {read[2 * n + 1]}")  # fmt: skip
        tally.changed = changes(stream, masks, lines, lead)
        yield theme.name, tally


def choose_streams(names: list[str] | None, footage: Path) -> list[Stream]:
    """Those of that name, all for None; ClickException for a name that is none, and for a clip that is missing."""
    there = {stream.name: stream for stream in streams(footage)}
    known = [*(name for name in there if name not in CLIP_LINES), *CLIP_LINES]
    wanted = known if names is None else names
    if unknown := [name for name in wanted if name not in known]:
        raise click.ClickException(f"choosing streams: there is no {', '.join(unknown)}. Known: {', '.join(known)}")
    if missing := [f"{name}.mp4" for name in wanted if name not in there]:
        rest = ",".join(name for name in wanted if name in there)
        without = f', or do without: --streams "{rest}"' if rest else ""
        raise click.ClickException(
            f"choosing streams: {', '.join(missing)} missing in {footage}. Put it there{without}"
        )
    return [there[name] for name in known if name in wanted]


def report(preset: str, by_theme: dict[str, Tally], by_stream: dict[str, Tally]) -> bool:
    """A table, the worst theme, a line for machines; whether each stream and all together met the goal."""
    total = Tally()
    for tally in by_stream.values():
        total.add(tally)
    judged = {**by_stream, "all": total}
    goals = f"goals {GOAL_PERCENT:g} % kept, {FLICKER_GOAL_PERCENT:g} % flicker"
    click.echo(
        f"{'':20}{'characters':>11}{'control %':>11}{'keep %':>9}{'off %':>9}{'flicker %':>11}{'worst':>8}  {goals}"
    )
    for name, tally in [*by_theme.items(), *judged.items()]:
        shown = tally.figures()
        met = "" if name not in judged else "  met" if tally.is_met else "  MISSED"
        control = f"{tally.control_percent:.1f}" if name in judged else ""
        click.echo(
            f"{name:20}{shown['characters']:11}{control:>11}{shown['keep_percent']:9}{shown['off_percent']:9}"
            f"{shown['flicker_percent']:11}{shown['flicker_worst_percent']:8}{met}"
        )
    worst = min(by_theme, key=lambda name: by_theme[name].keep_percent)
    click.echo(f"worst theme: {worst}, {by_theme[worst].keep_percent:.1f} %")
    passes = all(tally.is_met for tally in judged.values())
    click.echo(json.dumps({
        "preset": preset, "goal_percent": GOAL_PERCENT, "flicker_goal_percent": FLICKER_GOAL_PERCENT, "passes": passes,
        "worst_theme": worst, "all": {**total.figures(), "control_percent": round(total.control_percent, 1)},
        "themes": {name: tally.figures() for name, tally in by_theme.items()},
        "streams": {
            name: {**tally.figures(), "control_percent": round(tally.control_percent, 1), "met": tally.is_met}
            for name, tally in by_stream.items()
        },
    }))  # fmt: skip
    return passes


@click.command(help=__doc__)
@click.option("--themes", help="Ids, separated by commas. Default: all that are shipped.")
@click.option("--streams", "names", help="Names, separated by commas. Default: both levels of the demo, both clips.")
@click.option("--preset", default="lite", show_default=True, help="Of the engine.")
@click.option("--lead", default=36, show_default=True, help="Frames before the first that is read.")
@click.option("--frames", default=3, show_default=True, help="Read in each stream, at least, five apart.")
@click.option("--watched", default=96, show_default=True, help="Frames after the lead-in whose mask is watched.")
@click.option("--footage", default=FOOTAGE, show_default=True, type=click.Path(path_type=Path, file_okay=False),
              help="Folder with the clips.")  # fmt: skip
@click.option("--sheet", type=click.Path(path_type=Path, file_okay=False), help="Folder for pictures: kept beside off.")
@click.option("--verbose", is_flag=True, help="What every try reads of every line.")
def main(themes: str | None, names: str | None, preset: str, lead: int, frames: int, watched: int,
         footage: Path, sheet: Path | None, verbose: bool) -> None:  # fmt: skip
    if shutil.which("tesseract") is None:
        raise click.ClickException("reading the HUD: no program `tesseract`; on Debian: apt-get install tesseract-ocr")
    ids = themes.split(",") if themes else sorted(path.stem for path in shipped_theme_folder().glob("*.toml"))
    chosen = [load_theme(find_theme(name)) for name in ids]
    chosen_streams = choose_streams(names.split(",") if names else None, footage)
    reskinner, shots = Reskinner(preset), dict[str, list[Picture]]()
    by_theme = {theme.name: Tally() for theme in chosen}
    by_stream: dict[str, Tally] = {}
    columns = (TextColumn("{task.description:20}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True, highlight=False)) as bar:
        task = bar.add_task("", total=len(chosen_streams) * len(chosen))
        for stream in chosen_streams:
            bar.update(task, description=stream.name)
            by_stream[stream.name] = Tally()
            for name, tally in measure(
                stream, chosen, reskinner, lead=lead, frames=frames, watched=watched, shots=shots,
                tell=partial(bar.print, markup=False) if verbose else lambda text: None,
            ):  # fmt: skip
                by_theme[name].add(tally)
                by_stream[stream.name].add(tally)
                bar.print(f"{stream.name}, {name}: {tally.kept} of {tally.untouched} characters kept", markup=False)
                bar.advance(task)
    passes = report(preset, by_theme, by_stream)
    if sheet is not None:
        sheet.mkdir(parents=True, exist_ok=True)
        for name, pictures in shots.items():
            for stream, picture in zip(chosen_streams, pictures, strict=True):
                cv2.imwrite(str(sheet / f"{name} {stream.name}.png".replace(" ", "-").lower()), picture)
    sys.exit(0 if passes else 1)


if __name__ == "__main__":
    main()
