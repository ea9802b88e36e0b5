"""`reskin serve` and `reskin invite`: the engine for other machines, and the links that let them in."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from dataclasses import asdict
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import click

from reskin.cli_options import FILE, json_option, preset_option
from reskin.errors import ServeError
from reskin.remedies import install_command

if TYPE_CHECKING:
    from reskin.serve.run import Started
    from reskin.serve.tokens import Scope

NEEDS = ("aiortc", "jwt", "segno", "prometheus_client")
HOURS = click.FloatRange(min=0, max=24 * 366, min_open=True)


EXAMPLES = """\b
Examples:
  reskin serve                                 to try it on this machine
  reskin serve --host 0.0.0.0                  for a phone in the same network
  reskin serve --host 0.0.0.0 --name play.example.org --certificate chain.pem --key key.pem
  reskin invite --hours 2 --sessions 1         a token for a friend: send ADDRESS/#token=TOKEN"""


@click.command(epilog=EXAMPLES)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS",
              help="Where to listen. 0.0.0.0 lets other machines in; then it is HTTPS.")  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=8443, show_default=True, help="0: any that is free.")
@preset_option
@click.option(
    "--threads", type=click.IntRange(1, 64), default=1, show_default=True, help="Threads of an engine on the CPU."
)
@click.option("--slots", type=click.IntRange(1, 4096), help="Players at once. Default: by the machine.")
@click.option("--theme", metavar="NAME", help="What players begin in. Default: from the settings.")
@click.option("--certificate", type=FILE, help="Your own, PEM with its chain. Default: one is made at the first start.")
@click.option("--key", type=FILE, help="Its private key, when it is not in the same file.")
@click.option("--plain-http", is_flag=True, help="Without TLS: for behind a proxy that has it. Browsers share no "
              "camera or window over it, except from this machine.")  # fmt: skip
@click.option("--name", "names", multiple=True, metavar="HOST[:PORT]",
              help="By which players call this server from outside; may be given several times.")  # fmt: skip
@click.option("--token-hours", type=HOURS, default=12.0, show_default=True, help="How long the links let in.")
@click.option("--link-sessions", type=click.IntRange(1, 4096), help="Players that one link lets in at once. "
              "Default: as many as there are slots.")  # fmt: skip
@click.option("--mbit", type=click.FloatRange(0.3, 100), default=6.0, show_default=True,
              help="Most video to each player at 1280x720, in Mbit/s; other sizes by their area. "
              "What players send is bounded by their own [engine] mbit.")  # fmt: skip
@click.option("--ice-server", "ice_servers", multiple=True, metavar="URL",
              help="A STUN server for players beyond a router: stun:stun.example.org. Default: none.")  # fmt: skip
