"""`reskin profile new | list | show | check`: what is kept of which game. Knows nothing of running one."""

from __future__ import annotations

import click

from reskin.errors import ProfileError, ReskinError, ThemeError


@click.group()
def profile() -> None:
    """Make, list, show and check the settings of single games.

    A profile is a TOML file with a title (a glob of the window's, or a list of them) and, as wanted, a theme, a
    strength, and a table [keep] with regions, hud and text: true or false for this game, whatever the theme says.
    """


@profile.command()
@click.argument("title")
@click.option(
    "--theme", metavar="NAME", help="The game's own theme: an id or a .toml file. Default: as the settings say."
)
def new(title: str, theme: str | None) -> None:
    """Make a profile for a game.

    TITLE is a part of its window's title, or all of it with * for any letters; `reskin windows` lists the titles. A
    commented file in the folder of your own profiles; one for that title that is there already is kept.
    """
    from reskin.profile_writer import new_profile

    path = new_profile(title, theme or "")
    click.echo(f"made: {path}")
    click.echo("Next:")
    for command, what in (
        (f"reskin profile check {path.stem}", "after you have edited the file"),
        (f"reskin profile show {path.stem}", "what is kept"),
        ("Ctrl+Alt+K while you play", "drag boxes over what stays the game's own (X11)"),
    ):
        click.echo(f"  {command:32}  {what}")


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
            titles = ", ".join(load_profile(path).title)
        except ReskinError:
            titles = f"cannot be used: see `reskin profile check {name}`"
        click.echo(f"{name:20} {titles}")
    click.echo(f"Own profiles lie in {profile_folder()}")


@profile.command()
@click.argument("name")
def show(name: str) -> None:
    """Show a profile: its titles, theme, strength and what it keeps."""
    from reskin.profiles import find_profile, load_profile

    path = find_profile(name)
    found = load_profile(path)
    click.echo(f"{path}\ntitle     {', '.join(found.title)}")
    click.echo(f"theme     {found.theme or 'as in the settings'}")
    click.echo(f"strength  {'as the theme has it' if found.strength is None else f'{found.strength:g}'}")
    for name in ("hud", "text"):
        kept = {None: "as the theme has it", True: "kept", False: "left to the theme"}[getattr(found.keep, name)]
        click.echo(f"{name:10}{kept}")
    for x, y, w, h in found.keep.regions:
        click.echo(f"keeps     {w:.1%} x {h:.1%} of the window, {x:.1%} from the left and {y:.1%} from the top")


@profile.command()
@click.argument("names", nargs=-1)
@click.pass_context
def check(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Say every mistake in profiles and their themes.

    NAMES are ids or paths; without them in all. Exit code 1 if there is any.
    """
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
