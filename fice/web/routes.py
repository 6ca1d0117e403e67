"""The way of pictures in and out: what a page sends is looked at here, and what it gets are pictures of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import numpy as np
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from PIL import Image
from starlette.concurrency import run_in_threadpool

from fice.errors import FiceError, UsageError
from fice.service.job import Job
from fice.service.limits import Full, Gone
from fice.service.opened import Opened
from fice.service.service import Service
from fice.web.files import WISHES, Files
from fice.web.shelf import Shelf

SMALL = 160  # pixels of a picture in a strip
QUALITY = 90
KEPT = {"Cache-Control": "private, max-age=86400, immutable"}  # what never changes, under a name that nobody guesses


def routes(service: Service, files: Files, shelf: Shelf) -> APIRouter:
    """What the page's script asks for."""
    router = APIRouter()

    @router.post("/photos")
    async def open_photo(request: Request, name: str = "photo", like: str | None = None) -> Response:
        data = await _body(request, service)
        with told():
            photo = await run_in_threadpool(service.open, data, name)
            if like is not None:
                try:
                    files.copy(service.photo(like), photo)
                except Gone:  # the photo before, which made room
                    pass
        return _photo(photo)

    @router.get("/photos/{photo}")
    def photo(photo: str) -> Response:
        with told():
            return _photo(service.photo(photo))

    @router.get("/photos/{photo}/shown.webp")
    def shown(photo: str, small: str | None = None) -> Response:
        with told():
            return _webp(service.photo(photo).shown, small is not None)

    @router.get("/photos/{photo}/labels.png")
    def labels(photo: str) -> Response:
        with told():
            stream = BytesIO()
            Image.fromarray(service.photo(photo).labels).save(stream, "PNG")
            return Response(stream.getvalue(), media_type="image/png", headers=KEPT)

    @router.post("/photos/{photo}/files")
    async def file(photo: str, request: Request, name: str, wish: str) -> dict[str, str]:
        data = await _body(request, service)
        with told():
            if wish not in WISHES:
                raise UsageError(f"There is no file for {wish!r} in an order: choose one of {', '.join(WISHES)}.")
            return {"name": await run_in_threadpool(files.keep, service.photo(photo), name, data, wish)}

    @router.post("/photos/{photo}/garments")
    def garment(photo: str, collection: str, picture: str) -> dict[str, str]:
        with told():
            return {"name": files.add(service.photo(photo), *shelf.picture(collection, picture))}

    @router.get("/photos/{photo}/file.webp")
    def seen(photo: str, name: str) -> Response:
        with told():
            small = files.seen(service.photo(photo), name)
        if small is None:
            raise HTTPException(404)
        return Response(small, media_type="image/webp", headers=KEPT)

    @router.get("/photos/{photo}/jobs")
    def jobs(photo: str) -> list[dict[str, Any]]:
        with told():
            service.photo(photo)
            return [_job(job) for job in service.jobs(photo)]

    @router.get("/jobs/{job}/now.webp")
    def now(job: str) -> Response:
        with told():
            drawn = service.job(job).picture
        if drawn is None:
            raise HTTPException(404)
        return _webp(drawn, kept=False)

    @router.get("/jobs/{job}/shown.webp")
    def result(job: str, small: str | None = None) -> Response:
        with told():
            return _webp(_done(service.job(job)).shown, small is not None)

    @router.get("/jobs/{job}/file")
    def download(job: str) -> Response:
        with told():
            made = _done(service.job(job))
        headers = {"Content-Disposition": f'attachment; filename="{made.name.encode("ascii", "ignore").decode()}"'}
        return Response(made.content, media_type=made.media_type, headers=headers)

    @router.delete("/jobs/{job}")
    def cancel(job: str) -> Response:
        with told():
            service.job(job).cancel()
        return Response(status_code=204)

    @router.delete("/photos/{photo}")
    def forget(photo: str) -> Response:
        with told():
            service.forget(photo)
        return Response(status_code=204)

    return router


class Refused(Exception):
    """A sentence for people, with the status of the answer."""

    def __init__(self, error: FiceError):
        super().__init__(str(error))
        self.status = 429 if isinstance(error, Full) else 410 if isinstance(error, Gone) else 422


def answer(_: Request, refused: Exception) -> Response:
    """A refusal as the page reads it."""
    assert isinstance(refused, Refused)
    return JSONResponse({"error": str(refused)}, refused.status)


@contextmanager
def told() -> Iterator[None]:
    """Turns errors for people into answers."""
    try:
        yield
    except FiceError as error:
        raise Refused(error) from error


async def _body(request: Request, service: Service) -> bytes:
    """What was sent, no more of it than is read at all."""
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > service.limits.bytes:
            break  # which `Service.open` says
    return b"".join(parts)


def _photo(photo: Opened) -> Response:
    return JSONResponse(photo.as_json())


def _done(job: Job) -> Any:
    if job.result is None:
        raise HTTPException(404)
    return job.result


def _job(job: Job) -> dict[str, Any]:
    told = job.as_json() | {"title": job.order.title, "asked": job.order.as_json(), "preset": job.settings.name}
    drawn = f"{job.share:.4f}" if job.picture is not None else None
    return told | {"drawn": drawn, "name": job.result.name if job.result else None}


def _webp(picture: np.ndarray, small: bool = False, kept: bool = True) -> Response:
    image, stream = Image.fromarray(picture), BytesIO()
    if small:
        image.thumbnail((SMALL, SMALL))
    image.save(stream, "WEBP", quality=QUALITY, method=1)
    return Response(stream.getvalue(), media_type="image/webp", headers=KEPT if kept else {"Cache-Control": "no-store"})
