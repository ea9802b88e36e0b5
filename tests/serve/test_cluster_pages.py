"""What a browser gets from the cluster's door before it plays."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from reskin.serve.cluster.config import ClusterConfig
from reskin.serve.cluster.ingress import Ingress
from reskin.serve.cluster.requests import Answered, Asked
from reskin.serve.page import play_page
from reskin.serve.tokens import Tokens
from tests.serve.cluster_in_one_loop import SECRET


@pytest.fixture(scope="module")
def door() -> Ingress:
    """No replica is asked for a page."""
    return Ingress(
        ClusterConfig(preset="lite", theme="candy", names=("play.example",)).model_dump(), SECRET, None, None
    )


def get(door: Ingress, path: str, **headers: str) -> Answered:
    async def nothing() -> AsyncIterator[bytes]:
        return
        yield b""

    return asyncio.run(door.answer(Asked(method="GET", path=path, headers=headers, body=nothing())))


def test_everybody_gets_the_page_and_its_policy_allows_its_own_scripts_alone(door: Ingress) -> None:
    page = get(door, "/")
    assert (page.status, page.body.decode()) == (200, play_page().html)
    assert page.headers["Content-Security-Policy"] == play_page().policy
    assert "camera=(self)" in page.headers["Permissions-Policy"]
    assert page.headers["Cache-Control"] == "no-store"


def test_the_themes_are_for_players_and_say_which_is_the_first(door: Ingress) -> None:
    token = Tokens(SECRET).issue("play", 1.0)
    themes = json.loads(get(door, "/themes.json", authorization=f"Bearer {token}", host="play.example").body)
    assert [theme["id"] for theme in themes if theme["is_first"]] == ["candy"]
    assert get(door, "/themes.json", host="play.example").status == 401
    assert get(door, "/themes.json", authorization=f"Bearer {token}", host="elsewhere.example").status == 421


def test_a_picture_is_a_jpeg_and_nothing_else_can_be_had_by_its_address(door: Ingress) -> None:
    picture = get(door, "/picture/candy")
    assert (picture.status, picture.content_type, picture.body[:2]) == (200, "image/jpeg", b"\xff\xd8")
    for path in ("/picture/", "/picture/../candy", "/picture/nothing", "/picture/candy/more", "/page"):
        assert get(door, path).status == 404


def test_the_fake_engine_which_browsers_cannot_play_has_no_page() -> None:
    assert get(Ingress(ClusterConfig(preset="fake").model_dump(), SECRET, None, None), "/").status == 404
