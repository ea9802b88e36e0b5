"""The themes as the control page shows them: a picture where one ships (tools/theme_thumbnails.py), else colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reskin.themes import Theme, shipped_theme_folder

PICTURES = Path(__file__).resolve().parent / "pictures"
SWATCH = ("sky", "structure", "foliage", "ground")  # top to bottom, as in a landscape
MOST_ITEMS = 256


@dataclass(frozen=True, slots=True)
class Item:
    id: str
    name: str
    description: str
    colors: tuple[str, ...]
    picture: Path | None

    def json(self) -> dict[str, object]:
        return {
            "id": self.id, "name": self.name, "description": self.description, "colors": list(self.colors),
            "has_picture": self.picture is not None,
        }  # fmt: skip


def gallery(themes: Sequence[tuple[Path, Theme]]) -> list[Item]:
    """Of files with their themes, as `ThemeStore.with_files` gives them; each can be chosen by its id."""
    return [_item(path, theme) for path, theme in themes[:MOST_ITEMS]]


def _item(path: Path, theme: Theme) -> Item:
    materials = theme.materials()
    colors = tuple(color for name in SWATCH for color in reversed(materials[name].colors[-2:]))
    return Item(path.stem, theme.name, theme.description, colors, _picture(path))


def _picture(path: Path) -> Path | None:
    """That of a shipped theme; the player's own of the same name looks otherwise."""
    picture = PICTURES / f"{path.stem}.jpg"
    return picture if path.parent == shipped_theme_folder() and picture.is_file() else None
