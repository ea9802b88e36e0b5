"""The bench of hostile clients without any: its ratios, and that an attack that was none is an error."""

from __future__ import annotations

import asyncio
from typing import Any

import click
import pytest

from tools import bench_serve
from tools.bench_serve import ALSO_DEAF, COUNTED, Row, Stretches, _attacked, check_attacker, sent_by
from tools.serve_attacks import ATTACKS

URL = "http://127.0.0.1:1"


def stretches(age_ms: float, fps: float = 24.0) -> Stretches:
    return Stretches(frames=round(10 * fps), seconds=10.0, ages_ms=[age_ms] * 100)


def test_both_ratios_are_told_and_the_slower_baseline_decides() -> None:
    row = Row(attack="forged", quiet=stretches(10.0), during=stretches(10.8), deaf=stretches(10.5))
    assert row.slower_than_quiet == pytest.approx(0.08)
    assert row.slower_than_deaf == pytest.approx(10.8 / 10.5 - 1)
    assert row.slower == row.slower_than_deaf
    assert row.holds
    row.deaf = None
    assert row.slower_than_deaf is None
    assert row.slower == row.slower_than_quiet
    assert not row.holds


def test_fewer_frames_than_either_baseline_do_not_hold() -> None:
    row = Row(attack="forged", quiet=stretches(10.0), during=stretches(10.0, fps=22.0), deaf=stretches(10.0, fps=23.0))
    assert row.holds
    row.during = stretches(10.0, fps=21.0)
    assert not row.holds


@pytest.mark.parametrize(
    ("name", "did", "sent"),
    [
        ("forged", "401: 290, 429: 10", 300),
        ("forged", "ClientConnectorError: 300", 0),
        ("messages", "200: 1, sent: 36", 36),
        ("messages", "200: 1", 0),
        ("never-reads", "200: 1", 1),
        ("never-reads", "429: 1", 0),
        ("garbage", "sent: 2000", 2000),
        ("slow-http", "opened: 120", 120),
        ("slow-http", "", 0),
    ],
)
def test_what_an_attacker_sent_is_read_from_its_words(name: str, did: str, sent: int) -> None:
    assert sent_by(name, did) == sent


def test_an_attacker_that_failed_or_sent_nothing_is_an_error() -> None:
    check_attacker("forged", URL, 0, "401: 300")
    with pytest.raises(click.ClickException, match="exit code 1"):
        check_attacker("forged", URL, 1, "401: 300")
    with pytest.raises(click.ClickException, match="nothing of it arrived"):
        check_attacker("messages", URL, 0, "200: 1")


def test_every_name_is_an_attack() -> None:
    assert set(ATTACKS) >= ALSO_DEAF | set(COUNTED)


class ScriptedAttacker:
    """A process that says these lines and ends with that code."""

    def __init__(self, said: bytes, code: int) -> None:
        self.stdout = asyncio.StreamReader()
        self.stdout.feed_data(said)
        self.stdout.feed_eof()
        self._code = code

    async def wait(self) -> int:
        return self._code


@pytest.mark.parametrize(("said", "code"), [(b"", 1), (b"begun\n", 0), (b"begun\n401: 300\n", -9)])
def test_a_stretch_beside_no_attacker_ends_the_bench(said: bytes, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def start(*_: object, **__: object) -> Any:
        return ScriptedAttacker(said, code)

    class Nobody(Stretches):
        async def add(self, player: object, seconds: float) -> None:
            pass

    monkeypatch.setattr(bench_serve.asyncio, "create_subprocess_exec", start)
    monkeypatch.setattr(bench_serve, "SETTLE_S", 0.0)
    with pytest.raises(click.ClickException, match="attacking"):
        asyncio.run(_attacked(Nobody(), None, 1.0, "forged", URL, "", ""))  # type: ignore[arg-type]
