"""Does a theme's colour reach what it should, and is every theme its own? `python tools/theme_distances.py`

On the hand-labelled frames of both real clips and of the demo, painted with the preset lite: per game and material the
median colour of the painted pixels at the labelled cells, and how far it lies from the theme's own ramp of that
material and from the game's own ramp there. Then the mean distance of any two themes over all of these medians.
Distances are Euclidean in Oklab: 0.02 is just seen, 0.1 is clear, black to white is 1. Both ramps are lines through a
dark, a middle and a light colour; the game's are the means of its darkest and lightest fifth and its median. A second
count takes a theme's fog for its own colour too, as far things wear it; beside every miss stands in how many of its
cells the Reader is right. HUD cells are left out: themes keep the HUD. Tables for people, one JSON line last.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import click
import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.config import PRESETS
from engine.live import LiveEngine
from engine.train.labels import COLUMNS, LETTERS, ROWS, UNSCORED, LabelledFrame, at_middles, wrong_cells
from reskin.engine_renderer import create
from reskin.palette import parse_hex, stops, to_oklab
from reskin.prepare import prepare
from reskin.renderer import Renderer, View
from reskin.themes import Theme, find_theme, load_theme, shipped_themes
from tools.theme_frames import FOOTAGE, Game, games, stream_to

LEAD_FRAMES = 4  # of the stream before a labelled frame: with two readings the materials have settled
REACH_PX = 4  # a cell is judged by every second pixel and row of the 8x8 at its middle
CLEAR_CELLS = 3  # a material in fewer cells of a game's labelled frames is not clearly visible there
RAMP_STEPS = 17  # between two colours of a ramp
READ = 0.75  # share of a material's cells from which on the Reader is right about it
MOST_FOG = 0.9  # as in engine.underpaint
HUD = "h"

Pixels = dict[str, np.ndarray]  # by letter: (n, 3) Oklab


@dataclass(frozen=True, kw_only=True)
class Reach:
    """One material of one game in one theme; distances of the painted median."""

    theme: str
    game: str
    material: str
    median: np.ndarray  # (3,) Oklab
    to_theme: float
    to_fogged: float  # to the theme's colours in any depth of its fog
    to_game: float
    read: float  # share of the labelled cells in which the Reader sees the material
    between: float  # of the theme's ramp and the game's, at their nearest: what is small cannot be told apart

    @property
    def reached(self) -> bool:
        return self.to_theme < self.to_game

    @property
    def reached_in_fog(self) -> bool:
        return self.to_fogged < self.to_game


def oklab(rgb: np.ndarray) -> np.ndarray:
    """(n, 3) sRGB in [0, 1] to Oklab."""
    return np.array([to_oklab((float(r), float(g), float(b))) for r, g, b in rgb]).reshape(-1, 3)


def line(ends: np.ndarray) -> np.ndarray:
    """Colours (m, 3) joined by straight lines, as points (n, 3)."""
    at = np.linspace(0, len(ends) - 1, RAMP_STEPS * (len(ends) - 1) + 1)
    return np.stack([np.interp(at, np.arange(len(ends)), ends[:, c]) for c in range(3)], axis=1)


def game_ramp(pixels: np.ndarray) -> np.ndarray:
    by_light = pixels[np.argsort(pixels[:, 0])]
    fifth = max(1, len(by_light) // 5)
    return line(np.stack([by_light[:fifth].mean(axis=0), np.median(pixels, axis=0), by_light[-fifth:].mean(axis=0)]))


def theme_ramp(theme: Theme, letter: str) -> np.ndarray:
    """Of every material that the letter may be."""
    parts = [np.array(stops(theme.materials()[name].ramp)) for name in LETTERS[letter]]
    return np.concatenate([line(oklab(part)) for part in parts])


def fogged(ramp: np.ndarray, theme: Theme) -> np.ndarray:
    """The ramp's colours (n, 3) and what lies between them and the fog, as far as fog ever covers a thing."""
    fog = oklab(np.array([parse_hex(theme.light.fog.color)]))
    return np.concatenate([ramp + share * (fog - ramp) for share in np.linspace(0, MOST_FOG, 10)])


