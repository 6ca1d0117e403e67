"""The page's server: the service, and of Gradio's those alone that the page uses."""

from __future__ import annotations

import re

from fastapi import FastAPI
from starlette.responses import FileResponse, PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from fice.service.http import as_app
from fice.service.service import Service
from fice.web.files import Files
from fice.web.routes import routes
from fice.web.shelf import Shelf

# of about sixty; uploads, files, proxies and pages of Gradio's own are none of them
OPEN = re.compile(
    r"/|/(favicon\.ico|manifest\.json)|/config/?|/theme\.css|/(assets|static|svelte)/.*|/api/.*"
    r"|/gradio_api/(queue/(join|data)|run/\w+/?|heartbeat/\w+|startup-events|theme\.css|app_id/?|info/?|reset/?)"
)
POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",  # Gradio makes functions of its templates
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)


class Closed:
    """Answers 404 to every path that the page has no use for."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not OPEN.fullmatch(scope["path"]):
            await PlainTextResponse("There is nothing here.", 404)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def page_app(service: Service) -> FastAPI:
    """The page over a service, for a server; who may come in is asked by whoever serves it."""
    import gradio as gr

    from fice.web.page import ASSETS, STYLE, THEME, build

    files, shelf = Files(), Shelf(service.bundle)
    api, app = as_app(service), FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    api.include_router(routes(service, files, shelf))
    app.mount("/api", api)
    app.add_api_route("/favicon.ico", lambda: FileResponse(ASSETS / "icon.svg", media_type="image/svg+xml"))
    app.add_api_route("/manifest.json", lambda: {"name": "fice", "display": "standalone"})
    blocks = build(service, files, shelf)
    looks = {"theme": THEME, "css": STYLE}
    gr.mount_gradio_app(app, blocks, "/", footer_links=[], run_history=False, ssr_mode=False, **looks)
    app.add_middleware(Closed)
    return app
