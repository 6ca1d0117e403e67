"""What the page's script asks for beyond what a service answers: small pictures, and files beside a photo."""

from __future__ import annotations

from typing import Any

import numpy as np
from fastapi import APIRouter, Request, Response
from PIL import Image
from starlette.concurrency import run_in_threadpool

from fice.errors import UsageError
from fice.pages.thumbnails import webp
from fice.service.job import Job
from fice.service.limits import Gone
from fice.service.service import Service
from fice.web.files import WISHES, Files
from fice.web.shelf import Shelf

SMALL = 160  # pixels of a picture in a strip
QUALITY = 90
KEPT = {"Cache-Control": "private, max-age=86400, immutable"}  # what never changes, under a name that nobody guesses


def routes(service: Service, files: Files, shelf: Shelf) -> APIRouter:
    """To be included in the app of a service, which turns errors into answers."""
    router = APIRouter()

    @router.get("/photos/{photo}/shown.webp")
    def shown(photo: str, small: str | None = None) -> Response:
        return _webp(service.photo(photo).shown, small is not None)

    @router.get("/photos/{photo}/files")
    def beside(photo: str) -> list[str]:
        return [*files.of(service.photo(photo))]

    @router.post("/photos/{photo}/files")
    async def keep(photo: str, request: Request, name: str, wish: str) -> dict[str, str]:
        opened, data = service.photo(photo), await request.body()
        if wish not in WISHES:
            raise UsageError(f"There is no file for {wish!r} in an order: choose one of {', '.join(WISHES)}.")
        return {"name": await run_in_threadpool(files.keep, opened, name, data, wish)}

    @router.post("/photos/{photo}/garments")
    def wear(photo: str, collection: str, picture: str) -> dict[str, str]:
        return {"name": files.add(service.photo(photo), *shelf.picture(collection, picture))}

    @router.post("/photos/{photo}/like/{before}", status_code=204)
    def like(photo: str, before: str) -> None:
        files.copy(service.photo(before), service.photo(photo))

    @router.get("/photos/{photo}/file.webp")
    def seen(photo: str, name: str) -> Response:
        return Response(files.seen(service.photo(photo), name), media_type="image/webp", headers=KEPT)

    @router.get("/photos/{photo}/jobs")
    def jobs(photo: str) -> list[dict[str, Any]]:
        service.photo(photo)
        return [_told(job) for job in service.jobs(photo)]

    @router.get("/jobs/{job}/shown.webp")
    def result(job: str, small: str | None = None) -> Response:
        made = service.job(job).result
        if made is None:
            raise Gone("There is no picture of this edit yet; ask again in a moment.")
        return _webp(made.shown, small is not None)

    return router


def _told(job: Job) -> dict[str, Any]:
    drawn = f"{job.share:.4f}" if job.picture is not None else None
    more = {"title": job.order.title, "preset": job.settings.name, "drawn": drawn}
    return job.as_json() | more | {"name": job.result.name if job.result else None}


def _webp(picture: np.ndarray, small: bool) -> Response:
    image = Image.fromarray(picture)
    if small:
        image.thumbnail((SMALL, SMALL))
    return Response(webp(image, QUALITY, method=1), media_type="image/webp", headers=KEPT)
