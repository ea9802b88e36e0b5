"""What a theme's author did not say, from its prompt: explicit keys first, then the prompt, then derivation.

A material's table and the whole of [finish] are the author's as soon as they are written; of the light, every key by
itself. A theme that says all of this is left as it is and its prompt is not even read.
"""

from __future__ import annotations

from typing import Any

from engine.config import MATERIALS
from reskin.prompts import NOTHING, UNHEARD, Prompted, prompt_theme
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
    return Theme.model_validate(_over(said, prompted) | {"prompt": prompted.text})


def prompt_changes(theme: Theme, prompt: str) -> bool:
    """Whether a theme that was loaded with this prompt has taken anything from it."""
    return theme.prompt == prompt_theme(prompt).text


def has_gaps(theme: Theme) -> bool:
    """Whether there is anything that a prompt may fill in."""
    said, light = theme.model_fields_set, theme.light
    return not (
        {"detail", "relight", "finish"} <= said
        and len(theme.material.named()) == len(MATERIALS)
        and {"sun", "ambient", "fog"} <= light.model_fields_set
        and light.sun.model_fields_set == set(type(light.sun).model_fields)
        and light.fog.model_fields_set == set(type(light.fog).model_fields)
    )


def _over(said: dict[str, Any], prompted: Prompted) -> dict[str, Any]:
    """The author's keys over the prompt's."""
    own = prompted.parameters
    light = said.get("light", {})
    return {
        **own,
        **said,
        "material": own["material"] | said.get("material", {}),
        "light": {
            **own["light"],
            **light,
            "sun": own["light"]["sun"] | light.get("sun", {}),
            "fog": own["light"]["fog"] | light.get("fog", {}),
        },
    }
