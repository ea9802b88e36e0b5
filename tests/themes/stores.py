"""What a theme store holds, as the tests ask for it."""

from __future__ import annotations

from reskin.theme_store import ThemeStore


def names_of(store: ThemeStore) -> list[str]:
    """Of every theme in order, also of those that cannot be used."""
    return [entry.name for entry in store._entries]
