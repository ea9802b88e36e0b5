"""All sessions of one server: who may have one, which peer plays it, who watches it, and what outlives a lost peer.

`answer` turns an offer into a session, `end` ends one. Tokens come in as checked claims. Belongs to the event loop; the
engine has its own thread (`stepper`). Knows nothing of HTTP, TLS or of how the tokens came.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, OrderedDict
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from reskin.errors import ServeError
from reskin.flash_safety import FlashProfile
from reskin.serve.admission import Admission, AdmissionRefused
from reskin.serve.batch import BatchRenderer
from reskin.serve.limits import (
    MOST_OFFERS_AT_ONCE,
    MOST_REMEMBERED,
    MOST_WATCHERS,
    RESUME_S,
    QuotaExceeded,
    Quotas,
)
from reskin.serve.messages import Answer, MessageError, Offer
from reskin.serve.peer import Peer
from reskin.serve.prompt_reader import PromptReader
from reskin.serve.session import FrameLook, Session
from reskin.serve.stepper import Stepper
from reskin.serve.tokens import Claims
from reskin.themes import Theme

QUOTA_CHECK_S = 5.0
log = logging.getLogger("reskin.serve")


class NoSuchSession(ServeError):
    """There is none of that id, or it is not this token's to see: which of the two is not told."""


class NotAllowed(ServeError):
    """The token's scope does not reach so far."""


class Conflict(ServeError):
    """It cannot be done now, though it was allowed."""


