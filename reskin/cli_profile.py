"""`reskin profile list | show | check`: what is kept of which game. Knows nothing of running one."""

from __future__ import annotations

import click

from reskin.errors import ProfileError, ReskinError, ThemeError


@click.group()
def profile() -> None:
    """List, show and check the settings of single games."""


@profile.command("list")
@click.argument("title", required=False)
def list_(title: str | None) -> None:
    """List the profiles, or say which one a window's TITLE would get."""
    from reskin.profiles import all_profiles, load_profile, profile_folder, profile_for

    if title is not None:
        found = profile_for(title)
        click.echo(f'"{title}": ' + (f"{found[0].stem} ({found[0]})" if found else "no profile fits"))
        return
    for name, path in all_profiles().items():
        try:
            titles = ", ".join(load_profile(path).titles())
        except ReskinError:
            titles = f"cannot be used: see `reskin profile check {name}`"
        click.echo(f"{name:20} {titles}")
    click.echo(f"Own profiles lie in {profile_folder()}")


@profile.command()
@click.argument("name")
def show(name: str) -> None:
    """Show a profile: its titles, theme, strength and kept regions."""
    from reskin.profiles import find_profile, load_profile

    path = find_profile(name)
    found = load_profile(path)
    click.echo(f"{path}\ntitle     {', '.join(found.titles())}")
    click.echo(f"theme     {found.theme or 'as in the settings'}")
    click.echo(f"strength  {'as the theme has it' if found.strength is None else f'{found.strength:g}'}")
    for x, y, w, h in found.keep.regions:
        click.echo(f"keeps     {w:.1%} x {h:.1%} of the window, {x:.1%} from the left and {y:.1%} from the top")


@profile.command()
@click.argument("names", nargs=-1)
@click.pass_context
def check(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Say every mistake in profiles and their themes, by id or path; without NAMES in all. Exit code 1 if any."""
    from reskin.profiles import all_profiles, find_profile, load_profile
    from reskin.themes import find_theme, load_theme

    broken = False
    for name in names or all_profiles():
        try:
            path = find_profile(name)
            found = load_profile(path)
            try:
                if found.theme:
                    load_theme(find_theme(found.theme))
            except ThemeError as error:
                raise ProfileError(f"profile {path} cannot be used: theme: {error}") from error
            click.echo(f"{path}: fine")
        except ReskinError as error:
            broken = True
            click.echo(str(error), err=True)
    if broken:
        ctx.exit(1)
