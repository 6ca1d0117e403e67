"""The service at an address: an order and a photo in, a picture out; at once, or as jobs."""

from __future__ import annotations

import asyncio
import io
import json
from contextlib import suppress
from typing import Annotated, Any
from urllib.parse import quote

import numpy as np
from fastapi import Depends, FastAPI, Form, Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from PIL import Image
from pydantic import BaseModel

from fice.errors import FiceError, InputError, UsageError, explain
from fice.service.job import CANCELLED, FAILED, Job
from fice.service.limits import Full, Gone
from fice.service.opened import Opened
from fice.service.service import Service
from fice.version import __version__

LONGEST_WAIT = 30.0  # seconds that a request for a job may ask for
GLANCE = 0.05  # seconds between looks at a job for which a request waits
STATUS = {2: 400, 3: 422}  # of exit codes
KINDS: dict[type[Exception], int] = {Gone: 404, Full: 503}
RETRY = {"Retry-After": "10"}  # seconds
DESCRIPTION = "Edit the clothes in a photograph from a sentence. Refusals are json: one sentence as `error`."
PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"content": {f"image/{kind}": {} for kind in ("jpeg", "png", "webp", "tiff")}, "description": "The picture."}
}
PNG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/png": {}}, "description": "A small picture."}}

Text = Annotated[str | None, Form(description='What to wear, as "red floral dress".')]
OrderJson = Annotated[
    str | None,
    Form(description='An order as of `fice edit --order`, {"garments": [{"text": ..., "region": ...}], ...}.'),
]
Preset = Annotated[str | None, Form(description="As of `fice edit --preset`.")]
Steps = Annotated[int | None, Form(description="As of `fice edit --steps`.")]
Strength = Annotated[float | None, Form(description="As of `fice edit --strength`.")]
Assignments = Annotated[list[str] | None, Form(alias="set", description="As of `fice edit --set`.")]


class PhotoTold(BaseModel):
    """A photo that is open, until it is deleted or long unused."""

    id: str
    name: str
    width: int
    height: int
    regions: list[str]
    notices: list[str]


class JobTold(BaseModel):
    """Where a job stands. `place`: jobs before it; `eta`: seconds, where such jobs were seen; `share`: in [0, 1]."""

    id: str
    photo: str
    state: str
    stage: str
    share: float
    place: int | None
    eta: float | None
    error: str | None
    order: dict[str, Any]
    report: dict[str, Any] | None = None


class Asked:
    """What a form asks of a photo."""

    def __init__(
        self,
        text: Text = None,
        order: OrderJson = None,
        preset: Preset = None,
        steps: Steps = None,
        strength: Strength = None,
        assignments: Assignments = None,
        files: list[UploadFile] | None = None,
    ):
        self.text, self.order, self.files = text, order, files or []
        self.how: dict[str, Any] = {
            "preset": preset,
            "steps": steps,
            "strength": strength,
            "assignments": tuple(assignments or ()),
        }

    async def submit(self, service: Service, photo_id: str) -> Job:
        """Errors as of `Service.submit`; UsageError where nothing is asked."""
        wishes = read_order(self.order) if self.order else {}
        if self.text is not None:
            wishes["text"] = self.text
        if not wishes:
            raise UsageError('It is not said what to wear; send a text, like "red dress", or an order.')
        sent = {str(file.filename): await file.read() for file in self.files}
        return await run_in_threadpool(service.submit, photo_id, wishes, files=sent, **self.how)


