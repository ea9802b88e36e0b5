"""Measures `reskin run --engine` as its player has it: python tools/bench_remote.py restarts|network

`restarts`: the demo on a display of its own, played through a server that is killed (SIGKILL) and started again; what
is seen is read from the screen. `network`: the remote engine against a server in a network namespace behind delay, loss
and a narrow way (root, Linux). A table beside the goals, then one line of JSON. For figures run it alone.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reskin.errors import ReskinError
from reskin.remote_engine.address import UP_MBIT, Fallback
from tools.far_network import Way
from tools.remote_network import Clip, Crossing, cross
from tools.remote_restarts import Restart, play_restarts

FALLBACK_GOAL_MS, BACK_GOAL_MS, STALL_GOAL_MS = 500, 3000, 1000
WAYS = (
    Way(), Way(delay_ms=30), Way(delay_ms=80), Way(delay_ms=150), Way(loss_percent=1), Way(loss_percent=5), Way(mbit=3),
    Way(delay_ms=30, loss_percent=1), Way(delay_ms=80, loss_percent=1), Way(delay_ms=80, loss_percent=5),
    Way(delay_ms=150, loss_percent=1), Way(delay_ms=30, mbit=3), Way(delay_ms=80, loss_percent=1, mbit=3),
)  # fmt: skip
HEADS = (
    "way", "fps shown", "received", "latency p50", "p95", "longest stall", "untouched game", "to the local painting",
    "its luma", "up Mbit/s", "down", "connections",
)  # fmt: skip


@click.group()
def main() -> None:
    """Measure the engine at a distance."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # it unwinds: no namespace is left


@main.command()
@click.option("--times", default=5, show_default=True)
@click.option("--preset", default="nano", show_default=True, help="Of the server; `tint` paints without a network.")
@click.option("--own", default="nano", show_default=True, help="The preset that paints while the server is away.")
@click.option("--fallback", type=click.Choice(("local", "game")), default="local", show_default=True)
@click.option("--size", default="640x360", show_default=True)
def restarts(times: int, preset: str, own: str, fallback: Fallback, size: str) -> None:
    """Kill the server and start it again, while a game is played through it."""
    w, h = (int(side) for side in size.split("x"))
    with tempfile.TemporaryDirectory(prefix="reskin-remote-") as home:
        os.environ["RESKIN_HOME"] = home
        done, status, skipped = play_restarts(
            (w, h), times=times, preset=preset, own=own, fallback=fallback, home=Path(home)
        )
    table = Table(title=f"{times} kills of a {preset} server, {w}x{h}, meanwhile: {fallback} ({os.cpu_count()} cores)")
    for head in ("kill", "what is seen moves on", "by", "server takes players", "its picture is back", "still at most",
                 "server up again"):  # fmt: skip
        table.add_column(head, justify="right")
    for n, restart in enumerate(done, 1):
        table.add_row(
            str(n), f"{restart.moves_on_ms:.0f} ms", restart.by, f"{restart.start_ms:.0f} ms",
            f"{restart.back_ms:.0f} ms", f"{restart.still_ms:.0f} ms", "yes" if restart.is_back else "no",
        )  # fmt: skip
    Console(width=160).print(table)
    passes = len(done) == times and all(map(_is_good, done)) and skipped == 0
    click.echo(
        f"goals: moves on within {FALLBACK_GOAL_MS} ms, back within {BACK_GOAL_MS} ms of the server's return, no tick "
        f"missed. Ticks that the loop was late for: {skipped}; without a new painting: {status.missed} of "
        f"{status.ticks}"
    )
    click.echo(json.dumps({
        "bench": "remote restarts", "passes": passes, "fallback": fallback, "size": size, "preset": preset,
        "skipped_ticks": skipped, "missed": status.missed, "ticks": status.ticks,
        "restarts": [restart.json() for restart in done],
    }))  # fmt: skip
    sys.exit(0 if passes else 1)


def _is_good(restart: Restart) -> bool:
    return restart.moves_on_ms <= FALLBACK_GOAL_MS and restart.is_back and restart.back_ms <= BACK_GOAL_MS


@main.command()
@click.option("--seconds", default=15.0, show_default=True, help="Of play over each way, after 3 s of it.")
@click.option("--preset", default="nano", show_default=True, help="Of the server; `tint` paints without a network.")
@click.option("--only", type=click.IntRange(1, len(WAYS)), multiple=True, help="Number of a way; several times.")
@click.option("--mbit", default=6.0, show_default=True, help="Most video of the server at 1280x720.")
@click.option("--up-mbit", default=UP_MBIT, show_default=True, help="Most video to it.")
def network(seconds: float, preset: str, only: tuple[int, ...], mbit: float, up_mbit: float) -> None:
    """Delay, loss and a narrow way between the player and the server."""
    ways = [way for n, way in enumerate(WAYS, 1) if not only or n in only]
    clip = Clip(preset, seconds)
    with tempfile.TemporaryDirectory(prefix="reskin-remote-") as home:
        os.environ["RESKIN_HOME"] = home
        crossings = cross(ways, clip, preset=preset, seconds=seconds, home=Path(home), mbits=(up_mbit, mbit))
    h, w = clip.frames[0].shape[:2]
    table = Table(title=f"{w}x{h}, {preset}, {seconds:g} s each; delay of the round trip ({os.cpu_count()} cores)")
    for head in HEADS:
        table.add_column(head, justify="right")
    for crossing in crossings:
        table.add_row(*crossing.row())
    Console(width=160).print(table)
    passes = all(crossing.longest_stall_ms <= STALL_GOAL_MS for crossing in crossings)
    click.echo(
        f"goal: no stall longer than {STALL_GOAL_MS} ms of what is shown. Latency is from the grab to the tick that "
        "shows it"
    )
    click.echo(json.dumps({
        "bench": "remote network", "passes": passes, "preset": preset, "size": f"{w}x{h}",
        "ways": [crossing.json() for crossing in crossings],
    }))  # fmt: skip
    sys.exit(0 if passes else 1)


__all__ = ["Crossing", "Restart"]

if __name__ == "__main__":
    try:
        main()
    except ReskinError as error:
        sys.exit(f"bench_remote: {error}")
