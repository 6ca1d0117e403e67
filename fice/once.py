"""One edit of one photo: from a file to a result, refused before any network is read where it can be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from fice.bundle.bundle import Bundle, load_bundle
from fice.cloth.tailor import check_swatch
from fice.collections.dress import check_collection
from fice.diffusion.plugins import check_plugins
from fice.diffusion.takes import check_taken
from fice.edit import Edit
from fice.editor import Editor
from fice.inversion.latent import read_latent
from fice.inversion.loop import State
from fice.language.answers import understood
from fice.order import Order
from fice.photo.photo import Photo, read_photo
from fice.plan import read_painted
from fice.references.picture import read_picture
from fice.segmenters.load import check_segmenter
from fice.settings import Settings
from fice.stitch.ground import read_ground
from fice.subject.stance import read_stance
from fice.wishes import Pixels


def edit_photo(
    photo: str | Path | Photo,
    order: str | Order,
    *,
    bundle: str | Path | Bundle = "street",
    device: str | torch.device = "auto",
    settings: Settings | None = None,
    progress: Callable[[str], None] = lambda _: None,
    callback: Callable[[State], None] | None = None,
) -> Edit:
    """One edit of one photo, from a file to a result that can be saved.

    Arguments and errors as of `Editor` and its `edit`; who edits a photo again keeps an `Editor`.

    >>> import fice
    >>> fice.edit_photo("photo.jpg", "red floral dress").save("edited.jpg").name
    'edited.jpg'
    """
    weights, order = load_bundle(bundle), Order.of(order)
    settings = settings or Settings.preset(weights.preset)
    photo = photo if isinstance(photo, Photo) else read_photo(photo)
    check_order(order, photo, weights, settings)
    editor = Editor(weights, device, settings, progress, remember=True)
    progress("load")
    return editor.edit(editor.analyse(photo), order, callback=callback)


def check_order(order: Order, photo: Photo, bundle: Bundle, settings: Settings) -> None:
    """Raises what is known before any network is read of an order's texts and files, InputError, and of a segmenter.

    WeightsError for plug-ins that are none.
    """
    if settings.garment == "diffused":
        check_taken(order, bundle, settings)
    check_segmenter(settings.region_from)
    check_plugins(order.plugins)
    check_collection(order, understood(order, bundle, settings), bundle)
    for garment in order.garments:
        read_painted(garment.mask, photo)
        check_swatch(garment)
        for picture in garment.pictures:
            read_picture(picture.array if isinstance(picture, Pixels) else picture)
    if order.background is not None:
        read_ground(order.background, photo.size)
    if order.pose is not None:
        read_stance(order.pose)
    if order.latent is not None:
        read_latent(order.latent)