@dataclass(slots=True, eq=False)
class Seated:
    """A session and who is connected to it."""

    session: Session
    claims: Claims
    peer: Peer | None = None
    watchers: dict[Peer, Claims] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a session that was cut off leaves behind."""

    look: FrameLook
    player: str  # the token's subject
    until_s: float


class Host:
    """Made in the event loop; `close` ends the stepper and its renderer too."""

    def __init__(
        self, renderer: BatchRenderer, themes: Mapping[str, Theme], *, theme: str, slots: int,
        flash_limiter: FlashProfile = "broadcast", ice_servers: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        """`theme` is the id of the one that a session begins with when the offer names none."""
        self.themes = dict(themes)
        self.stepper = Stepper(renderer, flash_limiter=flash_limiter)
        self.admission = Admission(slots)
        self.quotas = Quotas()
        self.seated: dict[str, Seated] = {}
        self.ended: Counter[str] = Counter()  # why sessions ended
        self.totals: Counter[str] = Counter()  # frames, dropped, painted: of sessions that have ended
        self.is_draining = False
        self.theme = theme  # that a session begins with
        self._ice_servers = ice_servers
        self._remembered: OrderedDict[str, Remembered] = OrderedDict()
        self._prompts = PromptReader()
        self._answering = asyncio.Semaphore(MOST_OFFERS_AT_ONCE)
        self._answers_waiting = 0
        self._endings: set[asyncio.Task[None]] = set()
        self._clerk = asyncio.get_running_loop().create_task(self._look_at_quotas())

    @property
    def free_slots(self) -> int:
        return self.admission.slots - len(self.seated)

    async def answer(self, offer: Offer, claims: Claims, client: str) -> Answer:
        """`client` is the address that asks. Raises a ServeError of the kinds named in this package for a refusal."""
        self.quotas.let_offer(f"{claims.sub} {client}")
        if self._answers_waiting >= 4 * MOST_OFFERS_AT_ONCE:
            raise AdmissionRefused(self.admission.waiting + 1)
        self._answers_waiting += 1
        try:
            async with self._answering:
                if offer.watch is not None or claims.scope == "watch":
                    return await self._watch(offer, claims, client)
                return await self._play(offer, claims, client)
        finally:
            self._answers_waiting -= 1

    async def end(self, session_id: str, claims: Claims) -> None:
        """By its player, or by an admin; nothing is kept. NoSuchSession when there is none to end."""
        seated = self.seated.get(session_id)
        remembered = self._remembered.get(session_id)
        owner = seated.claims.sub if seated else remembered.player if remembered else None
        if owner is None or (claims.scope != "admin" and claims.sub != owner):
            raise NoSuchSession(f"ending the session: there is none {session_id!r}")
        self._remembered.pop(session_id, None)
        if seated is not None:
            await self._unseat(seated, "ended by the client", remember=False)

    async def close(self) -> None:
        self.is_draining = True
        self._clerk.cancel()
        await asyncio.gather(self._clerk, return_exceptions=True)
        for seated in list(self.seated.values()):
            await self._unseat(seated, "the server ends", remember=False)
        await asyncio.gather(*self._endings, return_exceptions=True)
        await asyncio.to_thread(self._prompts.close)
        await asyncio.to_thread(self.stepper.close)

    async def _play(self, offer: Offer, claims: Claims, client: str) -> Answer:
        if not claims.may_play():
            raise NotAllowed("playing: this link lets only watch")
        if self.is_draining:
            raise Conflict("entering: this server lets nobody in any more; try again in a minute")
        if offer.theme is not None and offer.theme not in self.themes:
            raise MessageError("reading an offer: no theme of that id; GET /themes.json lists them")
        has_seat = self._leaves_own_seat(offer.session, claims)  # from here to the new seat nothing is waited for
        look = self._remembered_look(offer.session, claims)
        if not has_seat:
            self.admission.enter(f"{claims.sub} {client}", len(self.seated))
        session = Session(
            self.themes, offer.theme or self.theme, session_id=offer.session if look else None, look=look,
            has_strip=offer.strip,
        )  # fmt: skip
        self.quotas.begin(claims, session.id)
        self._remembered.pop(session.id, None)
        seated = self.seated[session.id] = Seated(session, claims)
        seated.peer = peer = self._peer(seated, has_strip=offer.strip)
        try:
            answered = await peer.answer(offer.sdp, client)
        except BaseException:
            await self._unseat(seated, "its offer could not be answered", remember=look is not None)
            raise
        if self.seated.get(session.id) is not seated:
            raise Conflict("entering: the session was ended, or its client has come anew, while this was answered")
        self.stepper.enter(session)
        log.info("a session of scope %s has begun; %d of %d", claims.scope, len(self.seated), self.admission.slots)
        return Answer(sdp=answered, session=session.id, resume=look is not None)

    async def _watch(self, offer: Offer, claims: Claims, client: str) -> Answer:
        """Without an id: the newest session that this token may watch."""
        may_see = [seated for seated in self.seated.values() if claims.may_watch(seated.claims.sub)]
        found = [seated for seated in may_see if offer.watch in (None, seated.session.id)]
        if not found:
            raise NoSuchSession("watching: nobody plays there now")
        seated = found[-1]
        if len(seated.watchers) >= MOST_WATCHERS:
            raise QuotaExceeded(f"watching: {MOST_WATCHERS} watch already", retry_s=10.0)
        peer = self._peer(seated, has_strip=offer.strip, only_watches=True)
        seated.watchers[peer] = claims
        try:
            answered = await peer.answer(offer.sdp, client)
        except BaseException:
            seated.watchers.pop(peer, None)
            await peer.close()
            raise
        return Answer(sdp=answered, session=seated.session.id, resume=False)

    def _peer(self, seated: Seated, *, has_strip: bool, only_watches: bool = False) -> Peer:
        def on_end(peer: Peer, why: str) -> None:
            if peer is seated.peer:
                self._later(self._unseat(seated, why, remember=True))
            else:
                seated.watchers.pop(peer, None)
                self._later(peer.close())

        return Peer(
            seated.session, has_strip=has_strip, only_watches=only_watches, prompts=self._prompts,
            queue=lambda: self.stepper.waiting, on_end=on_end, ice_servers=self._ice_servers,
        )  # fmt: skip

    def _leaves_own_seat(self, session_id: str | None, claims: Claims) -> bool:
        """Whether that session still ran, and is this token's: then it ends, for its client has come anew."""
        seated = self.seated.get(session_id) if session_id is not None else None
        if seated is None or seated.claims.sub != claims.sub:
            return False
        why = "its client has come anew"
        self._later(self._close(self._free(seated, why, remember=True), why))
        return True

    def _remembered_look(self, session_id: str | None, claims: Claims) -> FrameLook | None:
        self._forget_the_old()
        found = self._remembered.get(session_id) if session_id is not None else None
        return found.look if found is not None and found.player == claims.sub else None

    async def _unseat(self, seated: Seated, why: str, *, remember: bool) -> None:
        """Once for each; frees the slot before it waits for anything."""
        await self._close(self._free(seated, why, remember=remember), why)

    def _free(self, seated: Seated, why: str, *, remember: bool) -> list[Peer]:
        """The seat, at once; the peers that are to be closed."""
        session = seated.session
        if self.seated.get(session.id) is not seated:
            return []
        del self.seated[session.id]
        self.ended[why] += 1
        self.totals.update(frames=session.frames, dropped=session.dropped, painted=session.painted_frames)
        self.stepper.leave(session)
        self.quotas.end(seated.claims, session.id)
        if remember:
            self._remembered[session.id] = Remembered(session.look, seated.claims.sub, time.monotonic() + RESUME_S)
            self._forget_the_old()
        session.close()
        log.info("a session has ended: %s; it had %d frames, %d dropped", why, session.frames, session.dropped)
        return [*seated.watchers, *([seated.peer] if seated.peer else [])]

    async def _close(self, peers: list[Peer], why: str) -> None:
        await asyncio.gather(*(peer.close(why) for peer in peers), return_exceptions=True)

    def _forget_the_old(self) -> None:
        now_s = time.monotonic()
        for session_id in [key for key, found in self._remembered.items() if found.until_s < now_s]:
            del self._remembered[session_id]
        while len(self._remembered) > MOST_REMEMBERED:
            self._remembered.popitem(last=False)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)

    async def _look_at_quotas(self) -> None:
        """Ends the sessions of tokens that have expired or used up their minutes, and the watching of those expired."""
        why = "the time of its link is over"
        while True:
            await asyncio.sleep(QUOTA_CHECK_S)
            now_s = time.time()
            for seated in list(self.seated.values()):
                if seated.claims.exp < now_s or self.quotas.seconds_left(seated.claims) <= 0:
                    await self._unseat(seated, why, remember=False)
                for peer in [peer for peer, claims in seated.watchers.items() if claims.exp < now_s]:
                    del seated.watchers[peer]
                    self._later(peer.close(why))
