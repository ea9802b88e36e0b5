"""Who gets a slot, who waits, and what becomes of sessions whose replica dies: no Ray, and a clock that is a number."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reskin.serve.cluster import directory as module
from reskin.serve.cluster.directory import Directory, NotYours, OverQuota, Placed, UsedUp, Waiting


class Cluster:
    """Replicas that play what they were given, and beat."""

    def __init__(self, slots: dict[str, int]) -> None:
        names = itertools.count(1)
        self.directory = Directory(new_id=lambda: f"s{next(names)}")
        self.now_s = 100.0
        self.slots = dict(slots)
        self.playing: dict[str, set[str]] = {name: set() for name in slots}
        self.beat()

    def beat(self, draining: Iterable[str] = (), told: dict | None = None) -> dict[str, module.Heard]:
        heard = {}
        for name, count in self.slots.items():
            heard[name] = self.directory.beat(
                name, count, sorted(self.playing[name]), told=told or {}, draining=name in draining, now_s=self.now_s
            )
            self.playing[name] -= set(heard[name].drop)
        return heard

    def admit(self, owner: str, session: str | None = None, quota: int = 100) -> Placed | Waiting:
        found = self.directory.admit(owner, session, quota, self.now_s)
        while isinstance(found, Placed) and found.replica not in self.slots:  # as the ingress does it
            self.pass_s(1.0)
            self.directory.suspect(found.replica, self.now_s)
            found = self.directory.admit(owner, found.session, quota, self.now_s)
        if isinstance(found, Placed):
            for sessions in self.playing.values():
                sessions.discard(found.session)
            self.playing[found.replica].add(found.session)
        return found

    def kill(self, name: str) -> set[str]:
        del self.slots[name]
        return self.playing.pop(name)

    def pass_s(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.25)):
            self.now_s += 0.25
            self.beat()


def test_a_session_goes_where_the_most_room_is_and_stays_there() -> None:
    cluster = Cluster({"a": 2, "b": 3})
    placed = [cluster.admit("me") for _ in range(5)]
    assert [found.replica for found in placed] == ["b", "b", "a", "b", "a"]
    cluster.beat()
    for found in placed:
        again = cluster.admit("me", found.session)
        assert again == Placed(session=found.session, replica=found.replica, choices={}, moved=False)


def test_one_too_many_waits_at_a_place_and_gets_in_when_somebody_leaves() -> None:
    cluster = Cluster({"a": 1})
    first = cluster.admit("one")
    second, third = cluster.admit("two"), cluster.admit("three")
    assert (second.position, third.position) == (1, 2)
    cluster.playing["a"].discard(first.session)
    cluster.directory.leave(first.session, "one", cluster.now_s)
    assert isinstance(cluster.admit("three", third.session), Waiting), "the other one came first"
    assert isinstance(cluster.admit("two", second.session), Placed)
    assert cluster.admit("three", third.session).position == 1


def test_who_asks_again_without_the_ticket_keeps_the_place() -> None:
    cluster = Cluster({"a": 1})
    cluster.admit("one")
    second = cluster.admit("two")
    cluster.admit("three")
    cluster.pass_s(module.RETRY_S)
    assert cluster.admit("two") == second


def test_a_place_that_nobody_asks_about_goes() -> None:
    cluster = Cluster({"a": 1})
    cluster.admit("one")
    cluster.admit("two")
    cluster.pass_s(module.PATIENCE_S + 0.5)
    assert cluster.admit("three").position == 1


def test_the_sessions_of_a_dead_replica_move_with_what_they_chose_and_before_the_queue() -> None:
    cluster = Cluster({"a": 2, "b": 2})
    placed = [cluster.admit("me") for _ in range(4)]
    chosen = {found.session: ("me", {"theme_id": found.session}) for found in placed}
    cluster.beat(told=chosen)
    newcomer = cluster.admit("you")
    assert isinstance(newcomer, Waiting)
    lost = cluster.kill("a")
    cluster.now_s += module.SUSPECT_S + 0.1
    cluster.beat()
    cluster.directory.suspect("a", cluster.now_s)
    cluster.slots["c"], cluster.playing["c"] = 2, set()
    cluster.beat()
    assert isinstance(cluster.admit("you", newcomer.session), Waiting), "two who played come first"
    for session in sorted(lost):
        moved = cluster.admit("me", session)
        assert moved == Placed(session=session, replica="c", choices={"theme_id": session}, moved=True)


def test_a_replica_without_beats_is_gone_after_its_lease_and_one_with_beats_is_never_suspected_away() -> None:
    cluster = Cluster({"a": 1, "b": 1})
    cluster.directory.suspect("a", cluster.now_s + 0.1)
    assert set(cluster.directory.status(cluster.now_s + 0.1)["replicas"]) == {"a", "b"}
    cluster.kill("a")
    cluster.pass_s(module.LEASE_S + 0.5)
    assert set(cluster.directory.status(cluster.now_s)["replicas"]) == {"b"}


def test_who_asks_again_while_the_replica_has_missed_its_beats_is_moved_at_once() -> None:
    cluster = Cluster({"a": 1, "b": 1})
    placed = [cluster.admit("me") for _ in range(2)]
    cluster.beat()
    on_b = next(found.session for found in placed if found.replica == "b")
    cluster.directory.leave(next(found.session for found in placed if found.replica == "a"), "me", cluster.now_s)
    cluster.playing["a"].clear()
    cluster.kill("b")
    cluster.pass_s(0.5)
    assert cluster.directory.admit("me", on_b, 9, cluster.now_s).age_s == 0.5
    cluster.pass_s(0.25)
    found = cluster.directory.admit("me", on_b, 9, cluster.now_s)
    assert (found.replica, found.moved) == ("a", True)


def test_a_newcomer_is_not_sent_to_a_replica_that_has_missed_its_beats() -> None:
    cluster = Cluster({"a": 1, "b": 5})
    cluster.kill("b")
    cluster.pass_s(0.75)
    assert cluster.directory.admit("me", None, 9, cluster.now_s).replica == "a"


def test_a_replica_that_was_thought_dead_keeps_those_who_have_not_moved_and_drops_the_others() -> None:
    cluster = Cluster({"a": 2, "b": 2})
    sessions = [cluster.admit("me").session for _ in range(4)]
    cluster.beat()
    on_a = sorted(cluster.playing["a"])
    cluster.directory.gone("a", cluster.now_s)
    for session in set(sessions) - set(on_a):
        cluster.playing["b"].discard(session)
        cluster.directory.leave(session, "me", cluster.now_s)
    moved = cluster.directory.admit("me", on_a[0], 9, cluster.now_s)
    assert moved.replica == "b"
    heard = cluster.beat()
    assert heard["a"].drop == (on_a[0],)
    assert cluster.admit("me", on_a[1]).replica == "a"


def test_a_directory_that_starts_empty_is_whole_after_two_beats() -> None:
    cluster = Cluster({"a": 2})
    session = cluster.admit("me").session
    cluster.beat()
    cluster.directory = Directory()
    waits = cluster.directory.admit("me", session, 9, cluster.now_s)
    assert waits == Waiting(session=session, position=1, retry_s=module.SETTLE_S), "it may play somewhere"
    assert cluster.beat()["a"].unknown == (session,)
    assert cluster.directory.status(cluster.now_s)["free"] == 1
    told = {session: ("me", {"theme_id": "noir"})}
    assert cluster.beat(told=told)["a"].unknown == ()
    found = cluster.admit("me", session)
    assert (found.replica, found.choices, found.moved) == ("a", {"theme_id": "noir"}, False)
    with pytest.raises(NotYours):
        cluster.admit("you", session)


def test_nobody_is_sent_to_a_replica_that_drains_and_its_sessions_move_when_there_is_room() -> None:
    cluster = Cluster({"a": 2, "b": 1})
    first, second = cluster.admit("me").session, cluster.admit("me").session
    cluster.beat()
    cluster.beat(draining=["a"])
    homes = {session: next(name for name, held in cluster.playing.items() if session in held)
             for session in (first, second)}  # fmt: skip
    assert sorted(homes.values()) == ["a", "b"]
    stays = next(session for session, home in homes.items() if home == "a")
    assert cluster.admit("me", stays).replica == "a", "there is no room elsewhere: it plays on while it can"
    cluster.slots["c"], cluster.playing["c"] = 1, set()
    cluster.beat(draining=["a"])
    assert cluster.admit("me", stays).replica == "c"
    assert isinstance(cluster.admit("me"), Waiting)


def test_one_token_holds_no_more_sessions_than_it_may_and_a_session_that_ended_counts_no_more() -> None:
    cluster = Cluster({"a": 9})
    session = cluster.admit("me", quota=1).session
    with pytest.raises(OverQuota):
        cluster.admit("me", quota=1)
    assert isinstance(cluster.admit("you", quota=1), Placed)
    cluster.beat()
    cluster.playing["a"].discard(session)
    cluster.beat()
    assert isinstance(cluster.admit("me", quota=1), Placed)


def test_a_token_plays_for_its_minutes_and_no_longer() -> None:
    cluster = Cluster({"a": 3})

    def admit(session: str | None = None) -> Placed | Waiting:
        return cluster.directory.admit("me", session, 9, cluster.now_s, most_s=60)

    sessions = {admit().session, admit().session}
    cluster.playing["a"] |= sessions
    cluster.beat(told={session: ("me", {"theme_id": "noir"}) for session in sessions})
    cluster.pass_s(29)
    assert cluster.playing["a"] == sessions, "two of them use a minute in half of it"
    cluster.pass_s(2)
    assert cluster.playing["a"] == set()
    for session in (None, *sessions):
        with pytest.raises(UsedUp):
            admit(session)
    assert isinstance(cluster.admit("you"), Placed)


def test_a_queue_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    cluster = Cluster({"a": 1})
    first = cluster.admit("one")
    tickets = [cluster.admit(owner).session for owner in ("two", "three")]
    assert cluster.admit("four") == Waiting(session=None, position=3)
    assert cluster.admit("three", tickets[1]).position == 2, "who has a place keeps it"
    cluster.playing["a"].discard(first.session)
    cluster.directory.leave(first.session, "one", cluster.now_s)
    assert isinstance(cluster.admit("two", tickets[0]), Placed)
    assert cluster.admit("four").position == 2


def test_who_lost_a_replica_asks_again_while_the_slot_is_kept() -> None:
    cluster = Cluster({"a": 1})
    session = cluster.admit("me").session
    cluster.beat()
    cluster.kill("a")
    cluster.directory.gone("a", cluster.now_s)
    waits = cluster.directory.admit("me", session, 9, cluster.now_s)
    assert isinstance(waits, Waiting)
    assert waits.retry_s < module.RETURN_S


def test_a_slot_that_nobody_takes_goes_back() -> None:
    cluster = Cluster({"a": 1})
    session = cluster.admit("me").session
    cluster.playing["a"].discard(session)
    cluster.pass_s(module.TAKE_SLOT_S + 0.5)
    assert isinstance(cluster.admit("you"), Placed)


def test_the_status_names_no_session_and_no_owner() -> None:
    cluster = Cluster({"a": 1})
    found = cluster.admit("somebody")
    cluster.beat(told={found.session: ("somebody", {"prompt": "a quiet harbour"})})
    text = repr(cluster.directory.status(cluster.now_s))
    assert not {"somebody", found.session, "a quiet harbour"} & set(text.replace('"', "'").split("'"))


STEPS = st.lists(st.tuples(st.sampled_from(["admit", "again", "leave", "kill", "start", "pass"]), st.integers(0, 99)),
                 max_size=40)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_whatever_happens_no_replica_gets_more_than_its_slots_and_no_session_has_two_homes(steps: list) -> None:
    cluster = Cluster({"r0": 2, "r1": 1})
    sessions: list[str] = []
    names = itertools.count(2)
    for what, which in steps:
        if what == "admit":
            sessions.append(cluster.admit("me").session)
        elif what == "again" and sessions:
            cluster.admit("me", sessions[which % len(sessions)])
        elif what == "leave" and sessions:
            session = sessions[which % len(sessions)]
            cluster.directory.leave(session, "me", cluster.now_s)
            for held in cluster.playing.values():
                held.discard(session)
        elif what == "kill" and cluster.slots:
            cluster.kill(sorted(cluster.slots)[which % len(cluster.slots)])
        elif what == "start":
            name = f"r{next(names)}"
            cluster.slots[name], cluster.playing[name] = 1 + which % 3, set()
            cluster.beat()
        else:
            cluster.pass_s(which % 4)
        cluster.beat()
        held = [session for sessions_of in cluster.playing.values() for session in sessions_of]
        assert len(held) == len(set(held))
        assert all(len(cluster.playing[name]) <= count for name, count in cluster.slots.items())
