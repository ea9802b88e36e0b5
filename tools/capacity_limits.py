"""Where a cluster breaks: each thing that is finite, and how much of it so many players use. Arithmetic, no simulation.

Knows nothing of how players come and go.
"""

from __future__ import annotations

from dataclasses import dataclass

from reskin.serve.cluster.slots import FPS, SHARE
from tools.capacity_model import DAILY, DAY_S, Plan

DIRECTORY_CALLS_S = 1_000.0  # that one Ray Serve replica in Python answers; an assumption, of the order of Serve's own
BEATS_S = 4.0  # of each GPU to the directory
Finding = tuple[str, float, str]


@dataclass(frozen=True, kw_only=True)
class Machine:
    gpu_dollars: float
    egress_dollars_gb: float
    mbit_s: float  # of one session, each way
    nic_gbit_s: float  # of a node, each way
    gpus_a_node: int
    cores: int  # a GPU
    encode_ms: float  # of a core, for decoding and encoding one frame

    @property
    def egress_gb_h(self) -> float:
        """Out to one player."""
        return self.mbit_s / 8 * 3600 / 1000


def breaking(players: int, gpus: int, cells: int, plan: Plan, machine: Machine) -> list[Finding]:
    """Name, share in use, and a sentence; what breaks first comes first."""
    nodes = -(-gpus // machine.gpus_a_node)
    on_a_gpu = min(plan.slots, players / max(1, gpus))
    node_gbit_s = plan.slots * machine.gpus_a_node * machine.mbit_s / 1000
    cores = plan.slots * FPS * machine.encode_ms / 1000
    steepest = max(abs(after - before) for before, after in zip(DAILY, DAILY[1:] + DAILY[:1], strict=True))
    grown = players / cells * steepest / (DAY_S / len(DAILY)) * plan.cold_start_s
    headroom = (1 - plan.fill) * players / cells + plan.spare * plan.slots
    lost = min(players / cells, machine.gpus_a_node * on_a_gpu)
    elsewhere = headroom * max(0.0, 1 - machine.gpus_a_node * cells / gpus)  # the node takes its own with it
    calls = gpus / cells * BEATS_S
    found = [
        ("network of a node", node_gbit_s / machine.nic_gbit_s,
         f"{node_gbit_s:.1f} Gbit/s out of a full node; {players * machine.mbit_s / 1000:,.1f} Gbit/s out in all, from "
         f"{nodes:,} nodes"),
        ("encoding on the CPU", cores / (machine.cores * SHARE),
         f"{cores:.1f} cores for a full GPU's sessions (aiortc encodes in software, and an H200 has no video encoder: "
         "NVENC would need another card)"),
        ("cold start at the steepest hour", grown / headroom,
         f"{grown:.0f} more players a cell while one GPU starts, beside {headroom:.0f} slots of headroom"),
        ("the loss of a whole node", lost / max(1.0, elsewhere),
         f"{lost:.0f} sessions want a slot at once, beside {elsewhere:.0f} free elsewhere: above 100 % some wait a "
         "cold start"),
        ("the directory", calls / DIRECTORY_CALLS_S,
         f"{calls:.0f} beats a second from {gpus / cells:.0f} GPUs to one directory, beside {DIRECTORY_CALLS_S:,.0f} "
         "(assumed) that one answers"),
    ]  # fmt: skip
    return sorted(found, key=lambda item: -item[1])
