"""The part of a command line that stands after `--`: a program to start, with its own options untouched."""

from __future__ import annotations

import click

_KEY = "reskin.program"


class ProgramCommand(click.Command):
    """A command that takes `-- PROGRAM ARGUMENTS...` at its end; `program()` gives it inside."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            at = args.index("--")
            ctx.meta[_KEY] = tuple(args[at + 1 :])
            if not ctx.meta[_KEY]:
                raise click.UsageError("there is nothing after --; expected a program, such as -- game.exe -windowed.")
            args = args[:at]
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- PROGRAM...]"]


def program() -> tuple[str, ...]:
    """What stood after `--`; empty without it."""
    found: tuple[str, ...] = click.get_current_context().meta.get(_KEY, ())
    return found