def nearest(points: np.ndarray, others: np.ndarray) -> float:
    return float(np.linalg.norm(points[:, None] - others[None], axis=2).min())


def cell_pixels(bgra_u8: np.ndarray, labels: LabelledFrame) -> dict[str, list[np.ndarray]]:
    """By letter: (n, 3) sRGB in [0, 1] of the middles of its cells."""
    h, w = bgra_u8.shape[:2]
    found: dict[str, list[np.ndarray]] = defaultdict(list)
    for row, column in itertools.product(range(ROWS), range(COLUMNS)):
        letter = labels.cells[row][column]
        if letter not in (UNSCORED, HUD):
            y, x = int((row + 0.5) * h / ROWS), int((column + 0.5) * w / COLUMNS)
            patch = bgra_u8[y - REACH_PX : y + REACH_PX, x - REACH_PX : x + REACH_PX, 2::-1][::2, ::2]
            found[letter].append(patch.reshape(-1, 3) / 255)
    return found


def pixels_of(shots: Iterable[tuple[np.ndarray, LabelledFrame]]) -> Pixels:
    """Of all labelled frames of a game, what is clearly visible."""
    cells: dict[str, list[np.ndarray]] = defaultdict(list)
    for bgra_u8, labels in shots:
        for letter, patches in cell_pixels(bgra_u8, labels).items():
            cells[letter] += patches
    return {letter: oklab(np.concatenate(found)) for letter, found in cells.items() if len(found) >= CLEAR_CELLS}


def read_shares(shots: list[tuple[np.ndarray, LabelledFrame]]) -> dict[str, float]:
    """By letter: the share of its cells in which the Reader sees what it stands for."""
    engine = LiveEngine(PRESETS["lite"])
    right: dict[str, int] = defaultdict(int)
    cells: dict[str, int] = defaultdict(int)
    for bgra_u8, labels in shots:
        wrong = wrong_cells(labels.cells, at_middles(engine.read(prepare(bgra_u8, engine.preset.size))))
        for row, column in itertools.product(range(ROWS), range(COLUMNS)):
            letter = labels.cells[row][column]
            cells[letter] += 1
            right[letter] += not wrong[row, column]
    return {letter: right[letter] / count for letter, count in cells.items()}


def painted(renderer: Renderer, stream: list[np.ndarray], theme: Theme) -> np.ndarray:
    """The stream's last frame, (h, w, 4), in the theme."""
    renderer.reset()
    out = np.empty_like(stream[0])
    for bgra_u8 in stream:
        renderer.render(bgra_u8, theme, View.THEME, 0, out)
    return out


def measure(game: Game, themes: dict[str, Theme], renderer: Renderer) -> list[Reach]:
    labels = game.labelled().values()
    streams = [(stream_to(game, frame.index, LEAD_FRAMES), frame) for frame in labels]
    own = {letter: game_ramp(found) for letter, found in pixels_of((s[-1], frame) for s, frame in streams).items()}
    right = read_shares([(stream[-1], frame) for stream, frame in streams])
    reaches = []
    for name, theme in themes.items():
        shown = pixels_of((painted(renderer, stream, theme), frame) for stream, frame in streams)
        for letter, ramp in own.items():
            wanted, median = theme_ramp(theme, letter), np.median(shown[letter], axis=0)
            reaches.append(
                Reach(theme=name, game=game.name, material=" or ".join(LETTERS[letter]), median=median,
                      to_theme=nearest(median[None], wanted),
                      to_fogged=nearest(median[None], fogged(wanted, theme)), to_game=nearest(median[None], ramp),
                      read=right[letter], between=nearest(wanted, ramp))
            )  # fmt: skip
    return reaches


def distance_matrix(reaches: list[Reach], names: list[str]) -> np.ndarray:
    """(themes, themes): the mean distance of the medians of every material of every game."""
    medians = np.array([[reach.median for reach in reaches if reach.theme == name] for name in names])
    return np.linalg.norm(medians[:, None] - medians[None], axis=3).mean(axis=2)


