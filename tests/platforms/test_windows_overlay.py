"""The Windows overlay over the fake system: one test for each trap of styles, affinities and handles."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from reskin.errors import OverlayError
from reskin.frame import Region
from reskin.platforms.windows import win32 as w
from reskin.platforms.windows.fake.toolkit import FakeSystem
from reskin.platforms.windows.overlay import STYLE, TOPMOST_TRIES, WindowsOverlay, draw
from tests.platforms.looking import plain_frame

RED = (0, 0, 255)


def _overlay(here: FakeSystem, **how: bool) -> WindowsOverlay:
    return WindowsOverlay(here.system.desktop, here.system.pygame, game=lambda: here.game.handle, **how)


def _show(here: FakeSystem, overlay: WindowsOverlay) -> None:
    client = here.game.client
    overlay.show(plain_frame((client.w, client.h), RED), client)


def _is_seen(here: FakeSystem) -> bool:
    return bool((here.desktop.seen(here.game.client)[..., :3] == RED).all())


def _is_clicked_through(here: FakeSystem) -> bool:
    return here.desktop.click(here.game.client.x + 20, here.game.client.y + 20) is here.game


@pytest.mark.parametrize("excluded", [False, True])
def test_it_is_seen_and_clicks_go_through_to_the_game(excluded: bool) -> None:
    """Needs LAYERED beside TRANSPARENT, its alpha set, and SetWindowPos to be told: else it is solid, or not there."""
    here = FakeSystem()
    overlay = _overlay(here, excluded=excluded)
    for _ in range(3):
        _show(here, overlay)
        assert _is_seen(here)
        assert _is_clicked_through(here)
        assert here.desktop.front == here.game.handle
        overlay.hide()
        assert not _is_seen(here)
    overlay.close()


def test_a_window_that_sdl_made_anew_is_made_click_through_again() -> None:
    here = FakeSystem()
    overlay = _overlay(here, excluded=True)
    _show(here, overlay)
    here.desktop.remake(here.pygame.windows[0].window)
    _show(here, overlay)
    assert _is_seen(here)
    assert _is_clicked_through(here)
    assert here.pygame.windows[0].window.affinity == w.WDA_EXCLUDE_FROM_CAPTURE


def test_the_style_is_that_of_the_facts_and_opaque() -> None:
    here = FakeSystem()
    overlay = _overlay(here, excluded=True)
    _show(here, overlay)
    window = here.pygame.windows[0].window
    assert window.style & STYLE == STYLE
    assert window.style & w.WS_EX_TOPMOST
    assert window.style & w.WS_EX_TOOLWINDOW
    assert window.alpha == 255


def test_where_recorders_may_see_it_they_can_choose_it() -> None:
    """OBS leaves windows with the tool style out of its list."""
    here = FakeSystem()
    overlay = _overlay(here)
    _show(here, overlay)
    window = here.pygame.windows[0].window
    assert not window.style & w.WS_EX_TOOLWINDOW
    assert window.affinity == w.WDA_NONE
    assert window.title == "Reskin"


def test_hidden_and_shown_again_it_is_still_left_out_of_captures() -> None:
    here = FakeSystem()
    game = here.play(5)
    overlay = _overlay(here, excluded=True)
    for _ in range(3):
        _show(here, overlay)
        assert (here.desktop.captured(here.game.client) == game).all()
        overlay.hide()


@pytest.mark.parametrize("build", [17763, 18363])
def test_windows_before_2004_is_refused_with_what_to_do(build: int) -> None:
    with pytest.raises(OverlayError, match=r"cannot leave a window out of captures.*Windows 10 version 2004"):
        _overlay(FakeSystem(build), excluded=True)
    _overlay(FakeSystem(build)).close()  # with a capture of the window alone it need not


def test_an_affinity_that_windows_did_not_take_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    here = FakeSystem()
    monkeypatch.setattr(here.libraries.functions, "SetWindowDisplayAffinity", lambda handle, affinity: 1)
    with pytest.raises(OverlayError, match="Windows set 0x0 where 0x11 was asked for"):
        _overlay(here, excluded=True)
    here = FakeSystem()
    here.libraries.failing["SetWindowDisplayAffinity"] = w.ERROR_ACCESS_DENIED
    with pytest.raises(OverlayError, match=r"SetWindowDisplayAffinity\(.*0x11\).*Access is denied"):
        _overlay(here, excluded=True)


def test_it_comes_on_top_again_when_the_game_raises_itself() -> None:
    here = FakeSystem()
    overlay = _overlay(here)
    _show(here, overlay)
    here.game.style |= w.WS_EX_TOPMOST  # as some borderless games are
    here.desktop.activate(here.desktop.add("Other", Region(0, 0, 9, 9)))
    _show(here, overlay)
    here.desktop.activate(here.game)
    _show(here, overlay)
    assert _is_seen(here)


def test_it_does_not_fight_for_the_top_for_ever() -> None:
    here = FakeSystem()
    overlay = _overlay(here)
    _show(here, overlay)
    here.game.style |= w.WS_EX_TOPMOST
    here.desktop.front = 0
    _show(here, overlay)
    here.desktop.front = here.game.handle
    here.libraries.calls.clear()
    for _ in range(3 * TOPMOST_TRIES):
        here.desktop.raise_window(here.game)
        _show(here, overlay)
    assert here.libraries.calls.count("SetWindowPos") == TOPMOST_TRIES


def test_it_hides_while_the_player_is_in_another_window_unless_told_otherwise() -> None:
    here = FakeSystem()
    overlay, stays = _overlay(here), _overlay(here, only_in_front=False)
    mail = here.desktop.add("Mail", Region(1000, 500, 300, 300))
    here.desktop.activate(mail)
    _show(here, overlay)
    assert not here.pygame.windows[0].window.is_shown
    _show(here, stays)
    assert here.pygame.windows[1].window.is_shown
    stays.hide()
    here.desktop.activate(here.game)
    _show(here, overlay)
    assert _is_seen(here)


def test_a_dialog_of_the_game_counts_as_the_game_and_a_change_of_windows_as_nothing() -> None:
    here = FakeSystem()
    overlay = _overlay(here)
    dialog = here.desktop.add("Save?", Region(1000, 500, 300, 300), owner=here.game.handle)
    for front in (dialog.handle, 0):
        here.desktop.front = front
        _show(here, overlay)
        assert _is_seen(here)


def test_a_game_whose_window_is_owned_by_a_hidden_one_is_in_front_too() -> None:
    """As Delphi and Visual Basic 6 make them."""
    here = FakeSystem()
    overlay = _overlay(here)
    here.game.owner = here.desktop.add("Application", Region(0, 0, 1, 1), is_visible=False).handle
    here.desktop.activate(here.game)
    _show(here, overlay)
    assert _is_seen(here)
    here.desktop.activate(here.desktop.add("Mail", Region(1000, 500, 300, 300)))
    _show(here, overlay)
    assert not _is_seen(here)


def test_its_messages_are_read_also_while_it_is_hidden_or_windows_would_take_it_for_hung() -> None:
    here = FakeSystem()
    overlay = _overlay(here)
    _show(here, overlay)
    assert here.pygame.pumped == 1
    overlay.hide()
    overlay.rest()
    overlay.rest()
    assert here.pygame.pumped == 3
    assert not _is_seen(here)


@pytest.mark.parametrize("size_px", [(64, 48), (33, 17)])
def test_pixels_go_into_a_real_surface_of_pygame_as_they_are(size_px: tuple[int, int]) -> None:
    import pygame

    surface = pygame.Surface(size_px, 0, 32)
    frame = np.random.default_rng(5).integers(0, 256, (17, 33, 4), np.uint8)
    draw(surface, frame)
    got = pygame.surfarray.array3d(surface).transpose(1, 0, 2)[..., ::-1]
    wanted = frame if size_px == (33, 17) else cv2.resize(frame, size_px, interpolation=cv2.INTER_LINEAR)
    assert (got == wanted[..., :3]).all()
    assert not surface.get_locked()


def test_it_is_never_owned_by_the_game() -> None:
    """Captures of one window take its owned windows along."""
    here = FakeSystem()
    _show(here, _overlay(here))
    assert here.pygame.windows[0].window.owner == 0
