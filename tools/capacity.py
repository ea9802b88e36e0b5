"""What many players would need: GPUs, waiting, dollars a player-hour, and where it breaks first. By simulation.

    python -m tools.capacity                                        # every figure that is assumed is printed as assumed
    python -m tools.capacity --table steps.json --device "NVIDIA H200" --preset small --window 1280x720
    python -m tools.capacity --plot day.png --players 1000

Slots come from step times as a cluster computes them (`reskin.serve.cluster.slots`): from the bench's table, or from
`--assume-steps` while there is no measurement. 100,000 players are cells of `--cell` players, each a cluster with its
own directory; some are simulated, and the rest is taken to be like them. A table, a plot on request, one JSON line.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from reskin.serve.cluster.slots import FPS, SHARE, Line, limits, line_from, line_of, slots
from tools.capacity_limits import Machine, breaking
from tools.capacity_model import Cell, Day, Plan

HOSTED_DOLLARS = (36.0, 72.0)  # an hour: what issue 9 names as the hosted service's charge, 1 and 2 cents a second
CALM = "calm"
SIMULATED_CELLS = 2


@dataclass(frozen=True, kw_only=True)
class Outcome:
    players: int
    day: str  # calm, or what happens on it
    cells: int
    simulated: int
    gpus_peak: int
    gpus_mean: float
    playing_mean: float
    wait_p99_s: float
    wait_worst_s: float
    waited_share: float  # more than a second
    went_away_share: float
    failures_a_day: float  # as expected; too few in a simulated day to be counted
    outage_worst_s: float  # of a session that lost its GPU
    gpu_dollars: float  # a player-hour
    network_dollars: float

    @property
    def dollars(self) -> float:
        return self.gpu_dollars + self.network_dollars


def simulate(players: int, plan: Plan, cell_players: int, machine: Machine, seed: int,
             day_name: str = CALM) -> tuple[Outcome, list[Day]]:  # fmt: skip
    cells = math.ceil(players / cell_players)
    simulated = min(cells, SIMULATED_CELLS)
    of_a_cell = replace(plan, players=players / cells)
    days = [Cell(of_a_cell, seed + index).run() for index in range(simulated)]
    scale = cells / simulated
    waits_s = np.concatenate([day.waits_s for day in days])
    outages_s = np.concatenate([[0.0], *(day.outages_s for day in days)])
    playing = sum(float(np.mean(day.playing)) for day in days) * scale
    gpus = sum(float(np.mean(day.gpus)) for day in days) * scale
    return Outcome(
        players=players, day=day_name, cells=cells, simulated=simulated,
        gpus_peak=math.ceil(sum(max(day.gpus) for day in days) * scale), gpus_mean=gpus, playing_mean=playing,
        wait_p99_s=float(np.quantile(waits_s, 0.99)), wait_worst_s=float(waits_s.max()),
        waited_share=float((waits_s > 1).mean()),
        went_away_share=sum(day.went_away for day in days) / len(waits_s),
        failures_a_day=gpus * 86_400 / plan.mtbf_s, outage_worst_s=float(outages_s.max()),
        gpu_dollars=gpus * machine.gpu_dollars / playing,
        network_dollars=machine.egress_gb_h * machine.egress_dollars_gb,
    ), days  # fmt: skip


def read_line(arguments: argparse.Namespace) -> tuple[Line, str]:
    """Step times, and where they are from."""
    if arguments.table is not None:
        line = line_of(arguments.table.read_text(encoding="utf-8"), arguments.device, arguments.preset,
                       arguments.window)  # fmt: skip
        return line, f"measured: {arguments.table}, {arguments.device}, {arguments.preset}, {arguments.window}"
    pairs = (pair.split(":") for pair in arguments.assume_steps.split(","))
    times_ms = {int(batch): float(ms) for batch, ms in pairs}
    return line_from(times_ms, encode_ms=arguments.encode_ms, cores=arguments.cores), "ASSUMED, not measured"


def show(console: Console, line: Line, source: str, plan: Plan, machine: Machine, outcomes: list[Outcome]) -> None:
    steps = ", ".join(f"{batch}: {times.p95:g} ms" for batch, times in sorted(line.batches.items()))
    console.print(f"steps by batch ({source}): {steps}", highlight=False)
    bounds = ", ".join(f"{name} {count}" for name, count in limits(line).items())
    console.print(f"slots a GPU at {FPS:g} fps and {SHARE:.0%} of a tick: {plan.slots} ({bounds})", highlight=False)
    console.print(f"ASSUMED: {assumptions(plan, machine)}", highlight=False)
    table = Table("players", "day", "GPUs at peak", "mean", "wait p99", "worst", "waited", "went away",
                  "failures a day", "worst outage", "$ a player-hour", "of it network")  # fmt: skip
    for row in outcomes:
        table.add_row(
            f"{row.players:,}", row.day, f"{row.gpus_peak:,}", f"{row.gpus_mean:,.1f}",
            f"{row.wait_p99_s:.1f} s",
            f"{row.wait_worst_s:.0f} s", f"{row.waited_share:.2%}", f"{row.went_away_share:.2%}",
            f"{row.failures_a_day:.2f}", f"{row.outage_worst_s:.0f} s", f"{row.dollars:.2f}",
            f"{row.network_dollars:.2f}",
        )  # fmt: skip
    console.print(table)
    low, high = HOSTED_DOLLARS
    for row in (row for row in outcomes if row.day == CALM):
        console.print(
            f"{row.players:,} players: ${row.dollars:.2f} a player-hour beside ${low:.0f} to ${high:.0f} hosted, "
            f"{low / row.dollars:,.0f} to {high / row.dollars:,.0f} times less", highlight=False,
        )  # fmt: skip
        for name, share, text in breaking(row.players, row.gpus_peak, row.cells, plan, machine)[:3]:
            console.print(f"    {name}: {share:.0%} of what there is. {text}", highlight=False)


def assumptions(plan: Plan, machine: Machine) -> str:
    return (
        f"{machine.gpu_dollars:g} $ a GPU-hour, sessions of {plan.session_s / 60:g} min on average, patience "
        f"{plan.patience_s:g} s, cold start {plan.cold_start_s:g} s, one failure in {plan.mtbf_s / 3600:,.0f} "
        f"GPU-hours, {plan.spare} spare GPU a cell, fill {plan.fill:.0%}, {machine.mbit_s:g} Mbit/s each way at "
        f"{machine.egress_dollars_gb:g} $ a GB out, {machine.gpus_a_node} GPUs, {machine.cores} cores a GPU and "
        f"{machine.nic_gbit_s:g} Gbit/s a node; the daily curve is in tools/capacity_model.py"
    )


def plot(path: Path, outcomes: list[Outcome], days: list[list[Day]], slots_a_gpu: int) -> None:
    """Players, the slots that are paid for, and who waits, over the day: a row a number of players, a column a day."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    names = list(dict.fromkeys(row.day for row in outcomes))
    rows = len(outcomes) // len(names)
    figure, axes = plt.subplots(rows, len(names), figsize=(4.6 * len(names), 2.9 * rows), squeeze=False, sharex=True)
    for axis, row, found in zip(axes.flat, outcomes, days, strict=True):
        scale = row.cells / row.simulated
        hours = np.array(found[0].looks_s) / 3600
        playing, gpus, queue = (
            np.sum([getattr(day, name) for day in found], axis=0) * scale for name in ("playing", "gpus", "queue")
        )
        axis.fill_between(hours, playing, color="#4c78a8", alpha=0.5, label="players")
        axis.plot(hours, gpus * slots_a_gpu, color="#e45756", linewidth=1.2, label="slots that are paid for")
        axis.plot(hours, queue, color="#2f8f2f", linewidth=1.4, label="waiting")
        title = f"{row.players:,} players, {row.day}\n{row.gpus_peak:,} GPUs at peak, {row.gpus_mean:,.1f} on average, "
        axis.set_title(f"{title}{row.dollars:.2f} \\$ a player-hour", fontsize=9)
        axis.yaxis.set_major_formatter("{x:,.0f}")
        axis.set_ylim(bottom=0)
        axis.set_xlim(0, hours[-1])
        axis.set_xticks(range(0, 25, 6))
        axis.grid(alpha=0.25)
    axes[0, 0].legend(loc="center left", fontsize=8)
    for axis in axes[-1]:
        axis.set_xlabel("hour of the day")
    figure.tight_layout()
    figure.savefig(path, dpi=100)
    plt.close(figure)


