"""What is seen in photos, looked at once where orders of the same photo follow each other."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from threading import Lock

from fice.course import Spent
from fice.photo.photo import Photo
from fice.subject.subject import Subject


class Looks:
    """`analyse` for several threads, which remembers its last results: who asks for one in work waits for it."""

    def __init__(self, analyse: Callable[[Photo], Subject], most: int):
        self.analyse, self.most = analyse, most
        self._known: OrderedDict[tuple[str, str], Future[Subject]] = OrderedDict()
        self._lock = Lock()

    def __call__(self, photo: Photo) -> Subject:
        """Errors as of `analyse`."""
        key, mine = (str(photo.path), photo.sha256), Future[Subject]()
        with self._lock:
            known = self._known.setdefault(key, mine)
            while len(self._known) > self.most:
                self._known.popitem(last=False)
        if known is not mine:
            return replace(known.result(), spent=Spent())
        try:
            mine.set_result(self.analyse(photo))
        except Exception as error:
            mine.set_exception(error)
        return mine.result()
