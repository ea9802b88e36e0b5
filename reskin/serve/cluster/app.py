"""The parts of a cluster, put together for Ray Serve: `serve run reskin.serve.cluster.app:build preset=small`.

    client --HTTP--> Serve's proxy -> Ingress -> DirectoryService: which replica? (slots, queue, choices)
                                             \\-> EngineReplica (one a GPU), the one that was named (PinnedRouter)
    client <==WebRTC, straight==> EngineReplica --beat--> DirectoryService

Ray's telemetry is off wherever this is imported before Ray is; tools/deploy sets it for the whole cluster.
"""

from __future__ import annotations

import faulthandler
import os
import secrets
from pathlib import Path
from typing import Any

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

from ray import serve
from ray.exceptions import RayError
from ray.serve import Application
from ray.serve.config import AutoscalingConfig, AutoscalingPolicy, RequestRouterConfig
from ray.serve.exceptions import RayServeException
from ray.serve.handle import DeploymentHandle
from ray.serve.schema import LoggingConfig
from starlette.requests import Request
from starlette.responses import Response

from reskin.errors import ServeError
from reskin.serve import logs
from reskin.serve.cluster.config import ClusterConfig
from reskin.serve.cluster.ingress import DirectoryService, Ingress
from reskin.serve.cluster.replica import EngineReplica
from reskin.serve.cluster.requests import Asked

ROUTER = "reskin.serve.cluster.router:PinnedRouter"
POLICY = "reskin.serve.cluster.autoscale:by_sessions"
CALLS = 256  # of signalling at a time, to one replica: a session is no call
GRACE_S = 5.0  # after draining, before Serve kills
HEALTH_S = 1.0  # how soon a dead replica is replaced; Serve's own default is 10
HEALTH_TIMEOUT_S = 10.0
MAX_BACKOFF_S = 0.1  # before a handle tries again; Serve's own 0.5 is for many callers of one deployment
LOST = (RayError, RayServeException)


def _begin() -> None:
    logs.start()
    faulthandler.enable()  # Ray's own tells of one thread, and media has several


class ServedDirectory(DirectoryService):
    def __init__(self) -> None:
        _begin()
        super().__init__()


class ServedReplica(EngineReplica):
    def __init__(self, config: dict[str, Any], directory: DeploymentHandle) -> None:
        _begin()
        super().__init__(config, directory, serve.get_replica_context().replica_id.unique_id, LOST)

    async def __del__(self) -> None:
        """Serve waits for this, up to `graceful_shutdown_timeout_s`, before the process ends."""
        await self.drain()


class ServedIngress(Ingress):
    def __init__(self, config: dict[str, Any], secret: str, directory: DeploymentHandle,
                 engines: DeploymentHandle) -> None:  # fmt: skip
        _begin()
        super().__init__(config, secret, directory, engines, LOST)

    async def __call__(self, request: Request) -> Response:
        client = request.client.host if request.client is not None else ""
        answered = await self.answer(Asked(
            method=request.method, path=request.url.path, headers=request.headers, body=request.stream(), client=client
        ))  # fmt: skip
        return Response(answered.body, answered.status, {**answered.headers, "Content-Type": answered.content_type})


def build(arguments: dict[str, Any]) -> Application:
    """`arguments` as `ClusterConfig`; what comes from the command line is text, and is read as such."""
    config = ClusterConfig.model_validate(arguments)
    quiet = LoggingConfig(enable_access_log=False)  # a line for each beat would be most of what is written
    router = RequestRouterConfig(request_router_class=ROUTER, max_backoff_s=MAX_BACKOFF_S)
    directory = serve.deployment(
        num_replicas=1, max_ongoing_requests=CALLS * 4, ray_actor_options={"num_cpus": 0}, logging_config=quiet,
        health_check_period_s=HEALTH_S, health_check_timeout_s=HEALTH_TIMEOUT_S, graceful_shutdown_timeout_s=1,
        max_surge_percent=100, request_router_config=RequestRouterConfig(max_backoff_s=MAX_BACKOFF_S),
    )(ServedDirectory).bind()  # fmt: skip
    engines = serve.deployment(
        ray_actor_options={"num_gpus": config.gpus, "num_cpus": config.cpus}, max_ongoing_requests=CALLS,
        health_check_period_s=HEALTH_S, health_check_timeout_s=HEALTH_TIMEOUT_S,
        graceful_shutdown_timeout_s=config.drain_s + GRACE_S, max_surge_percent=config.surge_percent,
        request_router_config=router, logging_config=quiet, **_scale(config),
    )(ServedReplica).bind(config.model_dump(), directory)  # fmt: skip
    return serve.deployment(
        num_replicas=1, max_ongoing_requests=CALLS, ray_actor_options={"num_cpus": 0}, graceful_shutdown_timeout_s=5,
        max_surge_percent=100, logging_config=quiet,
    )(ServedIngress).bind(config.model_dump(), secret_of(config), directory, engines)  # fmt: skip


def secret_of(config: ClusterConfig) -> str:
    """What tokens are signed with: the file's, or a new one that nobody else knows (then only tests can come in)."""
    if config.secret_file is None:
        return secrets.token_urlsafe(32)
    try:
        secret = Path(config.secret_file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ServeError(f"reading the tokens' secret: {error}. Mount the file that `reskin serve` wrote") from error
    if len(secret) < 32:
        raise ServeError(f"reading the tokens' secret: {config.secret_file} has less than 32 characters")
    return secret


def _scale(config: ClusterConfig) -> dict[str, Any]:
    if config.most_replicas <= config.replicas:
        return {"num_replicas": config.replicas}
    return {
        "autoscaling_config": AutoscalingConfig(
            min_replicas=config.replicas, max_replicas=config.most_replicas,
            policy=AutoscalingPolicy(policy_function=POLICY),
            upscale_delay_s=config.upscale_delay_s, downscale_delay_s=config.downscale_delay_s,
            metrics_interval_s=2, look_back_period_s=6,
        )
    }  # fmt: skip