def main() -> int:
    arguments = parse()
    started_s = time.perf_counter()
    line, source = read_line(arguments)
    machine = Machine(
        gpu_dollars=arguments.gpu_dollars, egress_dollars_gb=arguments.egress_dollars_gb, mbit_s=arguments.mbit_s,
        nic_gbit_s=arguments.nic_gbit, gpus_a_node=arguments.gpus_a_node, cores=arguments.cores,
        encode_ms=arguments.encode_ms,
    )  # fmt: skip
    plan = Plan(
        players=0, slots=slots(line), session_s=arguments.session_min * 60, patience_s=arguments.patience_s,
        fill=arguments.fill, spare=arguments.spare, cold_start_s=arguments.cold_start_s,
        mtbf_s=arguments.mtbf_hours * 3600,
    )  # fmt: skip
    days = {CALM: plan}
    if not arguments.only_calm:
        days[f"{arguments.surge:g} x at 19 h"] = replace(plan, surge=arguments.surge)
        days["a node lost"] = replace(plan, lost_gpus=arguments.gpus_a_node)
    found = [
        simulate(players, day, arguments.cell, machine, arguments.seed, name)
        for players in arguments.players for name, day in days.items()
    ]  # fmt: skip
    outcomes = [outcome for outcome, _ in found]
    show(Console(width=140), line, source, plan, machine, outcomes)
    if arguments.plot is not None:
        plot(arguments.plot, outcomes, [each for _, each in found], plan.slots)
    result: dict[str, Any] = {
        "what": "capacity", "steps": source, "slots": plan.slots, "limits": limits(line), "hosted": HOSTED_DOLLARS,
        "assumed": assumptions(plan, machine), "seed": arguments.seed,
        "outcomes": [{**asdict(row), "dollars": row.dollars,
                      "breaking": breaking(row.players, row.gpus_peak, row.cells, plan, machine)}
                     for row in outcomes],
        "seconds": round(time.perf_counter() - started_s, 1),
    }  # fmt: skip
    print(json.dumps(result))
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--players", type=int, nargs="+", default=[10, 1_000, 100_000], help="at once, at peak")
    parser.add_argument("--table", type=Path, help="step times that the bench wrote")
    parser.add_argument("--device", default="NVIDIA H200")
    parser.add_argument("--preset", default="small")
    parser.add_argument("--window", default="1280x720")
    parser.add_argument("--assume-steps", default="1:5,4:9,8:15,16:28", help="batch:ms, where there is no table")
    parser.add_argument("--encode-ms", type=float, default=7.0, help="of a core, decoding and encoding one frame")
    parser.add_argument("--cores", type=int, default=24, help="a GPU")
    parser.add_argument("--gpu-dollars", type=float, default=3.5, help="an hour of one GPU with its share of the node")
    parser.add_argument("--egress-dollars-gb", type=float, default=0.05)
    parser.add_argument("--mbit-s", type=float, default=6.0, help="each way, a session")
    parser.add_argument("--nic-gbit", type=float, default=100.0, help="a node")
    parser.add_argument("--gpus-a-node", type=int, default=8)
    parser.add_argument("--session-min", type=float, default=60.0)
    parser.add_argument("--patience-s", type=float, default=180.0)
    parser.add_argument("--cold-start-s", type=float, default=180.0)
    parser.add_argument(
        "--mtbf-hours",
        type=float,
        default=50_000.0,
        help="of a GPU; 419 stops in 54 days of 16,384 when Llama 3 was trained (arXiv 2407.21783)",
    )
    parser.add_argument("--fill", type=float, default=0.8)
    parser.add_argument(
        "--surge", type=float, default=10.0, help="so many times as many come on the second day, from 19:00 to 19:15"
    )
    parser.add_argument("--only-calm", action="store_true", help="neither that day nor the one with a lost node")
    parser.add_argument("--spare", type=int, default=1, help="GPUs a cell")
    parser.add_argument("--cell", type=int, default=2_000, help="players of one cluster")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plot", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
