"""What hostile clients cost the others: an honest player's figures beside each of them, and without.

    python -m tools.bench_serve hostile [--preset tint] [--seconds 15] [--size 640x368]

The server, the honest player and the attacker are three processes. Each attack runs between two quiet stretches of the
same length, so that a machine that grows slower by itself is not taken for an attack. What needs no real server to talk
to runs once more against one that refuses everything (`tools/serve_deaf.py`): what it costs there is the attacker's own
share of the cores, which in life are another machine's. Must hold: frames a second, and the median age of a picture,
within 5 % of the quiet ones, or of those beside the deaf server. Ages go from a frame drawn to its painting decoded, by
the number in the strip. A table for people, one JSON line last; the exit status is 1 when something did not hold.
"""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from reskin.cli_options import SizeType
from reskin.serve.tokens import Tokens, kept_tokens
from tools.remote_server import TINT, ServerProcess
from tools.serve_attacks import ATTACKS
from tools.serve_players import Clip, Player, Server

LIMIT = 0.05
ALSO_DEAF = {"forged", "expired", "malformed", "sessions", "garbage", "slow-http"}  # need nobody who answers
WARM_UP_S = 3.0
SETTLE_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Stretch:
    fps: float
    age_ms_p50: float
    age_ms_p95: float


@dataclass(frozen=True, kw_only=True)
class Row:
    attack: str
    before: Stretch
    during: Stretch
    after: Stretch
    did: str  # what the attacker says of itself
    deaf: Stretch | None = None  # while it attacked the deaf server

    @property
    def quiet_fps(self) -> float:
        return (self.before.fps + self.after.fps) / 2

    @property
    def quiet_ms(self) -> float:
        return (self.before.age_ms_p50 + self.after.age_ms_p50) / 2

    @property
    def holds(self) -> bool:
        fps, age_ms = self.quiet_fps, self.quiet_ms
        if self.deaf is not None:
            fps, age_ms = min(fps, self.deaf.fps), max(age_ms, self.deaf.age_ms_p50)
        return self.during.fps >= (1 - LIMIT) * fps and self.during.age_ms_p50 <= (1 + LIMIT) * age_ms


@click.group()
def cli() -> None:
    pass


@cli.command()
@click.option("--preset", default=TINT, show_default=True, help="Of the server's engine; tint has no network.")
@click.option("--seconds", type=click.FloatRange(min=2), default=15.0, show_default=True, help="Of each stretch.")
@click.option("--size", type=SizeType(), default="640x368", show_default=True)
@click.option("--attack", "names", multiple=True, type=click.Choice(list(ATTACKS)), help="Default: each of them.")
def hostile(preset: str, seconds: float, size: tuple[int, int], names: tuple[str, ...]) -> None:
    """Measure an honest player beside each kind of hostile client."""
    with (
        tempfile.TemporaryDirectory(prefix="reskin-bench-") as home,
        ServerProcess(Path(home), preset=preset, arguments=("--slots", "3")) as server,
    ):
        tokens = kept_tokens(Path(home) / "serve-secret")
        rows = asyncio.run(_measure(server.port, tokens, names or tuple(ATTACKS), seconds, size, home))
    _print(rows, preset, size, seconds)
    sys.exit(0 if all(row.holds for row in rows) else 1)


async def _measure(port: int, tokens: Tokens, names: tuple[str, ...], seconds: float, size: tuple[int, int],
                   home: str) -> list[Row]:  # fmt: skip
    server = Server(f"http://127.0.0.1:{port}")
    player = Player(server, tokens.issue("play", 2), clip=Clip(size))
    status, answer = await player.enter()
    if status != 200:
        raise click.ClickException(f"the honest player was not let in: {status} {answer}")
    rows = []
    deaf = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tools.serve_deaf", stdout=asyncio.subprocess.PIPE
    )  # fmt: skip
    try:
        assert deaf.stdout is not None
        deaf_port = int(await deaf.stdout.readline())
        while len(player.numbers) < 2:
            await asyncio.sleep(0.05)
        await asyncio.sleep(WARM_UP_S)
        found = re.search(r"a=candidate:\S+ 1 udp \d+ ([\d.]+) (\d+) ", player.connection.remoteDescription.sdp)
        media = f"{found[1]}:{found[2]}" if found else ""
        for name in names:
            before = await _stretch(player, seconds)
            during, did = await _attacked(player, seconds, name, server.url, media, home)
            after = await _stretch(player, seconds)
            alone = None
            if name in ALSO_DEAF:
                here = f"127.0.0.1:{deaf_port}"
                alone, _ = await _attacked(player, seconds, name, f"http://{here}", here, home)
            rows.append(Row(attack=name, before=before, during=during, after=after, did=did, deaf=alone))
            print(f"{len(rows)} of {len(names)} done: {name}", file=sys.stderr)
    finally:
        deaf.kill()
        await deaf.wait()
        await player.leave()
    return rows


async def _attacked(player: Player, seconds: float, name: str, url: str, media: str, home: str) -> tuple[Stretch, str]:
    """The player's figures while somebody attacks `url` and `media`, and what the attacker says of itself."""
    attacker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tools.serve_attacks", name, url, media, str(seconds + 2 * SETTLE_S), home,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert attacker.stdout is not None
    await attacker.stdout.readline()  # it begins
    await asyncio.sleep(SETTLE_S)
    during = await _stretch(player, seconds)
    did = (await attacker.stdout.read()).decode().strip()
    await attacker.wait()
    await asyncio.sleep(SETTLE_S)
    return during, did


async def _stretch(player: Player, seconds: float) -> Stretch:
    player.numbers.clear()
    player.ages_ms.clear()
    start_s = time.monotonic()
    await asyncio.sleep(seconds)
    ages = player.ages_ms or [float("inf")]
    p95 = statistics.quantiles(ages, n=20)[-1] if len(ages) > 1 else ages[0]
    return Stretch(fps=len(player.numbers) / (time.monotonic() - start_s), age_ms_p50=statistics.median(ages),
                   age_ms_p95=p95)  # fmt: skip


def _print(rows: list[Row], preset: str, size: tuple[int, int], seconds: float) -> None:
    table = Table(title=f"An honest player beside hostile ones: {preset}, {size[0]}x{size[1]}, {seconds:g} s each")
    columns = ("attack", "fps quiet", "fps", "age p50 quiet", "beside a deaf server", "age p50", "age p95",
               "within 5 %", "the attacker")  # fmt: skip
    for column in columns:
        table.add_column(column, justify="left" if column in ("attack", "the attacker") else "right")
    for row in rows:
        table.add_row(
            row.attack, f"{row.quiet_fps:.1f}", f"{row.during.fps:.1f}", f"{row.quiet_ms:.1f} ms",
            "" if row.deaf is None else f"{row.deaf.age_ms_p50:.1f} ms", f"{row.during.age_ms_p50:.1f} ms",
            f"{row.during.age_ms_p95:.1f} ms", "yes" if row.holds else "NO", row.did,
        )  # fmt: skip
    console = Console(width=None if sys.stdout.isatty() else 170)
    console.print(table)
    print(json.dumps({"preset": preset, "size": size, "seconds": seconds, "rows": [asdict(row) for row in rows]}))


if __name__ == "__main__":
    cli()
