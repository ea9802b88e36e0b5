"""A Ray cluster on this machine, sixty sessions, and a replica that is killed every ten seconds.

    python -m tools.cluster_chaos                          # 3 replicas, 60 sessions, SIGKILL every 10 s for 2 minutes
    python -m tools.cluster_chaos --seconds 25 --sessions 12 --update

The engine is `fake` and the media are datagrams: what is tried is admission, pinning, hand-over and draining, with the
sessions and the stepper of `reskin serve`. Must hold: every session that lost its replica is served again within 3 s,
and every mark in every painting is the session's own. `--update` then redeploys while they play: nobody may wait
longer.
A table for people, one JSON line last; the exit status is 1 when something did not hold. Needs `reskin[cluster]`.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console
from rich.table import Table

from tools.cluster_players import Player
from tools.local_cluster import LocalCluster, Operator, wait_for

LIMIT_S = 3.0
SETTLE_S = 5.0  # after the last kill, and after an update
FIRST_S = 60.0  # until everybody has been painted


async def run(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    # There is room for twice the replicas: an update starts some before it drains others.
    cluster = LocalCluster(
        folder / "secret", cpus=2 * arguments.replicas, preset="fake", replicas=arguments.replicas,
        slots=arguments.slots, drain_s=30, surge_percent=100,
    )  # fmt: skip
    async with cluster, aiohttp.ClientSession() as http:
        operator = Operator(http, cluster)
        await operator.all_ready(arguments.replicas)
        players = [
            Player(mark, cluster.url, cluster.tokens.issue("play", 1.0), arguments.fps)
            for mark in range(1, arguments.sessions + 1)
        ]
        stop = asyncio.Event()
        playing = [asyncio.create_task(player.play(stop, http)) for player in players]
        await wait_for(lambda: all(player.tally.painted_s for player in players), FIRST_S, "each one's first painting")
        begin_s = time.monotonic()
        kills = await kill_replicas(arguments, operator)
        await operator.all_ready(arguments.replicas)
        updated_s = time.monotonic()
        if arguments.update:
            await cluster.update(fake_step_ms=3.0)
            await asyncio.sleep(SETTLE_S)
        end_s = time.monotonic()
        last = await operator.status()
        stop.set()
        await asyncio.gather(*playing)
    return result(arguments, players, kills, begin_s, updated_s, end_s, last)


async def kill_replicas(arguments: argparse.Namespace, operator: Operator) -> list[float]:
    """When each was killed. The next one only when as many as there should be are there again."""
    draw = random.Random(arguments.seed)
    kills: list[float] = []
    end_s = time.monotonic() + arguments.seconds
    while time.monotonic() + SETTLE_S < end_s:
        next_s = time.monotonic() + arguments.every
        found = await operator.all_ready(arguments.replicas)
        victim = draw.choice(sorted(name for name, facts in found["replicas"].items() if facts["sessions"]))
        os.kill(found["replicas"][victim]["pid"], signal.SIGKILL)
        kills.append(time.monotonic())
        await asyncio.sleep(max(SETTLE_S, next_s - time.monotonic()))
    return kills


def way_back(player: Player, kill_s: float, until_s: float) -> tuple[float, float, float] | None:
    """Seconds from a kill until the player asked again, was answered, and had a painting; None: it had no need to."""
    told = player.tally
    asked, answered = (next((at for at in times if kill_s < at < until_s), None)
                       for times in (told.asked_s, told.connected_s))  # fmt: skip
    if asked is None or answered is None:
        return None
    painted = next((at for at in told.painted_s if at > answered), float("inf"))
    return asked - kill_s, answered - kill_s, painted - kill_s


def longest_gap(player: Player, begin_s: float, end_s: float) -> float:
    """Seconds without a painting, at most, between two times."""
    return longest_pause(player.tally.painted_s, begin_s, end_s)


def longest_pause(times: Iterable[float], begin: float, end: float) -> float:
    """Between two moments, which are marks themselves: an outage before the first time or after the last counts too."""
    marks = [begin, *(at for at in times if begin < at < end), end]
    return max(after - before for before, after in itertools.pairwise(marks))


def result(arguments: argparse.Namespace, players: list[Player], kills: list[float], begin_s: float,
           updated_s: float, end_s: float, last: dict[str, Any]) -> dict[str, Any]:  # fmt: skip
    rows = []
    for kill_s, until_s in zip(kills, [*kills[1:], updated_s], strict=True):
        ways = [way for player in players if (way := way_back(player, kill_s, until_s)) is not None]
        asked, answered, back = (sorted(way[at] for way in ways) for at in range(3))
        rows.append({"at_s": kill_s - begin_s, "moved": len(back), "asked_p50_s": quantile(asked, 0.5),
                     "answered_p50_s": quantile(answered, 0.5), "back_p50_s": quantile(back, 0.5),
                     "back_p95_s": quantile(back, 0.95), "back_worst_s": quantile(back, 1.0),
                     "gap_worst_s": max(longest_gap(player, kill_s, until_s) for player in players)})  # fmt: skip
    tallies = [player.tally for player in players]
    mixed = [text for tally in tallies for text in tally.mixed]
    update_gap_s = max(longest_gap(player, updated_s, end_s) for player in players) if arguments.update else None
    gap_s = max(longest_gap(player, begin_s, updated_s) for player in players)
    return {
        "what": "cluster chaos", "replicas": arguments.replicas, "slots": arguments.slots,
        "sessions": arguments.sessions, "fps": arguments.fps, "seconds": end_s - begin_s, "kills": rows,
        "painted": sum(len(tally.painted_s) for tally in tallies), "sent": sum(tally.sent for tally in tallies),
        "late": sum(tally.late for tally in tallies), "mixed": len(mixed), "mixed_first": mixed[:5],
        "queued": sum(tally.queued for tally in tallies), "resumed": sum(tally.resumed for tally in tallies),
        "connections": sum(len(tally.connected_s) for tally in tallies),
        "gap_worst_s": gap_s, "update_gap_worst_s": update_gap_s, "sessions_at_end": last["sessions"],
        "limit_s": LIMIT_S,
        "holds": not mixed and gap_s <= LIMIT_S and (update_gap_s or 0.0) <= LIMIT_S and bool(rows),
    }  # fmt: skip


def quantile(values: list[float], share: float) -> float | None:
    """Of sorted values, the one at or above the share."""
    return values[min(len(values) - 1, int(share * len(values)))] if values else None


def show(found: dict[str, Any], console: Console) -> None:
    table = Table("kill at", "moved", "asked p50", "answered p50", "back p50", "p95", "worst", "longest gap of all")
    for row in found["kills"]:
        names = ("asked_p50_s", "answered_p50_s", "back_p50_s", "back_p95_s", "back_worst_s", "gap_worst_s")
        told = ("-" if row[name] is None else f"{row[name]:.2f} s" for name in names)
        table.add_row(f"{row['at_s']:.0f} s", str(row["moved"]), *told)
    console.print(table)
    console.print(
        f"{found['sessions']} sessions, {found['painted']} paintings checked of {found['sent']} frames sent, "
        f"{found['mixed']} with anything of another session; {found['connections']} connections, {found['resumed']} "
        f"resumed, {found['queued']} times queued", highlight=False,
    )  # fmt: skip
    if found["update_gap_worst_s"] is not None:
        console.print(f"update while they play: nobody without a painting for longer than "
                      f"{found['update_gap_worst_s']:.2f} s")  # fmt: skip
    console.print("holds" if found["holds"] else f"does NOT hold: {found['mixed_first'] or 'too slow'}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicas", type=int, default=3)
    parser.add_argument("--slots", type=int, default=30, help="a replica: two of three must hold all sessions")
    parser.add_argument("--sessions", type=int, default=60)
    parser.add_argument("--fps", type=float, default=8.0)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--every", type=float, default=10.0, help="seconds between kills")
    parser.add_argument("--update", action="store_true", help="at the end, redeploy while they play")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(run(arguments, Path(folder)))
    show(found, Console(soft_wrap=True))
    print(json.dumps(found))
    return 0 if found["holds"] else 1


if __name__ == "__main__":
    sys.exit(main())