def print_reaches(console: Console, reaches: list[Reach], names: list[str]) -> None:
    """A row a theme, a column a material of a game: to the theme / to the game; misses are marked."""
    for game in dict.fromkeys(reach.game for reach in reaches):
        here = [reach for reach in reaches if reach.game == game]
        table = Table(title=f"{game}: distance of the painted median to the theme's colours / to the game's (! nearer)")
        table.add_column("theme")
        for material in dict.fromkeys(reach.material for reach in here):
            table.add_column(material, justify="right")
        for name in names:
            cells = [reach for reach in here if reach.theme == name]
            table.add_row(name, *(f"{r.to_theme:.2f}/{r.to_game:.2f}{' ' if r.reached else '!'}" for r in cells))
        console.print(table)


def print_matrix(console: Console, matrix: np.ndarray, names: list[str]) -> None:
    table = Table(title="mean distance of two themes' medians, x 100")
    for title in ("", *(name[:6] for name in names)):
        table.add_column(title, justify="right")
    for name, row in zip(names, matrix, strict=True):
        table.add_row(name, *(f"{100 * value:.0f}" for value in row))
    console.print(table)


def summary(reaches: list[Reach], matrix: np.ndarray, names: list[str]) -> dict[str, object]:
    apart, one, other = min((matrix[i, j], i, j) for i, j in itertools.combinations(range(len(names)), 2))
    misses = [f"{reach.theme} {reach.game} {reach.material}" for reach in reaches if not reach.reached]
    return {
        "themes": len(names),
        "medians": len(reaches),
        "medians_nearer_to_theme": len(reaches) - len(misses),
        "medians_nearer_to_theme_or_its_fog": sum(reach.reached_in_fog for reach in reaches),
        "medians_where_the_reader_is_right": sum(reach.read >= READ for reach in reaches),
        "of_those_nearer_to_theme": sum(reach.reached for reach in reaches if reach.read >= READ),
        "of_those_nearer_to_theme_or_its_fog": sum(reach.reached_in_fog for reach in reaches if reach.read >= READ),
        "medians_nearer_to_game": misses,
        "median_distance_to_theme": round(float(np.median([reach.to_theme for reach in reaches])), 3),
        "median_distance_to_game": round(float(np.median([reach.to_game for reach in reaches])), 3),
        "closest_themes": [names[one], names[other]],
        "closest_themes_distance": round(float(apart), 3),
    }


@click.command(help=__doc__)
@click.option("--themes", default="", help="Ids or files, by commas; all shipped ones when left out.")
@click.option("--footage", default=FOOTAGE, show_default=True, type=click.Path(path_type=Path, file_okay=False),
              help="Folder of the real clips; a clip that is not there is left out, and said so.")  # fmt: skip
def main(themes: str, footage: Path) -> None:
    cv2.setNumThreads(1)
    chosen = [find_theme(name) for name in themes.split(",")] if themes else list(shipped_themes().values())
    looks = {path.stem: load_theme(path) for path in chosen}
    if len(looks) < 2:
        raise click.UsageError("--themes: expected two or more, to tell how far they are apart.")
    renderer, names = create("lite"), list(looks)
    shown = games(footage)
    console = Console(width=200)
    console.print(f"on {', '.join(game.name for game in shown)}; clips from {footage}")
    reaches = [reach for game in shown for reach in measure(game, looks, renderer)]
    matrix = distance_matrix(reaches, names)
    print_reaches(console, reaches, names)
    print_matrix(console, matrix, names)
    for reach in reaches:
        if not reach.reached:
            console.print(
                f"{reach.theme} on {reach.game}, {reach.material}: {reach.to_theme:.3f} to the theme, "
                f"{reach.to_game:.3f} to the game; the two are {reach.between:.3f} apart; to the theme in its fog "
                f"{reach.to_fogged:.3f}; the Reader is right in {reach.read:.0%} of the cells"
            )
    click.echo(json.dumps(summary(reaches, matrix, names) | {"games": [game.name for game in shown]}))


if __name__ == "__main__":
    main()
