"""The command `reskin report`."""

from __future__ import annotations

from pathlib import Path

import click

from reskin.cli_options import FILE


@click.command()
@click.option("--out", type=FILE, help="Where to write it. Default: reskin-report-DATE.zip, here.")
@click.option("--with-titles", is_flag=True, help="With the titles of all open windows, which may be private.")
def report(out: Path | None, with_titles: bool) -> None:
    """Write one zip about this machine and the last runs.

    For an issue: what `reskin doctor` finds, the settings, the ends of the logs. No pictures, and your name taken out.
    """
    from reskin.report import default_name, write_report

    path = out or default_name()
    for name in write_report(path, with_titles=with_titles):
        click.echo(f"  {name}")
    click.echo(f"{path}: plain text; look through it, then attach it to an issue. Nothing was sent anywhere.")
