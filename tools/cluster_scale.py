"""A Ray cluster on this machine that grows with its players and shrinks when they go.

    python -m tools.cluster_scale          # 4 players on 1 replica, then 18, then 4 again

The engine is `fake` and the media are datagrams, as in tools/cluster_chaos.py. Must hold: as many replicas as the
policy asks for, everybody plays then, nobody who stays is without a painting for longer than 3 s when replicas are
taken away, and every mark in every painting is the session's own.
A table for people, one JSON line last; the exit status is 1 when something did not hold. Needs `reskin[cluster]`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console
from rich.table import Table

from reskin.serve.cluster.autoscale import replicas_needed
from tools.cluster_chaos import LIMIT_S, longest_gap
from tools.cluster_players import Player
from tools.local_cluster import LocalCluster, Operator, wait_for

MOST_REPLICAS = 3
FEW_S = 60.0  # for each change
DELAY_S = 4.0  # that fewer replicas must be wanted for; hours of play would be too long to wait for
KEPT_S = 5.0  # that is looked at once the cluster has shrunk


class Crowd:
    """Players who come and go."""

    def __init__(self, cluster: LocalCluster, http: aiohttp.ClientSession, fps: float) -> None:
        self._cluster, self._http, self._fps = cluster, http, fps
        self.players: list[Player] = []  # all that there were
        self.playing: list[tuple[Player, asyncio.Event, asyncio.Task[None]]] = []

    def come(self, count: int) -> None:
        for _ in range(count):
            token = self._cluster.tokens.issue("play", 1.0)
            player, stop = Player(len(self.players) + 1, self._cluster.url, token, self._fps), asyncio.Event()
            self.players.append(player)
            self.playing.append((player, stop, asyncio.create_task(player.play(stop, self._http))))

    async def go(self, stay: int) -> None:
        """All but so many, who came at different times and so are on different replicas."""
        every = max(1, len(self.playing) // max(stay, 1))
        staying = self.playing[::every][:stay]
        leaving, self.playing = [each for each in self.playing if each not in staying], staying
        for _, stop, _ in leaving:
            stop.set()
        await asyncio.gather(*(task for _, _, task in leaving))

    def all_play(self) -> bool:
        return all(player.tally.painted_s for player in self.players)

    def longest_gap_s(self, begin_s: float) -> float:
        """Since then, of those who are still there and were there before."""
        old = [player for player, _, _ in self.playing if player.tally.painted_s[0] < begin_s]
        return max((longest_gap(player, begin_s, time.monotonic()) for player in old), default=0.0)


async def run(few: int, many: int, slots: int, fps: float, folder: Path) -> dict[str, Any]:
    cluster = LocalCluster(
        folder / "secret", cpus=MOST_REPLICAS, preset="fake", replicas=1, most_replicas=MOST_REPLICAS, slots=slots,
        upscale_delay_s=0, downscale_delay_s=DELAY_S, drain_s=30,
    )  # fmt: skip
    async with cluster, aiohttp.ClientSession() as http:
        operator, crowd = Operator(http, cluster), Crowd(cluster, http, fps)
        rows: list[dict[str, Any]] = []
        await operator.all_ready(1)
        for what, count in (("few come", few), ("many come", many), ("most go", few)):
            begin_s = time.monotonic()
            if count >= len(crowd.playing):
                crowd.come(count - len(crowd.playing))
                await wait_for(crowd.all_play, FEW_S, "everybody's first painting")
                playing_s = time.monotonic() - begin_s
            else:
                await crowd.go(count)
                playing_s = 0.0
            wanted = replicas_needed(count, 0, slots)
            there_s = await replicas_are(operator, wanted) - begin_s
            if what == "most go":
                await asyncio.sleep(KEPT_S)
            rows.append({"what": what, "players": count, "replicas": wanted, "there_s": there_s,
                         "all_play_s": playing_s, "gap_worst_s": crowd.longest_gap_s(begin_s)})  # fmt: skip
        sessions = (await operator.status())["sessions"]
        await crowd.go(0)
    mixed = [text for player in crowd.players for text in player.tally.mixed]
    gap_s = max(row["gap_worst_s"] for row in rows)
    return {
        "what": "cluster scale", "slots": slots, "rows": rows, "mixed": len(mixed), "mixed_first": mixed[:5],
        "painted": sum(len(player.tally.painted_s) for player in crowd.players), "gap_worst_s": gap_s,
        "sessions_at_end": sessions, "holds": not mixed and gap_s <= LIMIT_S and sessions == few,
    }  # fmt: skip


async def replicas_are(operator: Operator, wanted: int) -> float:
    """When there are exactly as many; an exit where there never are."""
    end_s = time.monotonic() + FEW_S
    while (found := len((await operator.status())["replicas"])) != wanted:
        if time.monotonic() > end_s:
            raise SystemExit(f"waiting for {wanted} replicas: there are {found} after {FEW_S:g} s")
        await asyncio.sleep(0.1)
    return time.monotonic()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--few", type=int, default=4, help="players at first, and at last")
    parser.add_argument("--many", type=int, default=18, help="and in between")
    parser.add_argument("--slots", type=int, default=8, help="of a replica")
    parser.add_argument("--fps", type=float, default=8.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(run(asked.few, asked.many, asked.slots, asked.fps, Path(folder)))
    table = Table("", "players", "replicas", "there after", "all play after", "longest gap of who stays")
    for row in found["rows"]:
        took = (f"{row[name]:.1f} s" for name in ("there_s", "all_play_s", "gap_worst_s"))
        table.add_row(row["what"], str(row["players"]), str(row["replicas"]), *took)
    console = Console(soft_wrap=True)
    console.print(table)
    console.print(f"{found['painted']} paintings checked, {found['mixed']} with anything of another session")
    console.print("holds" if found["holds"] else f"does NOT hold: {found['mixed_first'] or 'a gap or a count'}")
    print(json.dumps(found))
    return 0 if found["holds"] else 1


if __name__ == "__main__":
    sys.exit(main())
