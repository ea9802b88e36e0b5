"""The themes as the control page shows them: a picture where one ships (tools/theme_thumbnails.py), else colours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reskin.theme_store import ThemeStore
from reskin.themes import Theme, shipped_theme_folder

PICTURES = Path(__file__).resolve().parent / "pictures"
SWATCH = ("sky", "structure", "foliage", "ground")  # top to bottom, as in a landscape


@dataclass(frozen=True, slots=True)
class Item:
    id: str
    theme: Theme
    picture: Path | None

    def json(self) -> dict[str, object]:
        materials = self.theme.materials()
        return {
            "id": self.id, "name": self.theme.name, "description": self.theme.description,
            "has_picture": self.picture is not None,
            "colors": [color for name in SWATCH for color in reversed(materials[name].colors[-2:])],
        }  # fmt: skip


def gallery(store: ThemeStore) -> list[Item]:
    """Every theme of the store that can be chosen by its id."""
    return [Item(path.stem, theme, _picture(path)) for path, theme in store.with_files()]


def _picture(path: Path) -> Path | None:
    """That of a shipped theme; the player's own of the same name looks otherwise."""
    picture = PICTURES / f"{path.stem}.jpg"
    return picture if path.parent == shipped_theme_folder() and picture.is_file() else None
