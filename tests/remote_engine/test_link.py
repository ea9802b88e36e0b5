"""The remote engine against a real server on this machine: numbers, looks, a refusal. `test_played` kills one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from reskin.errors import EngineError
from reskin.frame import Frame
from reskin.remote_engine.address import read_address
from reskin.remote_engine.engine import RemoteEngine
from reskin.renderer import TintRenderer, View
from reskin.serve.tokens import kept_tokens
from reskin.themes import Theme
from tests.loop.fakes import theme
from tools.remote_server import ServerProcess
from tools.serve_players import Server

RED, BLUE = theme("Red", "#ff0000"), theme("Blue", "#0000ff")
TICK_S = 1 / 24
BAR_PX = 16
SIZE = (181, 321)  # odd sides: a row and a column more travel


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("serve")) as process:
        yield process


class Player:
    """What the loop does with an engine, at its ticks; every frame has a bright bar where its index says."""

    def __init__(self, engine: RemoteEngine) -> None:
        self.engine = engine
        self.look: Theme = RED
        self.index = 0
        self.notes: list[str] = []
        self.paintings: list[tuple[int, np.ndarray]] = []

    def until(self, holds: Callable[[], bool], limit_s: float = 30.0) -> float:
        """Ticks until it holds; returns the seconds that it took."""
        began_s = time.monotonic()
        while not holds():
            assert time.monotonic() - began_s < limit_s, f"not within {limit_s} s; {self.engine.link}, {self.notes}"
            now_ns = time.monotonic_ns()
            self.notes += self.engine.poll(now_ns).notes
            self.engine.configure(theme=self.look, view=View.THEME, quality=0)
            if self.engine.is_ready:
                self.index += 1
                self.engine.submit(Frame(self.index, now_ns, barred(self.index)))
            time.sleep(TICK_S)
            painting = self.engine.newest()
            if painting is not None:
                self.paintings.append((painting.index, painting.bgra_u8.copy()))
        return time.monotonic() - began_s

    def gets_more(self, count: int) -> Callable[[], bool]:
        wanted = len(self.paintings) + count
        return lambda: len(self.paintings) >= wanted

    def shows(self, look: Theme) -> Callable[[], bool]:
        def holds() -> bool:
            if not self.paintings:
                return False
            index, picture = self.paintings[-1]
            return error_levels(picture, index, look) < 12

        return holds


def barred(index: int) -> np.ndarray:
    """Not a frame of another brightness: the server's flash limiter would hold those back."""
    frame = np.full((*SIZE, 4), 90, np.uint8)
    frame[:, bar_px(index) : bar_px(index) + BAR_PX] = 250
    return frame


def bar_px(index: int) -> int:
    return index % 18 * BAR_PX


def seen_bar_px(picture: np.ndarray) -> int:
    columns = picture[..., 1].mean(axis=0)
    return int(np.convolve(columns, np.ones(BAR_PX), "valid").argmax())


def error_levels(picture: np.ndarray, index: int, look: Theme) -> float:
    """Mean difference from what that frame's painting is without a codec between."""
    frame = barred(index)
    expected = np.empty_like(frame)
    TintRenderer().render(frame, look, View.THEME, 0, expected)
    return float(np.abs(picture[..., :3].astype(int) - expected[..., :3]).mean())


@pytest.fixture
def player(server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Player]:
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    engine = RemoteEngine(read_address(server.link))
    try:
        yield Player(engine)
    finally:
        engine.close()


def test_every_painting_is_of_the_frame_whose_number_it_carries_and_in_the_theme_asked_for(player: Player) -> None:
    player.until(player.gets_more(24))
    indices = [index for index, _ in player.paintings]
    assert indices == sorted(set(indices))
    for index, picture in player.paintings[4:]:
        assert picture.shape == (*SIZE, 4)
        assert abs(seen_bar_px(picture) - bar_px(index)) <= 2, f"frame {index}"
        assert error_levels(picture, index, RED) < 12, f"frame {index}"
    player.look = BLUE
    player.until(player.shows(BLUE), limit_s=5)
    player.until(lambda: player.engine.figures is not None and player.engine.figures.fps > 0, limit_s=5)


def test_a_wrong_token_ends_it_at_once_with_what_to_do(
    server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    engine = RemoteEngine(read_address(server.link.partition("#")[0], token="not.a.token"))
    try:
        with pytest.raises(EngineError, match="does not take the token"):
            Player(engine).until(lambda: False)
    finally:
        engine.close()


def test_the_tints_server_takes_the_arguments_that_benches_give_the_real_one(tmp_path: Path) -> None:
    arguments = ("--slots", "5", "--link-sessions", "3", "--mbit", "2", "--theme", "candy")
    with ServerProcess(tmp_path, arguments=arguments) as process:
        tokens, server = kept_tokens(tmp_path / "serve-secret"), Server(f"http://127.0.0.1:{process.port}")
        status, told = asyncio.run(server.ask("GET", "/status.json", tokens.issue("admin", 1)))
        assert (status, told["slots"]) == (200, 5)
        assert tokens.read(process.link.partition("#token=")[2]).sessions == 3
