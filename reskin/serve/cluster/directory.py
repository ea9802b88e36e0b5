"""Which session plays on which replica, who waits, and what each session has chosen. Never a frame.

A replica sends a beat a few times a second: how many slots it has, whom it plays. One that misses its beats, or that
Ray Serve says is gone, loses its sessions; each gets a slot elsewhere when its client asks again, before anybody new
does. All of this is soft: a directory that starts empty is whole again after every replica's next beat.

Knows nothing of Ray, networks, engines or clocks: `now_s` is passed in and only ever grows. Not thread-safe.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reskin.errors import ServeError
from reskin.serve.admission import MOST_WAITING, PATIENCE_S, RETRY_S
from reskin.serve.limits import RESUME_S

LEASE_S = 2.0  # without a beat for so long, a replica is gone
SUSPECT_S = 0.6  # and for so long, when somebody could not reach it
TAKE_SLOT_S = 10.0  # a slot that was given and not taken goes back
RETURN_S = 5.0  # how long a slot is kept from the queue for one whose replica died under it
SETTLE_S = 1.0  # after its first call, a directory may not have heard of every session yet
RETURN_RETRY_S = 2.0  # how long one whose replica died is told to wait before asking again: while its slot is kept

Choices = dict[str, Any]  # theme, its id, view, quality: what `choices.to_choices` gives, as JSON


class NotYours(ServeError):
    """A session that was opened with another token."""


class OverQuota(ServeError):
    """One token asks for more sessions than it may have at a time."""


class UsedUp(ServeError):
    """One token's sessions have lasted for as long as they may in all."""


@dataclass(frozen=True, kw_only=True)
class Placed:
    session: str
    replica: str
    choices: Choices
    moved: bool  # it played before, elsewhere: the history starts again
    age_s: float = 0.0  # of the replica's last beat


