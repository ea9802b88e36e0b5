"""What hostile clients cost the others: an honest player's figures beside each of them, and without.

    python -m tools.bench_serve hostile [--preset tint] [--seconds 6] [--rounds 4] [--size 640x368]

The server, the honest player and the attacker are three processes. Quiet and attacked stretches take turns, and those
of a kind are counted together: one stretch's median is 3 % above or below the next one's by itself. What needs no real
server to talk to runs in each round against one that refuses everything too (`tools/serve_deaf.py`): what it costs
there is the attacker's own share of the cores, which in life are another machine's. Must hold: frames a second, and the
median age of a picture, within 5 % of the quiet ones, or of those beside the deaf server. Ages go from a frame drawn to
its painting decoded, by the number in the strip. An attacker that fails, or of whose attack nothing arrived, ends the
bench with an error. A table for people, one JSON line last; the exit status is 1 when something did not hold.
"""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from reskin.cli_options import SizeType
from reskin.serve.tokens import Tokens, kept_tokens
from tools.remote_server import TINT, ServerProcess
from tools.serve_attacks import ATTACKS
from tools.serve_players import Clip, Player, Server

LIMIT = 0.05
BASELINE = "the quiet stretches, or those beside the deaf server where these are slower"
# What an attacker counts of what it sent; where nothing is named here, each HTTP request that was answered.
COUNTED = {"garbage": "sent", "messages": "sent", "never-reads": "200", "slow-http": "opened"}
ALSO_DEAF = {"forged", "expired", "malformed", "sessions", "garbage", "slow-http"}  # need nobody who answers
FIRST_LIMIT_S = 30.0  # until the honest player's first pictures are there
WARM_UP_S = 3.0
SETTLE_S = 1.0


@dataclass(kw_only=True)
class Stretches:
    """Of one kind; each adds to the others."""

    frames: int = 0
    seconds: float = 0.0
    ages_ms: list[float] = field(default_factory=list)
    medians_ms: list[float] = field(default_factory=list)  # of each stretch by itself

    async def add(self, player: Player, seconds: float) -> None:
        player.numbers.clear()
        player.ages_ms.clear()
        start_s = time.monotonic()
        await asyncio.sleep(seconds)
        self.seconds += time.monotonic() - start_s
        self.frames += len(player.numbers)
        self.ages_ms += player.ages_ms
        self.medians_ms.append(statistics.median(player.ages_ms or [float("inf")]))

    @property
    def fps(self) -> float:
        return self.frames / self.seconds if self.seconds else 0.0

    def age_ms(self, percent: int) -> float:
        if len(self.ages_ms) < 2:
            return float("inf")
        return statistics.quantiles(self.ages_ms, n=100)[percent - 1]

    def figures(self) -> dict[str, Any]:
        return {"fps": self.fps, "age_ms_p50": self.age_ms(50), "age_ms_p95": self.age_ms(95),
                "medians_ms": self.medians_ms}  # fmt: skip


@dataclass(kw_only=True)
class Row:
    attack: str
    quiet: Stretches = field(default_factory=Stretches)
    during: Stretches = field(default_factory=Stretches)
    deaf: Stretches | None = None  # while it attacked the deaf server
    did: str = ""  # what the attacker said of itself in the last round
    sent: int = 0  # in all rounds, to the real server

    @property
    def slower_than_quiet(self) -> float:
        """By what share the median age was above that."""
        return self.during.age_ms(50) / self.quiet.age_ms(50) - 1

    @property
    def slower_than_deaf(self) -> float | None:
        return None if self.deaf is None else self.during.age_ms(50) / self.deaf.age_ms(50) - 1

    @property
    def slower(self) -> float:
        """Than what it may be compared with: BASELINE."""
        deaf = self.slower_than_deaf
        return self.slower_than_quiet if deaf is None else min(self.slower_than_quiet, deaf)

    @property
    def holds(self) -> bool:
        fps = min(each.fps for each in (self.quiet, self.deaf) if each is not None)
        return self.during.fps >= (1 - LIMIT) * fps and self.slower <= LIMIT


@click.group()
def cli() -> None:
    pass


@cli.command()
@click.option("--preset", default=TINT, show_default=True, help="Of the server's engine; tint has no network.")
@click.option("--seconds", type=click.FloatRange(min=2), default=6.0, show_default=True, help="Of each stretch.")
@click.option("--rounds", type=click.IntRange(min=1), default=4, show_default=True, help="Of a stretch of each kind.")
@click.option("--size", "size_px", type=SizeType(), default="640x368", show_default=True)
@click.option("--attack", "names", multiple=True, type=click.Choice(list(ATTACKS)), help="Default: each of them.")
def hostile(preset: str, seconds: float, rounds: int, size_px: tuple[int, int], names: tuple[str, ...]) -> None:
    """Measure an honest player beside each kind of hostile client."""
    with (
        tempfile.TemporaryDirectory(prefix="reskin-bench-") as home,
        ServerProcess(Path(home), preset=preset, arguments=("--slots", "3")) as server,
    ):
        tokens = kept_tokens(Path(home) / "serve-secret")
        rows = asyncio.run(_measure(server.port, tokens, names or tuple(ATTACKS), seconds, rounds, size_px, home))
    _print(rows, preset, size_px, rounds * seconds)
    sys.exit(0 if all(row.holds for row in rows) else 1)


