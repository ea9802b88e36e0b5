"""A day of one cell of a cluster, event by event (simpy): players come, wait, play, lose their GPU, leave.

A cell is one Ray cluster with one directory. Whatever scales it is the code that scales the real one
(`reskin.serve.cluster.autoscale`), and a session goes to the GPU with the most room, as the directory does it. Seconds
throughout; everything random comes from one generator, so a seed is a result. Knows nothing of money or of printing.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import simpy

from reskin.serve.cluster.autoscale import replicas_needed

DAY_S = 86_400.0
SURGE_S = 900.0
LOOK_S = 15.0  # how often the cluster is looked at: scaling, failures, averages

# Share of the peak hour's players, hour by hour. An assumption: the evening peak and the trough before dawn, about one
# to five, that public charts of players of large games show for one region.
DAILY = (0.55, 0.42, 0.32, 0.25, 0.21, 0.20, 0.22, 0.27, 0.33, 0.38, 0.43, 0.48, 0.53, 0.57, 0.61, 0.66, 0.72, 0.79,
         0.87, 0.95, 1.00, 0.98, 0.88, 0.71)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Plan:
    players: float  # at the same time, in the peak hour
    slots: int  # a GPU
    session_s: float = 3600.0  # mean
    session_spread: float = 1.0  # sigma of the log-normal; 0: exponential
    patience_s: float = 180.0  # then one who waits goes away
    fill: float = 0.8
    spare: int = 1  # GPUs beyond what the fill asks for
    fixed_gpus: int | None = None  # no scaling: always so many
    cold_start_s: float = 180.0  # from asking for a GPU to its first session
    shrink_after_s: float = 300.0
    mtbf_s: float = math.inf  # of one GPU
    daily: tuple[float, ...] = DAILY  # (1.0,): always the same
    surge: float = 1.0  # so many times as many come, at `surge_hour`, for a quarter of an hour
    surge_hour: float = 19.0
    lost_gpus: int = 0  # at `lost_hour`, together: a node
    lost_hour: float = 20.0
    hours: float = 24.0
    warm_up_s: float = 7200.0  # before anything is counted


@dataclass(slots=True, eq=False)
class _Player:
    left_s: float  # that the player still wants to play
    asked_s: float
    gpu: _Gpu | None = None
    began_s: float = 0.0
    turn: int = 0  # another number: what was planned for this player no longer holds
    was_displaced: bool = False


@dataclass(slots=True, eq=False)
class _Gpu:
    players: dict[_Player, None] = field(default_factory=dict)  # in the order of coming: a set has none to rely on


@dataclass(kw_only=True)
class Day:
    """What was counted."""

    waits_s: list[float] = field(default_factory=list)  # of each who came; one who went away waited their patience
    went_away: int = 0
    outages_s: list[float] = field(default_factory=list)  # of each session that lost its GPU
    failures: int = 0
    looks_s: list[float] = field(default_factory=list)
    playing: list[int] = field(default_factory=list)  # at each look
    gpus: list[int] = field(default_factory=list)  # that are paid for: running, and starting
    queue: list[int] = field(default_factory=list)

    def quantile(self, share: float) -> float:
        return float(np.quantile(self.waits_s, share)) if self.waits_s else 0.0


class Cell:
    def __init__(self, plan: Plan, seed: int) -> None:
        self.day = Day()
        self._plan = plan
        self._draw = np.random.default_rng(seed)
        self._env = simpy.Environment()
        self._gpus: list[_Gpu] = []
        self._rooms: list[dict[_Gpu, None]] = [{} for _ in range(plan.slots + 1)]  # GPUs by how many slots are free
        self._free = self._playing = self._starting = 0
        self._queue: deque[tuple[_Player, int]] = deque()  # with the turn that it was queued in
        self._waiting = 0
        self._too_many_since_s: float | None = None

    def run(self) -> Day:
        plan = self._plan
        for _ in range(plan.fixed_gpus if plan.fixed_gpus is not None else self._wanted(plan.players * self._level())):
            self._add_gpu()
        self._env.process(self._arrivals())
        self._env.process(self._looks())
        self._env.process(self._lose_a_node())
        self._env.run(until=plan.warm_up_s + plan.hours * 3600)
        return self.day

    @property
    def _counts(self) -> bool:
        return self._env.now >= self._plan.warm_up_s

    def _level(self) -> float:
        """Of the daily curve now, between the hours in a straight line; the day begins after the warm-up."""
        curve = self._plan.daily
        hour = (self._env.now - self._plan.warm_up_s) / DAY_S * len(curve)
        before = math.floor(hour)
        share = hour - before
        return curve[before % len(curve)] * (1 - share) + curve[(before + 1) % len(curve)] * share

    def _arrivals(self) -> simpy.events.ProcessGenerator:
        """Poisson, thinned to the curve."""
        most = max(self._plan.daily) * self._plan.surge
        most_per_s = self._plan.players / self._plan.session_s * most
        while True:
            yield self._env.timeout(self._draw.exponential(1 / most_per_s))
            begun_s = self._env.now - self._plan.warm_up_s - self._plan.surge_hour * 3600
            surge = self._plan.surge if 0 <= begun_s < SURGE_S else 1.0
            if self._draw.random() * most < self._level() * surge:
                self._come(_Player(left_s=self._length_s(), asked_s=self._env.now))

    def _length_s(self) -> float:
        mean_s, spread = self._plan.session_s, self._plan.session_spread
        if spread == 0:
            return float(self._draw.exponential(mean_s))
        return float(self._draw.lognormal(math.log(mean_s) - spread**2 / 2, spread))

    def _come(self, player: _Player) -> None:
        if self._free > 0 and self._waiting == 0:
            self._seat(player)
        elif self._plan.patience_s == 0:
            self._give_up(player)
        else:
            self._wait(player, first=False)

    def _wait(self, player: _Player, first: bool) -> None:
        player.turn += 1
        player.asked_s = self._env.now
        (self._queue.appendleft if first else self._queue.append)((player, player.turn))
        self._waiting += 1
        if math.isfinite(self._plan.patience_s):
            self._at(self._plan.patience_s, player, self._lose_patience)

    def _lose_patience(self, player: _Player) -> None:
        self._waiting -= 1
        player.turn += 1
        self._give_up(player)

    def _give_up(self, player: _Player) -> None:
        if self._counts:
            self.day.went_away += 1
            (self.day.outages_s if player.was_displaced else self.day.waits_s).append(self._plan.patience_s)

    def _seat(self, player: _Player) -> None:
        """On the GPU with the most room."""
        now_s = self._env.now
        if self._counts:
            (self.day.outages_s if player.was_displaced else self.day.waits_s).append(now_s - player.asked_s)
        self._put(player)
        player.turn += 1
        player.began_s, player.was_displaced = now_s, False
        self._at(player.left_s, player, self._leave)

    def _put(self, player: _Player) -> None:
        room = next(room for room in reversed(self._rooms) if room)
        gpu = next(iter(room))
        player.gpu = gpu
        self._change(gpu, lambda: gpu.players.update({player: None}))
        self._playing += 1
        self._free -= 1

    def _leave(self, player: _Player) -> None:
        gpu = player.gpu
        assert gpu is not None
        player.turn += 1
        self._change(gpu, lambda: gpu.players.pop(player))
        self._playing -= 1
        self._free += 1
        self._serve_queue()

    def _serve_queue(self) -> None:
        while self._free > 0 and self._queue:
            player, turn = self._queue.popleft()
            if player.turn == turn:  # still there
                self._waiting -= 1
                self._seat(player)

    def _at(self, delay_s: float, player: _Player, do: Callable[[_Player], None]) -> None:
        """Later, unless something else has happened to the player by then."""
        turn = player.turn

        def fire(_: simpy.Event) -> None:
            if player.turn == turn:
                do(player)

        event = self._env.timeout(delay_s)
        assert event.callbacks is not None
        event.callbacks.append(fire)

    def _change(self, gpu: _Gpu, do: Callable[[], object]) -> None:
        """Keeps `_rooms` right while a GPU's players change."""
        self._rooms[self._plan.slots - len(gpu.players)].pop(gpu)
        do()
        self._rooms[self._plan.slots - len(gpu.players)][gpu] = None

    def _add_gpu(self) -> None:
        gpu = _Gpu()
        self._gpus.append(gpu)
        self._rooms[self._plan.slots][gpu] = None
        self._free += self._plan.slots
        self._serve_queue()

    def _remove(self, gpus: list[_Gpu], is_failure: bool) -> None:
        """All together; their players go elsewhere: at once where there is room, else before all others."""
        for gpu in gpus:
            self._gpus.remove(gpu)
            self._rooms[self._plan.slots - len(gpu.players)].pop(gpu)
            self._free -= self._plan.slots - len(gpu.players)
            self._playing -= len(gpu.players)
        if is_failure and self._counts:
            self.day.failures += len(gpus)
        for player in [player for gpu in reversed(gpus) for player in reversed(list(gpu.players))]:
            player.left_s = max(0.0, player.left_s - (self._env.now - player.began_s))
            player.asked_s, player.was_displaced = self._env.now, True
            if self._free > 0:
                self._seat(player)
            else:
                self._wait(player, first=True)

    def _wanted(self, players: float) -> int:
        return replicas_needed(players, self._waiting, self._plan.slots, self._plan.fill) + self._plan.spare

    def _looks(self) -> simpy.events.ProcessGenerator:
        while True:
            self._fail()
            if self._plan.fixed_gpus is None:
                self._scale()
            elif len(self._gpus) + self._starting < self._plan.fixed_gpus:
                self._start_one()
            if self._counts:
                self.day.looks_s.append(self._env.now - self._plan.warm_up_s)
                self.day.playing.append(self._playing)
                self.day.gpus.append(len(self._gpus) + self._starting)
                self.day.queue.append(self._waiting)
            yield self._env.timeout(LOOK_S)

    def _fail(self) -> None:
        for _ in range(min(len(self._gpus), self._draw.poisson(len(self._gpus) * LOOK_S / self._plan.mtbf_s))):
            self._remove([self._gpus[self._draw.integers(len(self._gpus))]], is_failure=True)

    def _lose_a_node(self) -> simpy.events.ProcessGenerator:
        yield self._env.timeout(self._plan.warm_up_s + self._plan.lost_hour * 3600)
        lost = [self._gpus[at] for at in self._draw.permutation(len(self._gpus))[: self._plan.lost_gpus]]
        self._remove(lost, is_failure=True)

    def _scale(self) -> None:
        wanted, now_s = self._wanted(self._playing), self._env.now
        while len(self._gpus) + self._starting < wanted:
            self._start_one()
        if len(self._gpus) <= wanted:
            self._too_many_since_s = None
        elif self._too_many_since_s is None:
            self._too_many_since_s = now_s
        elif now_s - self._too_many_since_s >= self._plan.shrink_after_s:
            emptiest = next(iter(next(room for room in reversed(self._rooms) if room)))
            if self._free - (self._plan.slots - len(emptiest.players)) >= len(emptiest.players):
                self._drain(emptiest)

    def _drain(self, gpu: _Gpu) -> None:
        """Moved by themselves, without anybody waiting: no outage is counted."""
        counted = len(self.day.outages_s)
        self._remove([gpu], is_failure=False)
        del self.day.outages_s[counted:]

    def _start_one(self) -> None:
        self._starting += 1
        event = self._env.timeout(self._plan.cold_start_s)
        assert event.callbacks is not None
        event.callbacks.append(self._has_started)

    def _has_started(self, _: simpy.Event) -> None:
        self._starting -= 1
        self._add_gpu()


def erlang_b(servers: int, load: float) -> float:
    """The share that is turned away when nobody waits; `load` in Erlangs. By the usual recursion."""
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = load * blocked / (count + load * blocked)
    return blocked


def erlang_c(servers: int, load: float) -> float:
    """The share that has to wait when everybody does; below saturation."""
    assert load < servers
    blocked = erlang_b(servers, load)
    return blocked / (1 - load / servers * (1 - blocked))