@dataclass(frozen=True, kw_only=True)
class Waiting:
    session: str | None  # the ticket: ask with it again. None: the queue has no place left
    position: int  # 1 is next
    retry_s: float = RETRY_S


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What a replica learns from its beat."""

    drop: tuple[str, ...]  # play elsewhere by now
    unknown: tuple[str, ...]  # tell whose they are and what they have chosen, with the next beat
    waiting: int  # in the queue
    free: int  # slots, on replicas that do not drain


@dataclass(kw_only=True)
class _Replica:
    slots: int
    seen_s: float
    draining: bool = False
    unknown: int = 0  # sessions that it plays, and that this directory has not been told of yet
    seats: set[str] = field(default_factory=set)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def free(self) -> int:
        return 0 if self.draining else max(0, self.slots - len(self.seats) - self.unknown)


@dataclass(kw_only=True)
class _Seat:
    owner: str
    choices: Choices
    replica: str | None  # None: its replica is gone, or its player
    since_s: float
    listed: bool = False  # its replica has said that it plays
    most_s: float = math.inf  # that the owner's sessions may last in all
    has_played: bool = False
    displaced: bool = False  # by its replica, and not by its player: the client is about to ask


@dataclass(kw_only=True)
class _Ticket:
    owner: str
    asked_s: float


class Directory:
    def __init__(self, new_id: Callable[[], str] = lambda: secrets.token_urlsafe(12)) -> None:
        self._new_id = new_id
        self._replicas: dict[str, _Replica] = {}
        self._seats: dict[str, _Seat] = {}
        self._tickets: dict[str, _Ticket] = {}  # in the order of asking
        self._used_s: dict[str, float] = {}  # by owner, of all its sessions, since this directory began
        self._began_s: float | None = None

    def admit(self, owner: str, session: str | None, quota: int, now_s: float,
              most_s: float = math.inf) -> Placed | Waiting:  # fmt: skip
        """A slot, or a place in the queue. The same session asks again: its own replica, while that is there.

        `owner` is whoever may resume it: a digest of the token, which may play for `most_s` in all. NotYours,
        OverQuota, UsedUp.
        """
        self._sweep(now_s)
        if self._used_s.get(owner, 0.0) >= most_s:
            raise UsedUp(f"opening a session: the {most_s / 60:.0f} minutes of this token are used up")
        if session is not None and not self._knows(session) and self._is_new(now_s):
            return Waiting(session=session, position=1, retry_s=SETTLE_S)  # its replica is about to tell of it
        seat = self._seats.get(session) if session is not None else None
        if seat is not None and session is not None:
            return self._again(session, seat, owner, now_s, most_s)
        if session not in self._tickets:
            session = self._ticket_of(owner, now_s)
        ticket = self._tickets.get(session) if session is not None else None
        if ticket is not None and ticket.owner != owner:
            raise NotYours("asking for a place: this one was given to another token. Ask without a session for another")
        if ticket is None or session is None:
            if self._held_by(owner) >= quota:
                raise OverQuota(f"opening a session: this token may have {quota} at a time. End one of them first")
            if len(self._tickets) >= MOST_WAITING:
                return Waiting(session=None, position=len(self._tickets) + 1)
            session = self._new_id()
            self._tickets[session] = _Ticket(owner=owner, asked_s=now_s)
        self._tickets[session].asked_s = now_s
        position = self._displaced(now_s) + 1 + list(self._tickets).index(session)
        if position > self._free():
            return Waiting(session=session, position=position)
        del self._tickets[session]
        self._seats[session] = _Seat(owner=owner, choices={}, replica=None, since_s=now_s, most_s=most_s)
        return self._place(session, now_s)

    def beat(self, replica: str, slots: int, playing: Sequence[str], *, told: Mapping[str, tuple[str, Choices]],
             draining: bool = False, facts: Mapping[str, Any] | None = None, now_s: float) -> Heard:  # fmt: skip
        """`told`: owner and choices of sessions whose choices are new, or that were `unknown` to the last beat."""
        self._sweep(now_s)
        entry = self._replicas.setdefault(replica, _Replica(slots=slots, seen_s=now_s))
        spent_s = now_s - entry.seen_s
        entry.slots, entry.seen_s, entry.draining, entry.facts = slots, now_s, draining, dict(facts or {})
        drop, unknown = [], []
        for session in playing:
            seat = self._seats.get(session)
            if seat is None:
                if session not in told:
                    unknown.append(session)
                    continue
                seat = _Seat(owner=told[session][0], choices={}, replica=replica, since_s=now_s)
                self._seats[session] = seat
                entry.seats.add(session)
            elif seat.replica is None and seat.has_played:  # it was thought dead, and nobody has moved its session yet
                seat.replica, seat.displaced = replica, False
                entry.seats.add(session)
            if seat.replica != replica or self._is_used_up(seat, spent_s):
                drop.append(session)
                continue
            seat.listed = seat.has_played = True
            if session in told:
                seat.choices = dict(told[session][1])
        entry.unknown = len(unknown)
        present = set(playing)
        for session in [session for session in entry.seats if session not in present]:
            seat = self._seats[session]
            if seat.listed or now_s - seat.since_s > TAKE_SLOT_S:
                self._unseat(session, now_s)
        return Heard(drop=tuple(drop), unknown=tuple(unknown), waiting=len(self._tickets), free=self._free())

    def gone(self, replica: str, now_s: float) -> None:
        """Ray Serve has no such replica any more; its sessions wait for their clients to ask."""
        entry = self._replicas.pop(replica, None)
        for session in entry.seats if entry is not None else ():
            self._unseat(session, now_s)
            self._seats[session].displaced = True

    def suspect(self, replica: str, now_s: float) -> None:
        """Somebody could not reach it. Gone, unless it has sent a beat since it could have died."""
        entry = self._replicas.get(replica)
        if entry is not None and now_s - entry.seen_s > SUSPECT_S:
            self.gone(replica, now_s)

    def leave(self, session: str, owner: str, now_s: float) -> str | None:
        """The player ends it, or gives up the place in the queue; the replica that must be told, if any. NotYours."""
        held = self._seats.get(session) or self._tickets.get(session)
        if held is None:
            return None
        if held.owner != owner:
            raise NotYours("ending a session: it was opened with another token")
        self._tickets.pop(session, None)
        seat = self._seats.get(session)
        replica = seat.replica if seat is not None else None
        if seat is not None:
            self._unseat(session, now_s)
            del self._seats[session]
        return replica

    def status(self, now_s: float) -> dict[str, Any]:
        """For /status.json and the metrics: no session's name, no owner, no choice."""
        self._sweep(now_s)
        return {
            "replicas": {
                name: {"slots": entry.slots, "sessions": len(entry.seats), "draining": entry.draining,
                       "beat_age_s": round(now_s - entry.seen_s, 3), **entry.facts}
                for name, entry in sorted(self._replicas.items())
            },
            "slots": sum(entry.slots for entry in self._replicas.values() if not entry.draining),
            "sessions": sum(len(entry.seats) for entry in self._replicas.values()),
            "free": self._free(),
            "queue": len(self._tickets),
            "displaced": self._displaced(now_s),
        }  # fmt: skip

    def _is_used_up(self, seat: _Seat, spent_s: float) -> bool:
        """By so much more of this session."""
        self._used_s[seat.owner] = self._used_s.get(seat.owner, 0.0) + spent_s
        return self._used_s[seat.owner] >= seat.most_s

    def _again(self, session: str, seat: _Seat, owner: str, now_s: float, most_s: float) -> Placed | Waiting:
        if seat.owner != owner:
            raise NotYours("resuming a session: it was opened with another token. Ask without a session for a new one")
        seat.most_s = most_s
        if seat.replica is not None:
            self.suspect(seat.replica, now_s)  # one that asks again has heard nothing from it
        home = self._replicas.get(seat.replica) if seat.replica is not None else None
        if home is not None and seat.replica is not None and not (home.draining and self._free()):
            seat.since_s, seat.listed = now_s, False
            age_s = now_s - home.seen_s
            return Placed(session=session, replica=seat.replica, choices=seat.choices, moved=False, age_s=age_s)
        if not self._free():
            seat.since_s = now_s  # it asks, so it is not forgotten
            position = 1 + self._displaced_before(session)
            return Waiting(session=session, position=position, retry_s=RETURN_RETRY_S)
        return self._place(session, now_s)

    def _place(self, session: str, now_s: float) -> Placed:
        """On the replica with the most room, so a death takes few sessions; on one without beats only if need be."""
        seat = self._seats[session]
        moved = seat.has_played
        if seat.replica is not None:
            self._unseat(session, now_s)
        with_room = {name: entry for name, entry in self._replicas.items() if entry.free}
        fresh = {name: entry for name, entry in with_room.items() if now_s - entry.seen_s <= SUSPECT_S}
        name = max(fresh or with_room, key=lambda name: (self._replicas[name].free, name))
        self._replicas[name].seats.add(session)
        seat.replica, seat.since_s, seat.listed, seat.displaced = name, now_s, False, False
        return Placed(session=session, replica=name, choices=seat.choices, moved=moved)

    def _unseat(self, session: str, now_s: float) -> None:
        seat = self._seats[session]
        if seat.replica in self._replicas:
            self._replicas[seat.replica].seats.discard(session)
        seat.replica, seat.since_s, seat.listed = None, now_s, False

    def _knows(self, session: str) -> bool:
        return session in self._seats or session in self._tickets

    def _is_new(self, now_s: float) -> bool:
        return self._began_s is None or now_s - self._began_s < SETTLE_S

    def _sweep(self, now_s: float) -> None:
        if self._began_s is None:
            self._began_s = now_s
        for name in [name for name, entry in self._replicas.items() if now_s - entry.seen_s > LEASE_S]:
            self.gone(name, now_s)
        for session, seat in list(self._seats.items()):
            if seat.replica is None and now_s - seat.since_s > RESUME_S:
                del self._seats[session]
        for session, ticket in list(self._tickets.items()):
            if now_s - ticket.asked_s > PATIENCE_S:
                del self._tickets[session]

    def _free(self) -> int:
        return sum(entry.free for entry in self._replicas.values())

    def _displaced(self, now_s: float) -> int:
        """Sessions whose replica died and whose client will ask in a moment: they come before the queue."""
        return sum(seat.displaced and now_s - seat.since_s < RETURN_S for seat in self._seats.values())

    def _displaced_before(self, session: str) -> int:
        names = [name for name, seat in self._seats.items() if seat.displaced]
        return names.index(session) if session in names else len(names)

    def _held_by(self, owner: str) -> int:
        seats = sum(
            seat.owner == owner and (seat.replica is not None or seat.displaced) for seat in self._seats.values()
        )
        return seats + sum(ticket.owner == owner for ticket in self._tickets.values())

    def _ticket_of(self, owner: str, now_s: float) -> str | None:
        """Of one who asks again without saying the ticket: the first of theirs that it is time to ask about."""
        due = (name for name, ticket in self._tickets.items()
               if ticket.owner == owner and now_s - ticket.asked_s >= RETRY_S / 2)  # fmt: skip
        return next(due, None)
