"""`reskin serve` with a tint for an engine, for tests of what is around it: python tools/serve_tint.py --slots 2

Takes some of its options, prints the links as it does, and runs until it is killed.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reskin.serve.codecs import BITS_AT_720P
from reskin.serve.run import ServeOptions, Started, serve

ENGINE = ("reskin.serve.engines:open_tint", ())


def tell(started: Started) -> None:
    click.echo(f"Play:   {started.play}\nWatch:  {started.watch}\nAdmin:  {started.admin_token}")


@click.command(help=__doc__)
@click.option("--host", default="127.0.0.1")
@click.option("--port", default=0)
@click.option("--slots", default=2)
@click.option("--theme", default="elden-dusk")
@click.option("--mbit", default=BITS_AT_720P / 1e6)
@click.option("--link-sessions", type=int)
def main(host: str, port: int, slots: int, theme: str, mbit: float, link_sessions: int | None) -> None:
    options = ServeOptions(
        host=host, port=port, slots=slots, theme=theme, bits_at_720p=int(mbit * 1e6), link_sessions=link_sessions,
        engine=ENGINE,
    )  # fmt: skip
    asyncio.run(serve(options, tell, asyncio.Event()))


if __name__ == "__main__":
    main()
