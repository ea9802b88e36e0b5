"""What a browser has before it plays: the page, the list of themes, their pictures. Holds no secret.

For the server on one machine and for the door of a cluster. Read once, but for the pictures' bytes; knows nothing of
tokens, of sessions or of how HTTP is answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reskin.serve.page import play_page
from reskin.theme_store import ThemeStore
from reskin.themes import Theme
from reskin.web_parts.document import Page
from reskin.web_parts.gallery import Item, gallery
from reskin.web_parts.guard import HEADERS

PICTURE = "/picture/"  # and the id of a theme; open to all, as an <img> sends no Authorization
PERMISSIONS = "camera=(self), microphone=(self), display-capture=(self), geolocation=()"
PICTURE_HEADERS: Mapping[str, str] = {**HEADERS, "Cache-Control": "max-age=3600"}


@dataclass(frozen=True, kw_only=True)
class Front:
    page: Page
    gallery: list[Item]
    first: str  # the theme of a session whose offer names none

    @classmethod
    def of(cls, store: ThemeStore) -> Front:
        return cls(page=play_page(), gallery=gallery(store.with_files()), first=offered(store)[1])

    @property
    def page_headers(self) -> dict[str, str]:
        return {**HEADERS, "Content-Security-Policy": self.page.policy, "Permissions-Policy": PERMISSIONS}

    def themes(self) -> list[dict[str, object]]:
        return [
            {**item.json(), "picture_url": f"{PICTURE}{item.id}", "is_first": item.id == self.first}
            for item in self.gallery
        ]  # fmt: skip

    def picture(self, theme_id: str) -> Path | None:
        """A JPEG; None where the theme has none, or there is no such theme."""
        return next((item.picture for item in self.gallery if item.id == theme_id), None)


def offered(store: ThemeStore) -> tuple[dict[str, Theme], str]:
    """The themes by their ids, and the id of the one that a session begins with."""
    themes = {path.stem: theme for path, theme in store.with_files()}
    return themes, next((key for key, theme in themes.items() if theme is store.current), next(iter(themes)))
