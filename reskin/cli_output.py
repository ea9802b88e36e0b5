"""How the command line shows things: JSON for programs, aligned text and colour for people.

Colour goes only to a terminal, and never where NO_COLOR is set (rich sees to both). Knows nothing of options.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.config import MATERIALS
from reskin.errors import ReskinError, VideoError

if TYPE_CHECKING:
    import numpy as np

    from reskin.platforms.window_info import WindowInfo
    from reskin.render import Progress
    from reskin.status import Status
    from reskin.themes import Theme

SHOWN_MATERIALS = ("sky", "ground", "foliage", "structure", "water", "character")  # in a theme's line of the list


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def window_json(window: WindowInfo) -> dict[str, Any]:
    return asdict(window)


def theme_json(path: Path, theme: Theme | ReskinError) -> dict[str, Any]:
    found: dict[str, Any] = {"id": path.stem, "path": str(path)}
    if isinstance(theme, ReskinError):
        return found | {"error": str(theme)}
    materials = {name: material.model_dump(mode="json") for name, material in theme.materials().items()}
    return found | theme.model_dump(mode="json", exclude={"material"}) | {"material": materials}


def print_themes(found: Mapping[Path, Theme | ReskinError]) -> None:
    width = max((len(path.stem) for path in found), default=0)
    for path, theme in found.items():
        if isinstance(theme, ReskinError):
            click.echo(f"{path.stem:{width}}  cannot be used: `reskin theme check {path}` says why")
            continue
        blocks = [color for name in SHOWN_MATERIALS for color in theme.materials()[name].colors[-2:]]
        _print_colored(f"{path.stem:{width}}  ", blocks, theme.description or theme.name)


def print_theme(path: Path, theme: Theme) -> None:
    click.echo(f"{theme.name}\n{path}")
    for label, text in (("by", theme.author), ("", theme.description), ("prompt:", theme.prompt)):
        if text:
            click.echo(f"{label} {text}".strip())
    named = theme.material.named()
    for name, material in theme.materials().items():
        notes = f"{' '.join(material.colors):32}{material.pattern}"
        notes += f", scale {material.scale:g}" if material.scale != 1 else ""
        notes += f", glow {material.glow:g}" if material.glow else ""
        notes += f", strength {material.strength:g}" if material.strength != 1 else ""
        notes += "" if name in named else " (derived)"
        _print_colored(f"  {name:10}  ", list(material.colors), notes, blocks=4)


def _print_colored(before: str, colors: list[str], after: str, blocks: int = 0) -> None:
    """A line with two blanks of each colour in it, at least `blocks` wide, where colours can be shown."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    line = Text(before)
    if console.is_terminal and not console.no_color:
        for color in colors:
            line.append("  ", style=f"on {color}")
        line.append("  " * max(1, 1 + blocks - len(colors)))
    line.append(after)
    console.print(line, soft_wrap=True)


def print_toml(text: str) -> None:
    """TOML; on a terminal each colour beside a patch of itself, and comments dim."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    if not console.is_terminal or console.no_color:
        return click.echo(text, nl=False)
    for line in text.splitlines():
        said, mark, comment = line.rpartition("  # ") if not line.startswith("#") else ("", "", line)
        shown = Text()
        for piece in re.split(r'("#[0-9a-f]{3,6}")', said):
            if piece.startswith('"#'):
                shown.append("  ", style=f"on {_six_digits(piece[1:-1])}")
                shown.append(" ")
            shown.append(piece)
        shown.append(mark + comment, style="dim")
        console.print(shown, soft_wrap=True)
    return None


def _six_digits(color: str) -> str:
    return color if len(color) == 7 else "#" + "".join(2 * digit for digit in color[1:])


def report_json(report: dict[str, Any]) -> dict[str, Any]:
    return report | {"parts": [asdict(part) for part in report["parts"]]}


def print_report(report: dict[str, Any]) -> None:
    """The doctor's report as text that can be pasted into an issue."""
    for part in report["parts"]:
        click.echo(f"{part.part}: {part.chosen}\n    {part.why}")
        for name, reason in part.not_chosen:
            click.echo(f"    not {name}: {reason}")
    for title in ("machine", "files", "versions"):
        click.echo(f"{title}:")
        for name, value in report[title].items():
            click.echo(f"    {name:24} {value}")
    for note in report["notes"]:
        click.echo(f"note: {note}")


def print_shares(materials: np.ndarray) -> None:
    """Which part of the picture each material takes, the largest first."""
    import numpy as np

    shares = np.bincount(materials.ravel(), minlength=len(MATERIALS)) / materials.size
    for index in np.argsort(-shares, kind="stable"):
        if shares[index] > 0:
            click.echo(f"{MATERIALS[index]:10} {shares[index]:6.1%}")


def write_array(path: Path, materials: np.ndarray) -> None:
    import numpy as np

    try:
        with path.open("wb") as file:  # a file, so that numpy appends no suffix of its own
            np.save(file, materials, allow_pickle=False)
    except OSError as error:
        raise VideoError(f"writing the materials {path}: {error.strerror}; check the folder and its space") from error


@contextmanager
def render_progress(source: str, theme: str) -> Iterator[Progress]:
    """A bar on stderr with the frames done, their rate and the time left."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"{source} in {theme}", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def print_status(status: Status) -> None:
    """What the run was like, in two lines."""
    click.echo(f"ended: {status.ended_because}")
    if status.ticks:
        click.echo(
            f"{status.fps:.2f} fps presented, {status.missed_share:.1%} of {status.ticks} ticks missed, "
            f"lateness p95 {status.lateness_ms.percentile(95):.1f} ms, latency p50 "
            f"{status.latency_ms.percentile(50):.0f} ms, engine {status.engine_name}"
        )
        if status.drift.anchored:
            click.echo(f"the picture had drifted {status.drift.anchored} times and was painted anew from the game")
