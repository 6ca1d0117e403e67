"""The stack of a pickle machine: numbers, texts and containers, in bounds.

Whatever becomes part of something larger is closed: it cannot be filled further. So nothing contains itself, and the
depth of every container is known when it is closed. Names and calls are the affair of `pickles.py`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

from fice.checkpoints.limits import DEPTH, EXPANDED, NAME, Limits
from fice.checkpoints.objects import LARGEST, VIEWED, Array, Foreign

INTEGER = 256  # bytes of the longest integer
CONTAINERS = {list, tuple, dict, Foreign}


class Stack:
    """What a pickle has built so far, and the instructions that only move, count and contain.

    Each method `op_...` is the instruction of that name in Python's `pickletools`.
    """

    def __init__(self, data: memoryview, limits: Limits, position: int):
        self.data, self.limits, self.position = data, limits, position
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.closed: dict[int, tuple[int, int, Any]] = {}  # id: depth, values when walked, and the container itself
        self.running = True

    def key(self, value: Any) -> Any:
        """`value`, if it can be a dictionary's key: a short text, a number or None."""
        fits = len(value) <= NAME if type(value) is str else value is None
        if fits or (type(value) in (int, bool) and -LARGEST < value < LARGEST):
            return value
        raise TypeError("a dictionary with odd keys")

    def _take(self, count: int) -> memoryview:
        if count > len(self.data) - self.position:
            raise ValueError(f"{count} bytes are announced and {len(self.data) - self.position} are left")
        self.position += count
        return self.data[self.position - count : self.position]

    def _number(self, kind: str) -> Any:
        return struct.unpack(kind, self._take(struct.calcsize(kind)))[0]

    def _line(self) -> str:
        ahead = bytes(self.data[self.position : self.position + NAME])
        line = ahead[: ahead.index(b"\n")]
        self.position += len(line) + 1
        return line.decode()

    def _since_mark(self) -> list:
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def _close(self, items: list | tuple) -> None:
        """`items` become part of something: no cycles, no deep nests, nothing unfinished."""
        for item in items:
            if type(item) is Array:
                raise ValueError("an array without content")
            if type(item) not in CONTAINERS or id(item) in self.closed:
                continue
            known = [self.closed.get(id(inner), (0, 1))[:2] for inner in _inside(item)]
            self.limits.step(len(known))
            depth = 1 + max((depth for depth, _ in known), default=0)
            values = 1 + sum(count for _, count in known)
            if depth > DEPTH:
                raise self.limits.refused(f"nests its content more than {DEPTH} levels deep, as no weights do")
            if values > EXPANDED:
                raise self.limits.refused("repeats its content more often than any weights do")
            self.closed[id(item)] = (depth, values, item)  # kept, so that the id stays taken

    def _open(self, kind: type, items: list | tuple) -> Any:
        """The container on top of the stack, about to receive `items`."""
        self._close(items)
        target = self.stack[-1]
        if type(target) is not kind or id(target) in self.closed:
            raise ValueError("a container that is filled after its end, or with itself")
        return target

    def op_proto(self):
        if self._take(1)[0] > 5:
            raise ValueError("a pickle of an unknown version")

    def op_frame(self):
        if self._number("<Q") > len(self.data) - self.position:
            raise ValueError("it ends within a frame")

    def op_stop(self):
        self.running = False

    def op_mark(self):
        self.marks.append(len(self.stack))

    def op_pop(self):
        self.stack.pop()

    def op_pop_mark(self):
        self._since_mark()

    def op_dup(self):
        self.stack.append(self.stack[-1])

    def op_none(self):
        self.stack.append(None)

    def op_newtrue(self):
        self.stack.append(True)

    def op_newfalse(self):
        self.stack.append(False)

    def op_binint(self):
        self.stack.append(self._number("<i"))

    def op_binint1(self):
        self.stack.append(self._take(1)[0])

    def op_binint2(self):
        self.stack.append(self._number("<H"))

    def _integer(self, size: int) -> None:
        if size > INTEGER:
            raise ValueError(f"an integer of {size} bytes")
        self.stack.append(int.from_bytes(self._take(size), "little", signed=True))

    def op_long1(self):
        self._integer(self._take(1)[0])

    def op_long4(self):
        self._integer(self._number("<I"))

    def op_binfloat(self):
        self.stack.append(self._number(">d"))

    def _text(self, size: int) -> None:
        data = self._take(size)
        self.limits.copy(size)
        self.stack.append(str(data, "utf-8", "surrogatepass"))

    def op_short_binunicode(self):
        self._text(self._take(1)[0])

    def op_binunicode(self):
        self._text(self._number("<I"))

    def op_binunicode8(self):
        self._text(self._number("<Q"))

    def _bytes(self, size: int) -> None:
        data = self._take(size)
        self.stack.append(data if size >= VIEWED else bytes(data))

    def op_short_binbytes(self):
        self._bytes(self._take(1)[0])

    def op_binbytes(self):
        self._bytes(self._number("<I"))

    def op_binbytes8(self):
        self._bytes(self._number("<Q"))

    def op_bytearray8(self):
        self._bytes(self._number("<Q"))

    def _old_text(self, size: int) -> None:
        """Python 2's str: a text if short, an array's bytes if long."""
        data = self._take(size)
        self.stack.append(data if size >= VIEWED else str(data, "latin1"))

    def op_short_binstring(self):
        self._old_text(self._take(1)[0])

    def op_binstring(self):
        self._old_text(self._number("<I"))

    def op_empty_list(self):
        self.stack.append([])

    def op_empty_set(self):
        self.stack.append([])

    def op_empty_dict(self):
        self.stack.append({})

    def op_empty_tuple(self):
        self.stack.append(())

    def _fixed(self, items: list) -> None:
        self._close(items)
        self.stack.append(tuple(items))

    def op_tuple(self):
        self._fixed(self._since_mark())

    def op_frozenset(self):
        self._fixed(self._since_mark())

    def _last(self, count: int) -> None:
        if len(self.stack) < count:
            raise ValueError("its pickle makes no sense")
        items = self.stack[-count:]
        del self.stack[-count:]
        self._fixed(items)

    def op_tuple1(self):
        self._last(1)

    def op_tuple2(self):
        self._last(2)

    def op_tuple3(self):
        self._last(3)

    def op_list(self):
        items = self._since_mark()
        self._close(items)
        self.stack.append(items)

    def op_dict(self):
        items = self._since_mark()
        self.stack.append({})
        self._set(items)

    def op_append(self):
        item = self.stack.pop()
        self._open(list, [item]).append(item)

    def op_appends(self):
        items = self._since_mark()
        self._open(list, items).extend(items)

    def op_additems(self):
        self.op_appends()

    def _set(self, items: list) -> None:
        target = self._open(dict, items)
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[self.key(key)] = value

    def op_setitem(self):
        value, key = self.stack.pop(), self.stack.pop()
        self._set([key, value])

    def op_setitems(self):
        self._set(self._since_mark())

    def _keep(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    def op_binput(self):
        self._keep(self._take(1)[0])

    def op_long_binput(self):
        self._keep(self._number("<I"))

    def op_memoize(self):
        self._keep(len(self.memo))

    def _recall(self, index: int) -> None:
        item = self.memo[index]
        ready = type(item) is Array and item.tensor is not None
        self.stack.append(item.tensor if ready else item)

    def op_binget(self):
        self._recall(self._take(1)[0])

    def op_long_binget(self):
        self._recall(self._number("<I"))


def _inside(container: Any) -> Iterable[Any]:
    if type(container) is dict:
        return container.values()
    return (container.state, container.arguments) if type(container) is Foreign else container
