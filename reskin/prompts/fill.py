"""What a theme's author did not say, from its prompt: explicit keys first, then the prompt, then derivation.

Every key by itself: a material with nothing but a strength has the prompt's colours, a finish with nothing but grain
the prompt's bloom. A theme that says every colour, the light and the finish is left as it is: its prompt is not even
read.
"""

from __future__ import annotations

from typing import Any

from engine.config import MATERIALS
from reskin.prompts import NOTHING, UNHEARD, prompt_theme
from reskin.prompts.look import FINISH
from reskin.theme_model import Theme

NAMELESS = "Prompt"
NOTHING_UNSAID = "{} leaves nothing unsaid, so the prompt changes nothing"
_NAME_LENGTH = 60


def theme_from_prompt(text: str) -> Theme:
    """The theme that is a prompt and nothing else; any text gives one."""
    prompted = prompt_theme(text)
    name = prompted.text[:_NAME_LENGTH].strip() or NAMELESS
    return Theme.model_validate({"name": name, "prompt": prompted.text, **prompted.parameters})


def heard_theme(text: str) -> tuple[Theme | None, str]:
    """What a prompt changes while another theme plays: its theme, and what of it was not understood; up to 0.3 s.

    None where nothing was: the theme that plays stays.
    """
    note = prompt_theme(text).note
    if NOTHING in note:
        return None, UNHEARD
    theme = theme_from_prompt(text)
    theme.style()  # worked out here and not when it is shown
    return theme, note


def filled(theme: Theme, prompt: str = "") -> Theme:
    """The theme with its gaps filled in by `prompt`, or by its own one where that is empty."""
    text = prompt or theme.prompt
    if not text.strip() or not has_gaps(theme):
        return theme
    prompted = prompt_theme(text)
    said = theme.model_dump(exclude_unset=True)
    return Theme.model_validate(_over(said, prompted.parameters) | {"prompt": prompted.text})


def prompt_changes(theme: Theme, prompt: str) -> bool:
    """Whether a theme that was loaded with this prompt has taken anything from it."""
    return theme.prompt == prompt_theme(prompt).text


def has_gaps(theme: Theme) -> bool:
    """Whether there is anything that a prompt may fill in."""
    said, light = theme.model_fields_set, theme.light
    return not (
        {"detail", "relight"} <= said
        and set(FINISH) <= theme.finish.model_fields_set
        and len(theme.material.named()) == len(MATERIALS)
        and {"sun", "ambient", "fog"} <= light.model_fields_set
        and light.sun.model_fields_set == set(type(light.sun).model_fields)
        and light.fog.model_fields_set == set(type(light.fog).model_fields)
    )


def _over(said: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """The author's keys over the prompt's `own`, table by table; JSON's null says nothing."""
    merged = dict(own)
    for name, value in said.items():
        if isinstance(value, dict):
            merged[name] = _over(value, own.get(name) or {})
        elif value is not None:
            merged[name] = value
    return merged
