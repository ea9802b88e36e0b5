"""What Prometheus and whoever runs the server are told, and how many replicas Serve should run."""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from reskin.serve import door, observing, peer, routes
from reskin.serve import health as health_module
from reskin.serve.cluster.autoscale import by_sessions, replicas_needed
from reskin.serve.cluster.totals import Totals
from reskin.serve.health import LAG_S, STUCK_S, UNPAINTED_S, Health
from reskin.serve.host_metrics import ENDED, REASONS, HostMetrics
from reskin.serve.metrics import REFUSALS, Metrics, Running
from reskin.web_parts import guard
from tests.serve.playing import run


def lines(metrics: Metrics) -> dict[str, float]:
    text = metrics.text().decode()
    return {name: float(value) for name, value in
            (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))}  # fmt: skip


def test_every_refusal_is_there_from_the_start_and_what_a_client_wrote_is_no_label() -> None:
    metrics = Metrics()
    metrics.refused("token")
    metrics.refused("eyJhbGciOi a client's text")
    found = {name: value for name, value in lines(metrics).items() if name.startswith("reskin_refusals_total")}
    assert set(found) == {f'reskin_refusals_total{{reason="{reason}"}}' for reason in REFUSALS}
    assert found['reskin_refusals_total{reason="token"}'] == 1
    assert found['reskin_refusals_total{reason="other"}'] == 1


def test_labels_are_reasons_and_buckets_only() -> None:
    metrics = Metrics()
    metrics.engine_ms.observe(20)
    names = {label.split("=")[0] for name in lines(metrics) if "{" in name for label in name.split("{")[1].split(",")}
    assert names == {"reason", "le"}


def test_two_servers_in_one_process_do_not_add_up() -> None:
    one, other = Metrics(), Metrics()
    one.frames.inc(3)
    assert (lines(one)["reskin_frames_total"], lines(other)["reskin_frames_total"]) == (3, 0)


def test_totals_that_begin_anew_only_ever_add() -> None:
    metrics = Metrics()
    running = Running(metrics.frames)
    for totals in ({"a": 5}, {"a": 9, "b": 2}, {"b": 4}, {"a": 1, "b": 4}):
        running.update(totals)
    assert lines(metrics)["reskin_frames_total"] == 9 + 4 + 1


def test_a_cluster_adds_up_its_replicas_and_a_dead_one_is_no_step_back() -> None:
    totals = Totals()
    facts = {"frames": 10, "dropped": 1, "painted": 9}
    totals.update({"sessions": 3, "slots": 4, "queue": 1, "replicas": {"a": facts, "b": facts}})
    totals.update({"sessions": 1, "slots": 2, "queue": 0, "replicas": {"a": {**facts, "painted": 11}}})
    found = lines(totals.metrics)
    assert (found["reskin_frames_painted_total"], found["reskin_sessions"], found["reskin_slots"]) == (20, 1, 2)


def test_a_server_is_ill_when_frames_wait_and_none_is_painted() -> None:
    now_s = 0.0
    health = Health(clock=lambda: now_s)
    while now_s < STUCK_S + 2:
        health.tick(frame_waits=True, painted_since_last=now_s < 1)
        now_s += 0.25
    assert "waited" in health.faults()[0]
    health.tick(frame_waits=True, painted_since_last=True)
    assert health.faults() == []


def test_a_server_is_ill_when_every_frame_comes_back_unpainted_for_longer_than_a_new_start_takes() -> None:
    now_s = 0.0
    health = Health(clock=lambda: now_s)

    def play(seconds: float, *, painted: bool = False, unpainted: bool = True) -> list[str]:
        nonlocal now_s
        for _ in range(int(seconds * 4)):
            health.tick(False, painted, unpainted)
            now_s += 0.25
        return health.faults()

    assert play(UNPAINTED_S - 1) == []
    assert "painted none" in play(2)[0]
    assert play(1, painted=True) == []
    assert play(UNPAINTED_S - 1) == []
    assert play(STUCK_S + 1, unpainted=False) == [], "nobody plays"
    assert play(2) == [], "and whoever comes then finds out anew"


def test_whoever_looks_at_the_server_sees_frames_that_come_back_unpainted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observing, "CHECK_S", 0.005)
    monkeypatch.setattr(health_module, "UNPAINTED_S", 0.02)

    async def watch() -> None:
        stepper = SimpleNamespace(waiting=0, paintings=0, failures=0, error=None)
        host: Any = SimpleNamespace(stepper=stepper, seated={}, admission=SimpleNamespace(slots=1, waiting=0))
        observer = observing.Observer(host, {})
        while not observer.faults():
            stepper.failures += 1
            await asyncio.sleep(0.005)
        assert "painted none" in observer.faults()[0]
        await observer.close()

    run(watch(), seconds=10)


def test_an_event_loop_that_comes_late_is_a_fault_and_a_full_server_is_only_not_ready() -> None:
    now_s = 0.0
    health = Health(clock=lambda: now_s)
    health.tick(frame_waits=False, painted_since_last=False)
    assert (health.faults(), health.not_ready(1)) == ([], [])
    assert health.not_ready(0) == ["every slot is taken"]
    health.is_draining = True
    assert health.not_ready(1) == ["it is being drained"]
    now_s = LAG_S + 1
    assert "late" in health.faults()[0]


@pytest.mark.parametrize(
    ("sessions", "queue", "expected"), [(0, 0, 1), (8, 0, 1), (9, 0, 2), (16, 0, 2), (16, 1, 3), (800, 40, 105)]
)
def test_serve_is_asked_for_as_many_replicas_as_leave_a_fifth_of_the_slots_free(
    sessions: int, queue: int, expected: int
) -> None:
    assert replicas_needed(sessions, queue, slots=10, fill=0.8) == expected
    metrics = {"sessions": {"a": sessions / 2, "b": sessions / 2}, "slots": {"a": 10, "b": 10},
               "queue": {"a": queue, "b": queue}}  # fmt: skip
    context = SimpleNamespace(aggregated_metrics=metrics, current_num_replicas=7)
    assert by_sessions(context)[0] == expected
    assert by_sessions(SimpleNamespace(aggregated_metrics={}, current_num_replicas=7))[0] == 7


def test_every_refusal_of_the_guard_and_the_routes_has_its_label() -> None:
    said = inspect.getsource(guard) + inspect.getsource(door) + inspect.getsource(routes)
    assert [reason for reason in REASONS if f'"{reason}"' not in said] == []
    assert set(routes.REASONS.values()) - set(REASONS) == {"no such session", "not now"}, 'these are "other"'
    assert [reason for reason in ENDED if f'"{reason}"' not in inspect.getsource(peer)] == []
    host: Any = SimpleNamespace(
        seated={}, admission=SimpleNamespace(slots=1, waiting=0), stepper=SimpleNamespace(), totals=Counter(),
        ended=Counter(dict.fromkeys(ENDED, 1)),
    )  # fmt: skip
    page = HostMetrics(host, Counter(["a wrong Origin", "a page of another site", "an address that is not there"]))
    for _ in range(2):  # each is counted once, however often it is looked at
        page()
    found = lines(page.metrics)
    counts = {reason: found[f'reskin_refusals_total{{reason="{reason}"}}'] for reason in REFUSALS}
    assert {reason: count for reason, count in counts.items() if count} == {"origin": 2, "other": 1, "rate": len(ENDED)}
