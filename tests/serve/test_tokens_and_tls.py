"""Tokens, what they may use, the server's certificate, and the command that starts it all."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import ssl
import stat
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from click.testing import CliRunner

from reskin.errors import ServeError
from reskin.serve import tls
from reskin.serve.limits import MOST_OFFERS_PER_MIN, Bucket, QuotaExceeded, Quotas
from reskin.serve.run import ServeOptions, Started, serve
from reskin.serve.sdp import checked
from reskin.serve.tokens import Claims, ExpiredTokenError, TokenError, Tokens, bearer_of, kept_tokens
from tests.serve.playing import SECRET, run

ROOT = Path(__file__).resolve().parents[2]


def test_a_token_lets_in_until_its_hour_and_not_after() -> None:
    now = [1_000_000.0]
    tokens = Tokens(SECRET, clock=lambda: now[0])
    token = tokens.issue("play", 2, sessions=3)
    claims = tokens.read(token)
    assert (claims.scope, claims.sessions, claims.minutes) == ("play", 3, 360)
    now[0] += 2 * 3600
    assert tokens.read(token) == claims
    now[0] += 60
    with pytest.raises(ExpiredTokenError, match="expired"):
        tokens.read(token)
    with pytest.raises(TokenError) as refused:
        tokens.read(token + "expired")
    assert not isinstance(refused.value, ExpiredTokenError)


def test_a_token_stands_in_the_header_after_bearer() -> None:
    assert [bearer_of(said) for said in ("Bearer a.b", "bearer  a.b ", "Basic a.b", "a.b", "")] == [
        "a.b", "a.b", "", "", "",
    ]  # fmt: skip


def test_who_may_watch_whom() -> None:
    def claims(**said: str) -> Claims:
        return Claims(sub="me", iat=0, exp=1, **said)  # type: ignore[arg-type]

    assert claims(scope="watch", watches="you").may_watch("you")
    assert not claims(scope="watch", watches="you").may_watch("others")
    assert not claims(scope="watch").may_watch("you")
    assert claims(scope="watch", watches="*").may_watch("you")
    assert claims(scope="admin").may_watch("you")
    assert claims(scope="play").may_watch("me")
    assert not claims(scope="play").may_watch("you")
    assert [claims(scope=scope).may_play() for scope in ("play", "watch", "admin")] == [True, False, True]


def test_the_secret_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "secret"
    token = kept_tokens(path).issue("play", 1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept_tokens(path).read(token)
    path.chmod(0o644)  # somebody may have read it
    with pytest.raises(TokenError):
        kept_tokens(path).read(token)


def test_a_secret_that_cannot_be_kept_is_the_servers_error(tmp_path: Path) -> None:
    (tmp_path / "serve-secret").mkdir()
    with pytest.raises(ServeError, match="serve-secret"):
        kept_tokens(tmp_path / "serve-secret")


def test_a_token_has_its_sessions_its_minutes_and_its_offers() -> None:
    now = [0.0]
    quotas = Quotas(clock=lambda: now[0])
    claims = Claims(sub="me", scope="play", iat=0, exp=1, sessions=2, minutes=10)
    quotas.begin(claims, "a")
    quotas.begin(claims, "b")
    with pytest.raises(QuotaExceeded, match="2 sessions"):
        quotas.begin(claims, "c")
    now[0] = 240
    quotas.end(claims, "a")
    quotas.end(claims, "a")
    assert quotas.seconds_left(claims) == 600 - 240 - 240
    now[0] = 360
    assert quotas.seconds_left(claims) == 0
    with pytest.raises(QuotaExceeded, match="used up"):
        quotas.begin(claims, "c")
    quotas.begin(claims.model_copy(update={"sub": "you"}), "c")
    for _ in range(int(MOST_OFFERS_PER_MIN / 2)):
        quotas.let_offer("me")
    with pytest.raises(QuotaExceeded) as raised:
        quotas.let_offer("me")
    quotas.let_offer("you")
    now[0] += raised.value.retry_s
    quotas.let_offer("me")
    for _ in range(int(MOST_OFFERS_PER_MIN)):
        quotas.let_offer("a cluster's, for two players", 2)
    with pytest.raises(QuotaExceeded):
        quotas.let_offer("a cluster's, for two players", 2)


def test_a_bucket_lets_through_its_rate_and_a_burst() -> None:
    now = [0.0]
    bucket = Bucket(8, 5, clock=lambda: now[0])
    assert [bucket.take() for _ in range(6)] == [True] * 5 + [False]
    for _ in range(100):
        now[0] += 0.125
        assert bucket.take()
        assert not bucket.take()


OFFER = (
    "v=0", "m=video 9 UDP/TLS/RTP/SAVPF 96", "a=ice-ufrag:abcd", "a=ice-pwd:abcdefghijklmnopqrstuvwx",
    "a=fingerprint:sha-256 " + ":".join(["0A"] * 32),
)  # fmt: skip


@pytest.mark.parametrize("line", [
    "a=candidate:1 1 udp 1 4f2a.local 5000 typ host", "a=candidate:1 1 udp 1 metadata.internal 80 typ host",
    "a=candidate:1 1 tcp 1 192.0.2.1 9 typ host tcptype active", "a=candidate:1 1 udp 1 224.0.0.1 9 typ host",
    "a=candidate:1",
])  # fmt: skip
def test_names_and_what_is_no_address_are_left_out_and_something_stands_in(line: str) -> None:
    text = checked("\r\n".join((*OFFER, line)), "203.0.113.9")
    assert line not in text
    assert text.count("a=candidate:") == 1
    assert " 203.0.113.9 9 typ host" in text
    honest = "a=candidate:1 1 udp 1 192.0.2.1 5000 typ host"
    text = checked("\r\n".join((*OFFER, line, honest)), "203.0.113.9")
    assert [part for part in text.split("\r\n") if "candidate" in part] == [honest]


def test_a_certificate_is_made_once_and_again_for_another_name(tmp_path: Path) -> None:
    first = tls.kept_or_made(tmp_path, ("localhost", "127.0.0.1"))
    assert first.is_own
    assert len(first.fingerprint.split(":")) == 32
    assert stat.S_IMODE((tmp_path / "serve-key.pem").stat().st_mode) == 0o600
    assert tls.kept_or_made(tmp_path, ("127.0.0.1",)).fingerprint == first.fingerprint
    other = tls.kept_or_made(tmp_path, ("game.example",))
    assert other.fingerprint != first.fingerprint
    on_a_vpn = ("10.8.0.2", "game.example")
    assert tls.kept_or_made(tmp_path, on_a_vpn, needed=("game.example",)).fingerprint == other.fingerprint
    own = tls.load(tmp_path / "serve-certificate.pem", tmp_path / "serve-key.pem")
    assert (own.fingerprint, own.is_own) == (other.fingerprint, False)
    with pytest.raises(ServeError, match="Expected a PEM file"):
        tls.load(tmp_path / "serve-certificate.pem", tmp_path / "nothing.pem")


def test_a_server_opens_with_tls_and_ends_when_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    kept = tls.kept_or_made(tmp_path, ("localhost", "10.8.0.2", "game.example"))  # when this machine had a VPN
    told: list[Started] = []
    stopping = asyncio.Event()
    options = ServeOptions(
        port=0,
        theme="candy",
        is_plain=False,
        names=("game.example:8443",),
        slots=3,
        engine=("reskin.serve.engines:open_tint", ()),
    )

    async def knock() -> None:
        serving = asyncio.create_task(serve(options, told.append, stopping))
        while not told:
            await asyncio.sleep(0.01)
            assert not serving.done(), serving.result()
        started = told[0]
        assert started.play.startswith("https://game.example:8443/#token=")
        assert (started.slots, started.is_for_others, started.fingerprint) == (3, False, kept.fingerprint)
        context = ssl.create_default_context(cafile=str(tmp_path / "serve-certificate.pem"))
        async with aiohttp.ClientSession() as http:
            server = f"https://localhost:{started.port}"
            async with http.get(f"{server}/ready", ssl=context) as response:
                assert response.status == 200
            async with http.get(f"{server}/", headers={"Host": "game.example:8443"}, ssl=context) as response:
                assert response.status == 200
            async with http.get(f"{server}/", headers={"Host": "evil.example"}, ssl=context) as response:
                assert response.status == 421
        stopping.set()
        await serving

    run(knock())


def test_the_help_helps_and_a_token_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from reskin.cli import cli

    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    found = CliRunner().invoke(cli, ["serve", "--help"])
    assert found.exit_code == 0
    for word in ("--host", "--slots", "--certificate", "--token-hours", "No frame is ever written"):
        assert word in found.output
    assert "a token for a friend: send ADDRESS/#token=TOKEN" in found.output
    play = CliRunner().invoke(cli, ["invite", "--hours", "2", "--sessions", "5"]).output.strip()
    claims = kept_tokens().read(play)
    assert (claims.scope, claims.sessions) == ("play", 5)
    watch = CliRunner().invoke(cli, ["invite", "--scope", "watch", "--watches", play]).output.strip()
    assert kept_tokens().read(watch).watches == claims.sub


@pytest.mark.parametrize("options", [
    ("--scope", "watch", "--sessions", "2"), ("--scope", "watch", "--minutes", "5"), ("--watches", "a.b.c"),
    ("--scope", "admin", "--watches", "a.b.c"),
])  # fmt: skip
def test_an_invitation_refuses_what_would_have_no_effect(
    options: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from reskin.cli import cli

    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    found = CliRunner().invoke(cli, ["invite", *options])
    assert found.exit_code == 2, found.output


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_ctrl_c_and_sigterm_end_a_server_that_still_starts(number: signal.Signals, status: int, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "reskin", "serve", "--port", "0", "--preset", "lite", "--json"]
    environment = {**os.environ, "RESKIN_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
                          cwd=tmp_path) as server:  # fmt: skip
        assert server.stderr is not None
        assert "starting lite" in server.stderr.readline()
        server.send_signal(number)
        out, error = server.communicate(timeout=30)
    assert server.returncode == status, error
    assert "Traceback" not in error
    assert out == "" or json.loads(out)["slots"] >= 1


def test_the_local_path_imports_nothing_of_it() -> None:
    code = (
        "import sys, reskin.app, reskin.cli, reskin.loop, reskin.render\n"
        "found = {name.split('.')[0] for name in sys.modules} & {'aiortc', 'aioice', 'jwt', 'ray', 'segno',"
        " 'cryptography', 'prometheus_client'}\n"
        "assert not found, found\n"
        "assert not [name for name in sys.modules if name.startswith('reskin.serve')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