@click.option("--open-metrics", is_flag=True, help="Give /metrics without an admin token.")
@click.option(
    "--log", "has_log", is_flag=True, help="Tell what happens on stderr, a line of JSON each; no secret in it."
)
@json_option
def serve(
    plain_http: bool, as_json: bool, has_log: bool, preset: str | None, theme: str | None, mbit: float, **options: Any
) -> None:  # fmt: skip
    """Host the engine for other machines.

    A phone, a laptop or `reskin run --engine LINK` plays here over WebRTC. The links that are printed let in; keep them
    as you keep a password. Media goes over UDP ports that the system chooses. No frame is ever written to a disk.
    Ctrl-C ends it with exit code 130, SIGTERM with 0; every player is told.
    """
    _check_installed()
    from reskin.gpu_presets import require_preset
    from reskin.serve import logs
    from reskin.serve.run import ServeOptions
    from reskin.serve.run import serve as run
    from reskin.settings import load_settings

    settings = load_settings()
    chosen = preset or settings.preset
    require_preset(chosen)
    logs.start(level=logging.INFO if has_log else logging.WARNING)
    asked = ServeOptions(
        preset=chosen, theme=theme or settings.theme, is_plain=True if plain_http else None,
        bits_at_720p=int(mbit * 1e6), flash_limiter=settings.safety.flash_limiter, **options,
    )  # fmt: skip

    heard: set[int] = set()  # signals

    async def until_told() -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()

        def end(number: int) -> None:
            heard.add(number)
            stopping.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            if sys.platform == "win32":
                signal.signal(number, lambda number, _: loop.call_soon_threadsafe(end, number))
            else:
                loop.add_signal_handler(number, end, number)
        click.echo(f"reskin: starting {chosen} ...", err=True)
        work = asyncio.create_task(run(asked, _as_json if as_json else _as_text, stopping))
        stop = asyncio.create_task(stopping.wait())
        await asyncio.wait((work, stop), return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            click.echo("reskin: ending; every player is told", err=True)
        stop.cancel()
        await work

    asyncio.run(until_told())
    if signal.SIGINT in heard:  # SIGTERM is how a service manager ends it, and no failure
        raise KeyboardInterrupt


@click.command("invite")
@click.option("--scope", type=click.Choice(("play", "watch", "admin")), default="play", show_default=True,
              help="play: sessions of their own; watch: see others' play; admin: all, and figures.")  # fmt: skip
@click.option("--hours", type=HOURS, default=12.0, show_default=True, help="How long it lets in.")
@click.option("--sessions", type=click.IntRange(1, 100_000), help="Players at once. Default: 1.")
@click.option("--minutes", type=click.IntRange(1), help="Minutes of play in all. Default: all of its hours.")
@click.option("--watches", metavar="TOKEN", help="With --scope watch: whose play token. Default: everybody's.")
def invite(scope: Scope, hours: float, sessions: int | None, minutes: int | None, watches: str | None) -> None:
    """Print a token for `reskin serve` of this user.

    A link is the server's address and #token=TOKEN. A running server knows it at once, unless the file with the secret
    was removed since it started.
    """
    if scope == "watch" and (sessions is not None or minutes is not None):
        raise click.UsageError("--sessions and --minutes are of playing, which --scope watch does not allow.")
    if scope != "watch" and watches is not None:
        raise click.UsageError("--watches says whom a token of --scope watch sees; give that scope, or leave it out.")
    _check_installed()
    from reskin.serve.tokens import kept_tokens

    tokens = kept_tokens()
    whose = tokens.read(watches).sub if watches else "*" if scope == "watch" else ""
    click.echo(tokens.issue(scope, hours, watches=whose, sessions=sessions or 1, minutes=minutes))


def _check_installed() -> None:
    missing = [name for name in NEEDS if find_spec(name) is None]
    if missing:
        raise ServeError(f"serving: {', '.join(missing)} not installed. Get them with {install_command('serve')}")


def _as_json(started: Started) -> None:
    click.echo(json.dumps(asdict(started)))


def _as_text(started: Started) -> None:
    if sys.stdout.isatty() and started.is_for_others:
        import io

        import segno

        drawn = io.StringIO()
        segno.make(started.play, error="l", micro=False).terminal(drawn, border=2, compact=True)
        click.echo(drawn.getvalue())  # for a phone's camera
    click.echo(f"Play:   {started.play}")
    click.echo(f"Watch:  {started.watch}")
    click.echo(f"Admin:  {started.admin_token}")
    players = "1 player" if started.slots == 1 else f"{started.slots} players"
    click.echo(f"For {players} at once, with {started.engine}. Ctrl-C ends it.")
    if started.other_names:
        click.echo(f"Not reached by that address? In its place in the link, try: {', '.join(started.other_names)}")
    if started.fingerprint:
        click.echo(
            "The certificate was made here, so browsers ask before they go on. Compare its SHA-256 fingerprint:\n"
            f"  {started.fingerprint}"
        )
    if not started.is_for_others:
        click.echo("Only this machine can reach it; --host 0.0.0.0 lets others in.")