async def _measure(port: int, tokens: Tokens, names: tuple[str, ...], seconds: float, rounds: int,
                   size_px: tuple[int, int], home: str) -> list[Row]:  # fmt: skip
    server = Server(f"http://127.0.0.1:{port}")
    player = Player(server, tokens.issue("play", 2), clip=Clip(size_px))
    status, answer = await player.enter()
    if status != 200:
        raise click.ClickException(f"the honest player was not let in: {status} {answer}")
    rows: list[Row] = []
    deaf = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tools.serve_deaf", stdout=asyncio.subprocess.PIPE
    )  # fmt: skip
    try:
        assert deaf.stdout is not None
        deaf_port = int(await deaf.stdout.readline())
        limit_s = time.monotonic() + FIRST_LIMIT_S
        while len(player.numbers) < 2:
            if time.monotonic() > limit_s:
                raise click.ClickException(
                    f"playing on {server.url}: no painting came back within {FIRST_LIMIT_S:.0f} s. Does a firewall "
                    "stop UDP on this machine?"
                )
            await asyncio.sleep(0.05)
        await asyncio.sleep(WARM_UP_S)
        found = re.search(r"a=candidate:\S+ 1 udp \d+ ([\d.]+) (\d+) ", player.connection.remoteDescription.sdp)
        media = f"{found[1]}:{found[2]}" if found else ""
        here = f"127.0.0.1:{deaf_port}"
        for name in names:
            rows.append(row := Row(attack=name, deaf=Stretches() if name in ALSO_DEAF else None))
            for _ in range(rounds):
                await row.quiet.add(player, seconds)
                row.did = await _attacked(row.during, player, seconds, name, server.url, media, home)
                row.sent += sent_by(name, row.did)
                if row.deaf is not None:
                    await _attacked(row.deaf, player, seconds, name, f"http://{here}", here, home)
            print(f"{len(rows)} of {len(names)} done: {name}", file=sys.stderr)
    finally:
        deaf.kill()
        await deaf.wait()
        await player.leave()
    return rows


async def _attacked(found: Stretches, player: Player, seconds: float, name: str, url: str, media: str,
                    home: str) -> str:  # fmt: skip
    """Adds the player's figures while somebody attacks `url` and `media`; what the attacker says of itself."""
    attacker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tools.serve_attacks", name, url, media, str(seconds + 2 * SETTLE_S), home,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert attacker.stdout is not None
    await attacker.stdout.readline()  # it begins
    await asyncio.sleep(SETTLE_S)
    await found.add(player, seconds)
    did = (await attacker.stdout.read()).decode().strip()
    check_attacker(name, url, await attacker.wait(), did)
    await asyncio.sleep(SETTLE_S)
    return did


def sent_by(name: str, did: str) -> int:
    """How much of an attack arrived, by what the attacker says of itself: "401: 300" or "200: 1, sent: 36"."""
    counts = {what: int(count) for what, _, count in (part.rpartition(": ") for part in did.split(", ")) if what}
    if name in COUNTED:
        return counts.get(COUNTED[name], 0)
    return sum(count for what, count in counts.items() if what.isdigit())


def check_attacker(name: str, url: str, code: int, did: str) -> None:
    """An honest player who is beside nobody says nothing of the server."""
    if code != 0:
        raise click.ClickException(
            f"attacking {url} as {name}: the attacker ended with exit code {code}, expected 0; it said {did!r}. "
            "Its error is above."
        )
    if sent_by(name, did) == 0:
        raise click.ClickException(
            f"attacking {url} as {name}: nothing of it arrived, so nothing was measured; the attacker said {did!r}"
        )


def _print(rows: list[Row], preset: str, size_px: tuple[int, int], seconds: float) -> None:
    table = Table(title=f"An honest player beside hostile ones: {preset}, {size_px[0]}x{size_px[1]}, "
                        f"{seconds:g} s each; baseline: {BASELINE}")  # fmt: skip
    columns = ("attack", "fps quiet", "fps", "age p50 quiet", "beside a deaf server", "age p50", "age p95",
               "slower than quiet", "than deaf", "within 5 %", "sent", "the attacker")  # fmt: skip
    for column in columns:
        table.add_column(column, justify="left" if column in ("attack", "the attacker") else "right")
    for row in rows:
        deaf = "" if row.deaf is None else f"{row.deaf.age_ms(50):.1f} ms"
        slower_than_deaf = "" if row.slower_than_deaf is None else f"{row.slower_than_deaf:+.1%}"
        table.add_row(
            row.attack, f"{row.quiet.fps:.1f}", f"{row.during.fps:.1f}", f"{row.quiet.age_ms(50):.1f} ms", deaf,
            f"{row.during.age_ms(50):.1f} ms", f"{row.during.age_ms(95):.1f} ms", f"{row.slower_than_quiet:+.1%}",
            slower_than_deaf, "yes" if row.holds else "NO", str(row.sent), row.did,
        )  # fmt: skip
    console = Console(width=None if sys.stdout.isatty() else 180)
    console.print(table)
    told = [
        {"attack": row.attack, "quiet": row.quiet.figures(), "during": row.during.figures(), "did": row.did,
         "sent": row.sent, "deaf": None if row.deaf is None else row.deaf.figures(), "slower": row.slower,
         "slower_than_quiet": row.slower_than_quiet, "slower_than_deaf": row.slower_than_deaf, "holds": row.holds}
        for row in rows
    ]  # fmt: skip
    holds = all(row.holds for row in rows)
    print(json.dumps({"bench": "serve hostile", "preset": preset, "baseline": BASELINE, "limit": LIMIT, "size": size_px,
                      "seconds": seconds, "holds": holds, "rows": told}))  # fmt: skip


if __name__ == "__main__":
    cli()
