"""Links, tokens and fingerprints as people write them, and what the command line and the settings make of them."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import click
import pytest

from reskin.cli_engine import NAMES, chosen_engine
from reskin.errors import EngineError
from reskin.remote_engine.address import TOKEN_VARIABLE, plain_fingerprint, read_address
from reskin.settings import EngineSettings, Settings

LINK = "https://192.168.1.20:24025/#token=abc.def.ghi"
SHA = "ab" * 32


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)


def test_the_printed_link_is_all_that_is_needed() -> None:
    address = read_address(LINK)
    assert (address.url, address.token, address.name) == (
        "https://192.168.1.20:24025/", "abc.def.ghi", "192.168.1.20:24025",
    )  # fmt: skip
    assert address.is_encrypted
    assert address.fallback == "local"


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("https://play.example/#token=t", "play.example:443"),
        ("https://play.example/reskin#t", "play.example:443"),
        ("http://localhost:81/#token=t", "localhost:81"),
        ("http://127.0.0.1:81#token=t", "127.0.0.1:81"),
        ("https://[2001:db8::1]:4443/#token=t", "2001:db8::1:4443"),
        (" https://user:secret@host:4443/#token=t ", "host:4443"),
    ],
)
def test_links_are_taken_as_they_are_written(link: str, name: str) -> None:
    address = read_address(link)
    assert address.name == name
    assert address.token == "t"
    assert address.url.endswith("/")
    assert "secret" not in address.url


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("192.168.1.20:24025", "expected a link"),
        ("ftp://host/#token=t", "begins with ftp"),
        ("https://host:99999/#token=t", "Port out of range"),
        ("https:///#token=t", "expected a link"),
        ("http://192.168.1.20/#token=t", "for all to read"),
        ("https://host/", "no token"),
        ("https://host/#theme=x", "no token"),
    ],
)
def test_a_link_that_cannot_be_used_says_what_was_expected(link: str, words: str) -> None:
    with pytest.raises(EngineError, match=words):
        read_address(link)


def test_the_token_given_wins_and_the_environment_comes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "of-the-environment")
    assert read_address("https://host/").token == "of-the-environment"
    assert read_address(LINK).token == "abc.def.ghi"
    assert read_address(LINK, token="given").token == "given"


def test_the_token_is_in_no_text_about_the_address() -> None:
    assert "abc.def" not in repr(read_address(LINK))
    assert "abc.def" not in str(read_address(LINK))


@pytest.mark.parametrize("text", [SHA, SHA.upper(), ":".join(["AB"] * 32), f"SHA256:{SHA}", f" {SHA} "])
def test_a_fingerprint_is_read_in_every_usual_form(text: str) -> None:
    assert plain_fingerprint(text) == SHA


def test_half_a_fingerprint_is_refused() -> None:
    with pytest.raises(EngineError, match="got 62 digits"):
        plain_fingerprint(SHA[:-2])


def given(**options: Any) -> dict[str, Any]:
    return dict.fromkeys(NAMES) | options | {"theme": "x"}


def test_the_command_line_wins_over_the_settings_and_here_means_this_machine() -> None:
    settings = Settings(engine=EngineSettings(url=LINK, fingerprint=SHA, fallback="game"))
    options = given()
    address = chosen_engine(options, settings)
    assert address is not None
    assert (address.fingerprint, address.fallback) == (SHA, "game")
    assert options == {"theme": "x"}, "its own options are taken out"
    other = chosen_engine(given(engine_link="https://other/#token=t", engine_fallback="local"), settings)
    assert other is not None
    assert (other.name, other.fingerprint, other.fallback) == ("other:443", "", "local")
    assert chosen_engine(given(engine_link="here"), settings) is None
    assert chosen_engine(given(), Settings()) is None


def test_options_for_no_server_are_a_mistake() -> None:
    with pytest.raises(click.UsageError, match="give it too"):
        chosen_engine(given(engine_token="t"), Settings())


def test_the_app_and_the_remote_engine_import_no_webrtc_and_no_cluster() -> None:
    code = (
        "import sys, reskin.app, reskin.cli, reskin.remote_engine.fallback, reskin.remote_engine.engine;"
        "print(*sorted({'aiortc', 'aioice', 'ray', 'simpy', 'jwt', 'prometheus_client'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"
