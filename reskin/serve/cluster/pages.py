"""What the cluster's door gives a browser: the page of `reskin serve`, its themes and their pictures.

The page and the pictures are for everybody, as they hold no secret. Knows nothing of the directory or of replicas.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from reskin.serve.cluster.doors import Refused
from reskin.serve.cluster.requests import Answered, Asked, Routes, as_json
from reskin.serve.front import PICTURE_HEADERS, Front

HTML = "text/html; charset=utf-8"


def page_routes(front: Front, let_in: Callable[[Asked], object]) -> Routes:
    """`let_in` refuses whoever may not play."""

    async def page(asked: Asked) -> Answered:
        return Answered(body=front.page.html.encode(), content_type=HTML, headers=front.page_headers)

    async def themes(asked: Asked) -> Answered:
        let_in(asked)
        return as_json(front.themes())

    async def picture(asked: Asked) -> Answered:
        file = front.picture(asked.rest)
        if file is None:
            raise Refused(404, "other", "there is no such picture")
        body = await asyncio.to_thread(file.read_bytes)
        return Answered(body=body, content_type="image/jpeg", headers=PICTURE_HEADERS)

    return {("GET", "/"): page, ("GET", "/themes.json"): themes, ("GET", "/picture"): picture}
