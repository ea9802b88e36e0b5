"""`reskin serve` with a tint for an engine, for tests of what is around it: python tools/serve_tint.py --slots 2

Prints the links as `reskin serve` does, and runs until it is killed.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reskin.serve.run import ServeOptions, Started, serve

ENGINE = ("reskin.serve.engines:open_tint", ())


def tell(started: Started) -> None:
    click.echo(f"Play:   {started.play}\nWatch:  {started.watch}\nAdmin:  {started.admin_token}")


@click.command(help=__doc__)
@click.option("--host", default="127.0.0.1")
@click.option("--port", default=0)
@click.option("--slots", default=2)
def main(host: str, port: int, slots: int) -> None:
    options = ServeOptions(host=host, port=port, slots=slots, theme="elden-dusk", engine=ENGINE)
    asyncio.run(serve(options, tell, asyncio.Event()))


if __name__ == "__main__":
    main()
