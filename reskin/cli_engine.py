"""The options for an engine at a distance, and the address that they and the settings come to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from reskin.remote_engine.address import EngineAddress
    from reskin.settings import Settings

HERE = "here"
NAMES = ("engine_link", "engine_token", "engine_fingerprint", "engine_fallback")


def engine_options(command: Any) -> Any:
    """What `run` and `demo` take; `chosen_engine` makes one value of them."""
    for option in (
        click.option(
            "--engine-fallback", type=click.Choice(("local", "game")),
            help="While the server is silent: this machine's engine paints, or nobody. Default: from the settings.",
        ),
        click.option("--engine-fingerprint", metavar="SHA256", help="SHA-256 of the server's certificate, "
                     "as `reskin serve` prints it. Default: the one that it shows first, which is remembered."),
        click.option("--engine-token", metavar="TOKEN", help="The token, where the link has none. Others on this "
                     "machine can read it in `ps`; not so RESKIN_ENGINE_TOKEN in the environment."),
        click.option(
            "--engine", "engine_link", metavar="LINK",
            help="Paint on a server: the link that `reskin serve` prints, or `here`. Default: from the settings.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def chosen_engine(options: dict[str, Any], settings: Settings) -> EngineAddress | None:
    """Takes the options out; None paints on this machine. EngineError for a link that is none."""
    link, token, fingerprint, fallback = (options.pop(name, None) for name in NAMES)
    link = link or settings.engine.url
    if not link or link == HERE:
        if token or fingerprint or fallback:
            raise click.UsageError("--engine-token, -fingerprint and -fallback say how to use --engine; give it too.")
        return None
    from reskin.remote_engine.address import read_address

    is_from_settings = link == settings.engine.url
    return read_address(
        link, token=token or "", fingerprint=fingerprint or (settings.engine.fingerprint if is_from_settings else ""),
        fallback=fallback or settings.engine.fallback, mbit=settings.engine.mbit,
    )  # fmt: skip
