"""A theme as TOML text to be edited: `parse_theme(theme_toml(theme)) == theme`.

Writes what was said, the default too where it was said: what is not said a prompt may fill in. Or everything there is.
Knows nothing of where the theme came from; comments are the caller's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reskin.theme_model import Theme
from reskin.toml_writer import toml_value


def theme_toml(theme: Theme, comments: Mapping[str, str] | None = None, *, everything: bool = False) -> str:
    """The text; `comments` by the dotted name of a table ("material.sky"), "" for the head of the file.

    With `everything`, derived materials and defaults are written out too; only empty texts and lists are not.
    """
    notes = comments or {}
    said = theme.model_dump(mode="json", exclude_unset=not everything, exclude={"material"})
    said = {name: value for name, value in said.items() if value != ""}
    tables = {name: part for name, part in said.items() if isinstance(part, dict)}
    if everything:
        tables |= {f"material.{name}": dict(part) for name, part in theme.materials().items()}
    else:
        tables |= {f"material.{name}": part.said() for name, part in theme.material.written().items()}
    heads = {name: value for name, value in said.items() if not isinstance(value, dict)}
    blocks = [_block("", heads, notes), *(_block(name, part, notes) for name, part in tables.items())]
    return "\n".join(blocks)


def _block(name: str, part: Mapping[str, Any], notes: Mapping[str, str]) -> str:
    lines = [f"# {line}".rstrip() for line in notes.get(name, "").splitlines()]
    if name:
        lines.append(f"[{name}]")
    lines += [f"{key} = {toml_value(value)}" for key, value in part.items()]
    return "\n".join(lines) + "\n"
