"""The cluster's front door, without sockets: who asks, for what, and which replica answers. Media never passes here.

    GET /                  the page; /themes.json and /picture/{id} are what it shows. Not with the fake engine
    POST /offer            signalling of `reskin serve`; 429 with the place in the queue when every slot is taken
    DELETE /session/{id}   the player ends it
    GET /health /ready     for whoever runs it
    GET /metrics           Prometheus, over all replicas; a token of scope admin
    GET /status.json       the same for people; a token of scope admin

An offer asks the directory for a slot, then goes to that one replica. When the replica is not there any more, the
directory is told and asked again: the client notices nothing but a longer answer. `directory` and `engines` are
handles: `handle.method.remote(...)` can be awaited. Knows nothing of Ray, sockets, engines or frames.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from reskin.serve.cluster.config import ClusterConfig
from reskin.serve.cluster.directory import Choices, Directory, Heard, NotYours, OverQuota, Placed, UsedUp, Waiting
from reskin.serve.cluster.doors import Refused, Visitor, read_offer, visitor
from reskin.serve.cluster.engines import FAKE
from reskin.serve.cluster.pages import page_routes
from reskin.serve.cluster.requests import Answered, Asked, Routes, as_json
from reskin.serve.cluster.totals import Totals
from reskin.serve.front import Front
from reskin.serve.limits import QuotaExceeded, Quotas
from reskin.serve.messages import MessageError
from reskin.serve.metrics import CONTENT_TYPE
from reskin.serve.tokens import Tokens
from reskin.theme_store import ThemeStore

log = logging.getLogger("reskin.serve.cluster")
TRIES = 12  # of finding the replica that the directory named: together 2 s, in which the directory learns of its death
TRY_AGAIN_S = 0.15
UNSURE_S = 0.4  # since a replica's last beat, when one of its clients asks again
ANSWER_S = 10.0  # a replica that takes longer than this to answer an offer is taken for dead
BODY_S = 10.0  # that an offer takes to come
MOST_AT_ONCE = 64  # offers that are being answered
BUSY_S = 1.0  # after which one beyond that may ask again
QUOTA_S = 5.0  # and one whose token has its sessions: the page that held one may have been closed


class DirectoryService:
    """`Directory` behind a handle: one replica, one event loop, so each call is atomic. Serve restarts it."""

    def __init__(self) -> None:
        self._directory = Directory()

    async def admit(self, owner: str, session: str | None, quota: int, most_s: float) -> Placed | Waiting:
        return self._directory.admit(owner, session, quota, time.monotonic(), most_s)

    async def beat(self, replica: str, slots: int, playing: list[str], *, told: dict[str, tuple[str, Choices]],
                   draining: bool, facts: dict[str, Any]) -> Heard:  # fmt: skip
        return self._directory.beat(
            replica, slots, playing, told=told, draining=draining, facts=facts, now_s=time.monotonic()
        )

    async def suspect(self, replica: str) -> None:
        self._directory.suspect(replica, time.monotonic())

    async def gone(self, replica: str) -> None:
        self._directory.gone(replica, time.monotonic())

    async def leave(self, session: str, owner: str) -> str | None:
        return self._directory.leave(session, owner, time.monotonic())

    async def status(self) -> dict[str, Any]:
        return self._directory.status(time.monotonic())


class Ingress:
    def __init__(self, config: dict[str, Any], secret: str, directory: Any, engines: Any,
                 lost: tuple[type[Exception], ...] = ()) -> None:  # fmt: skip
        """`lost`: what awaiting a handle raises when whoever should answer is gone."""
        self._config = ClusterConfig.model_validate(config)
        self._tokens = Tokens(secret)
        self._directory, self._engines = directory, engines
        self._lost: tuple[type[Exception], ...] = (*lost, TimeoutError)
        self._totals = Totals()
        self._quotas = Quotas()
        self._answering = 0  # offers
        self._routes: Routes = {
            ("POST", "/offer"): self._offer, ("DELETE", "/session"): self._delete, ("GET", "/health"): self._health,
            ("GET", "/ready"): self._ready, ("GET", "/metrics"): self._metrics, ("GET", "/status.json"): self._status,
        }  # fmt: skip
        if self._config.preset != FAKE:
            self._routes |= page_routes(Front.of(ThemeStore.open(self._config.theme)), self._player)

    async def answer(self, asked: Asked) -> Answered:
        path = "/" + asked.path.strip("/").split("/")[0]
        route = self._routes.get((asked.method, path))
        try:
            if route is None:
                raise Refused(404, "other", "there is no such page")
            return await route(asked)
        except Refused as refusal:
            self._totals.metrics.refused(refusal.reason)
            log.info("refused", extra={"status": refusal.status, "reason": refusal.reason})
            when: dict[str, float] = {} if refusal.retry_s is None else {"queue": 0, "retry_s": refusal.retry_s}
            return as_json({"error": refusal.text, **when}, refusal.status)
        except self._lost as error:
            log.warning("a part of the cluster is missing", extra={"reason": type(error).__name__})
            return as_json({"error": "a part of the cluster is being replaced; try again", "retry_s": 1}, 503)

    async def _offer(self, asked: Asked) -> Answered:
        """Within the bounds of offers: of one token in a minute, of all at once."""
        who = self._player(asked)
        try:
            self._quotas.let_offer(who.owner, who.quota)
        except QuotaExceeded as error:
            raise Refused(429, "rate", str(error), error.retry_s) from None
        if self._answering >= MOST_AT_ONCE:
            raise Refused(429, "rate", "too many offers at once", BUSY_S)
        self._answering += 1
        try:
            return await self._answer_offer(asked, who)
        finally:
            self._answering -= 1

    async def _answer_offer(self, asked: Asked, who: Visitor) -> Answered:
        try:
            async with asyncio.timeout(BODY_S):
                offer = await read_offer(asked.body, asked.client, self._config)
        except TimeoutError:
            raise Refused(408, "other", f"the offer did not come within {BODY_S:g} s") from None
        session = offer.get("session")
        begin_s = time.monotonic()
        for count in range(1, TRIES + 1):
            found = await self._admit(who, session)
            session = found.session
            if isinstance(found, Waiting):
                self._totals.metrics.refused("full")
                text = f"every slot is taken; place {found.position} in the queue"
                told = {"error": text, "queue": found.position, "retry_s": found.retry_s, "session": session}
                return as_json(told, 429)
            if found.age_s > UNSURE_S:  # a call of a dead replica can take seconds to fail: look once more before it
                await asyncio.sleep(TRY_AGAIN_S)
                continue
            try:
                answer = await self._open(found, who, offer)
            except Refused:
                if not found.choices:  # it has never played: its slot is free at once, also for its own next offer
                    await self._directory.leave.remote(found.session, who.owner)
                raise
            if answer is not None:
                spent_s = time.monotonic() - begin_s
                log.info("offer answered", extra={"session": session, "seconds": spent_s, "count": count})
                return as_json(answer)
            await self._directory.suspect.remote(found.replica)
            await asyncio.sleep(TRY_AGAIN_S)
        return as_json({"error": "no replica answered; try again", "retry_s": 1, "session": session}, 503)

    async def _admit(self, who: Visitor, session: str | None) -> Placed | Waiting:
        try:
            return await self._directory.admit.remote(who.owner, session, who.quota, who.most_s)
        except NotYours as error:
            raise Refused(403, "scope", _text(error)) from None
        except OverQuota as error:
            raise Refused(429, "quota", _text(error), QUOTA_S) from None
        except UsedUp as error:
            raise Refused(429, "quota", _text(error)) from None

    async def _open(self, found: Placed, who: Visitor, offer: dict[str, Any]) -> dict[str, Any] | None:
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._engines.open.remote(
                    replica=found.replica, session=found.session, owner=who.owner, until_s=who.until_s,
                    choices=found.choices, offer=offer,
                )  # fmt: skip
        except MessageError as error:
            raise Refused(400, "malformed", _text(error)) from None
        except self._lost as error:
            log.info("no answer", extra={"replica": found.replica, "reason": type(error).__name__})
            return None

    async def _delete(self, asked: Asked) -> Answered:
        who = self._player(asked)
        session = asked.rest
        try:
            replica = await self._directory.leave.remote(session, who.owner)
        except NotYours as error:
            raise Refused(403, "scope", _text(error)) from None
        if replica is not None:
            await self._engines.end.remote(replica=replica, session=session, owner=who.owner)
        return as_json({})

    def _player(self, asked: Asked) -> Visitor:
        return visitor(asked.headers, self._tokens, names=self._config.names)

    async def _health(self, asked: Asked) -> Answered:
        """That this door answers; replicas have Serve's own health checks."""
        return as_json({"healthy": True})

    async def _ready(self, asked: Asked) -> Answered:
        status = await self._directory.status.remote()
        is_ready = status["free"] > 0
        return as_json({"ready": is_ready}, 200 if is_ready else 503)

    async def _metrics(self, asked: Asked) -> Answered:
        visitor(asked.headers, self._tokens, scopes=("admin",))
        self._totals.update(await self._directory.status.remote())
        return Answered(status=200, body=self._totals.metrics.text(), content_type=CONTENT_TYPE)

    async def _status(self, asked: Asked) -> Answered:
        visitor(asked.headers, self._tokens, scopes=("admin",), names=self._config.names)
        return as_json(await self._directory.status.remote())


def _text(error: Exception) -> str:
    """Ray raises what a replica raised, with the replica's whole traceback as its text."""
    return str(getattr(error, "cause", error))