def read_order(text: str) -> dict[str, Any]:
    """Raises InputError for what is no json object."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise InputError('The order is no JSON object; write {"text": "red dress"}.')
    return content


def as_app(service: Service) -> FastAPI:
    """The addresses of a service; to be served by `fice.service.serving.serve`, which guards them."""
    app = FastAPI(title="fice", version=__version__, description=DESCRIPTION, docs_url=None, redoc_url=None)

    reading = asyncio.Semaphore(service.limits.opening)  # uploads that are in memory at once

    async def open_upload(upload: UploadFile) -> Opened:
        async with reading:
            content = await upload.read()
            return await run_in_threadpool(service.open, content, upload.filename or "photo")

    @app.exception_handler(FiceError)
    @app.exception_handler(Exception)
    async def refused(request: Request, error: Exception) -> JSONResponse:
        sentence, code = explain(error)
        return _refusal(sentence, code, KINDS.get(type(error)))

    @app.exception_handler(RequestValidationError)
    async def misunderstood(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"][1:]))
        return _refusal(f"{where or 'The request'}: {first['msg']}; correct it.", UsageError.exit_code)

    @app.get("/")
    def about() -> dict[str, Any]:
        """What answers here."""
        told = {"fice": __version__, "bundle": service.bundle.name, "preset": service.preset}
        return told | service.held() | {"limits": vars(service.limits)}

    @app.post("/edits", response_class=Response, responses=PICTURE)
    async def edit(request: Request, photo: UploadFile, asked: Annotated[Asked, Depends()]) -> Response:
        """Dress the person in a photo and answer with the picture, as `fice edit -o` writes it."""
        opened = await open_upload(photo)
        try:
            job = await asked.submit(service, opened.id)
            while not job.ended and not await request.is_disconnected():
                await asyncio.sleep(GLANCE)
            return _picture(job)
        finally:
            with suppress(Gone):
                service.forget(opened.id)

    @app.post("/photos", status_code=201)
    async def open_photo(photo: UploadFile) -> PhotoTold:
        """Open a photo for several edits: it is looked at once."""
        return PhotoTold(**(await open_upload(photo)).as_json())

    @app.get("/photos/{photo}")
    def see_photo(photo: str) -> PhotoTold:
        """What is seen in a photo."""
        return PhotoTold(**service.photo(photo).as_json())

    @app.get("/photos/{photo}/regions.png", response_class=Response, responses=PNG)
    def see_regions(photo: str) -> Response:
        """Where the regions are: a small grey copy of the photo, 0 for none and from 1 the number in `regions`."""
        return _png(service.photo(photo).labels)

    @app.delete("/photos/{photo}", status_code=204)
    def forget_photo(photo: str) -> None:
        """Close a photo; its jobs are cancelled, and nothing of it is kept."""
        service.forget(photo)

    @app.post("/photos/{photo}/jobs", status_code=202)
    async def order_edit(photo: str, asked: Annotated[Asked, Depends()]) -> JobTold:
        """Order an edit of an open photo."""
        return _told(await asked.submit(service, photo))

    @app.get("/jobs/{job}")
    async def see_job(request: Request, job: str, wait: float = 0.0) -> JobTold:
        """Where a job stands; wait: so many seconds at most for its end."""
        seen, until = service.job(job), asyncio.get_running_loop().time() + min(wait, LONGEST_WAIT)
        while not seen.ended and asyncio.get_running_loop().time() < until and not await request.is_disconnected():
            await asyncio.sleep(GLANCE)
        return _told(seen)

    @app.get("/jobs/{job}/drawn.png", response_class=Response, responses=PNG)
    def see_drawn(job: str) -> Response:
        """What was drawn last, before it goes back into the photo."""
        drawn = service.job(job).picture
        if drawn is None:
            raise Gone("Nothing is drawn yet; ask again in a moment.")
        return _png(drawn)

    @app.get("/jobs/{job}/result", response_class=Response, responses=PICTURE)
    def see_result(job: str) -> Response:
        """The picture, as `fice edit -o` writes it."""
        return _picture(service.job(job))

    @app.delete("/jobs/{job}")
    def cancel_job(job: str) -> JobTold:
        """Cancel a job: one that runs ends at its next step."""
        service.job(job).cancel()
        return _told(service.job(job))

    return app


def _told(job: Job) -> JobTold:
    return JobTold(**job.as_json())


def _refusal(sentence: str, code: int, status: int | None = None) -> JSONResponse:
    """A refusal; code: what the command line would end with."""
    status = status or STATUS.get(code, 500)
    return JSONResponse({"error": sentence, "exit_code": code}, status, RETRY if status == KINDS[Full] else None)


def _picture(job: Job) -> Response:
    """The picture of a job, or why there is none."""
    if job.state == FAILED:
        return _refusal(str(job.error), job.exit_code)
    if job.result is None:
        why = "The edit was cancelled." if job.state == CANCELLED else "The edit goes on; ask again in a moment."
        return _refusal(why, FiceError.exit_code, 409)
    named = {"Content-Disposition": f"attachment; filename*=utf-8''{quote(job.result.name)}"}
    return Response(job.result.content, media_type=job.result.media_type, headers=named)


def _png(picture: np.ndarray) -> Response:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    return Response(stream.getvalue(), media_type="image/png")
