"""What a cluster is told: `serve deploy` reads it from the application's `args`, `build` checks it. See tools/deploy.

Frozen; an unknown key is an error. Knows nothing of Ray.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ClusterConfig(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    preset: str = "small"  # of `engine`, or "fake": marks instead of a network, and datagrams instead of WebRTC
    theme: str = "neon-rain"  # that a session begins with when the offer names none
    slots: int | None = Field(None, ge=1)  # a replica; None: computed from what was measured on its device
    step_table: str | None = None  # the file that the bench wrote; None: each replica measures itself when it starts
    window: str = Field("1280x720", pattern=r"^\d+x\d+$")  # that slots are computed for
    replicas: int = Field(1, ge=1)  # at least
    most_replicas: int = Field(1, ge=1)  # above `replicas`: Serve scales between the two, by sessions and queue
    upscale_delay_s: float = Field(5.0, ge=0)  # that more must be wanted for
    downscale_delay_s: float = Field(300.0, ge=0)  # and fewer: a start costs a minute of a GPU
    gpus: float = Field(1.0, ge=0)  # a replica
    cpus: float = Field(1.0, ge=0)
    flash_limiter: Literal["broadcast", "strict", "off"] = "broadcast"
    threads: int = Field(1, ge=1)  # of an engine on a CPU
    names: tuple[str, ...] = ()  # host[:port] by which players call the cluster, as a proxy hands it on; empty: any
    ice_servers: tuple[str, ...] = ()  # STUN, for replicas behind a router
    secret_file: str | None = None  # that tokens are signed with; must be the same on every node. None: a new one
    beat_s: float = Field(0.25, gt=0, le=1)  # how often a replica tells the directory whom it plays
    surge_percent: int = Field(0, ge=0, le=100)  # of replicas that an update starts before it stops others: needs GPUs
    drain_s: float = Field(30.0, ge=0)  # that a replica's sessions have to move elsewhere before it stops
    fake_step_ms: float = Field(2.0, ge=0)
