"""A pickle machine of our own: it builds plain containers and tensors, and calls nothing that a file names.

A pickle is a program for a stack machine (the instructions are documented in Python's `pickletools`). This one knows
the instructions that weights need. Names are looked up in tables of ours; every other one is refused, at its mention.
Tensors are views of the file.
"""

from __future__ import annotations

import pickletools
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fice.checkpoints.limits import NAME, Limits, plain
from fice.checkpoints.objects import DTYPES, STORAGES, Array, Block, Dtype, Foreign, Storage, whole_number
from fice.checkpoints.rebuild import CALLS, SCRIPT_CALLS
from fice.checkpoints.stack import Stack
from fice.errors import WeightsError

BLUNDERS = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError, struct.error)

NAMING, CALLING = 3, 5  # steps that they count for, beside their own

EMPTY_DICTS = {"collections.OrderedDict", "dnnlib.util.EasyDict", "dnnlib.EasyDict", "easydict.EasyDict"}
KEPT = {"argparse.Namespace", "pathlib.PosixPath", "pathlib.WindowsPath"}  # classes whose objects become Foreign
TYPES = {"numpy.ndarray"}  # named as an argument, never called
NESTED = "torch.storage._load_from_bytes"
ALLOWED = {NESTED} | CALLS.keys() | STORAGES.keys() | EMPTY_DICTS | KEPT | TYPES
SCRIPT = "__torch__."
NAMES = {ord(instruction.code): instruction.name for instruction in pickletools.opcodes}

REMEDIES = {  # beginnings of names that are harmless and yet not read
    "dnnlib.tflib.": "is from NVIDIA's TensorFlow days: convert it with legacy.py of stylegan2-ada-pytorch first",
    "torch.nn.": "is a whole Python object instead of its weights: save its state_dict() where it was made",
}


@dataclass(frozen=True)
class Global:
    """A name that a pickle mentions and that stands in one of our tables."""

    name: str


class Machine(Stack):
    """Reads one pickle out of `data`, from `position` on; afterwards `position` is behind it.

    Args:
        data: the file's bytes, writable if tensors are to be views of them.
        limits: what the file may still ask for.
        position: where the pickle begins.
        block: block(key, size) gives the bytes of a torch storage; None: there are none in this kind of file.
        nested: reads a torch file within the pickle, given its bytes; None: not here.
        script: whether this is a TorchScript archive, whose classes become Foreign.
    """

    def __init__(
        self,
        data: memoryview,
        limits: Limits,
        position: int = 0,
        block: Callable[[str, int], Block] | None = None,
        nested: Callable[[Any], Any] | None = None,
        script: bool = False,
    ):
        super().__init__(data, limits, position)
        self._block, self._nested, self._script = block, nested, script

    def run(self) -> Any:
        """What the pickle holds. Raises WeightsError for damage, for foreign names, and beyond the limits."""
        data, limits = self.data, self.limits
        try:
            while self.running:
                limits.step(1)
                code = data[self.position]
                self.position += 1
                instruction = INSTRUCTIONS.get(code)
                if instruction is None:
                    raise self._unknown(code)
                instruction(self)
            (result,) = self.stack
            self._close(self.stack)
        except BLUNDERS as error:
            what = str(error) if type(error) in (TypeError, ValueError) else "its pickle makes no sense"
            raise limits.damaged(plain(what)) from error
        return result

    def nested(self, data: Any) -> Any:
        """What a torch file within the pickle holds."""
        if self._nested is None:
            raise ValueError("a torch file where there should be none")
        return self._nested(data)

    def _unknown(self, code: int) -> WeightsError:
        instruction = NAMES.get(code)
        if instruction is None:
            return self.limits.damaged(f"{code} is no instruction of a pickle")
        return self.limits.refused(f"uses the pickle instruction {instruction}, which no weights need")

    def _name(self, module: Any, attribute: Any) -> Any:
        self.limits.step(NAMING)
        if type(module) is not str or type(attribute) is not str:
            raise TypeError("a name that is no text")
        if len(module) + len(attribute) > NAME:
            raise ValueError("a name beyond all bounds")
        name = f"{module}.{attribute}"
        if name in DTYPES:
            return DTYPES[name]
        if name in ALLOWED or (self._script and (name in SCRIPT_CALLS or name.startswith(SCRIPT))):
            return Global(name)
        for beginning, remedy in REMEDIES.items():
            if name.startswith(beginning):
                raise WeightsError(f"{self.limits.name} holds {plain(name)} and {remedy}.")
        raise WeightsError(
            f"{self.limits.name} wants to call {plain(name)}, which no weights need: it is not opened;"
            " do not use it with other tools either."
        )

    def _foreign(self, name: str) -> bool:
        return name in KEPT or (self._script and name.startswith(SCRIPT))

    def op_global(self):
        module = self._line()
        self.stack.append(self._name(module, self._line()))

    def op_stack_global(self):
        attribute, module = self.stack.pop(), self.stack.pop()
        self.stack.append(self._name(module, attribute))

    def _call(self) -> tuple[str, tuple]:
        self.limits.step(CALLING)
        arguments, target = self.stack.pop(), self.stack.pop()
        if type(arguments) is not tuple or type(target) is not Global:
            raise TypeError("a call of something that cannot be called")
        self._close([arguments])
        return target.name, arguments

    def op_reduce(self):
        name, arguments = self._call()
        if self._foreign(name):
            self.stack.append(Foreign(name, None, arguments))
            return
        if name == NESTED:
            self.stack.append(self.nested(*arguments))
            return
        call = CALLS.get(name) or (SCRIPT_CALLS.get(name) if self._script else None)
        if call is None:
            raise TypeError(f"a call of {name}")
        self.stack.append(call(self, *arguments))

    def op_newobj(self):
        name, arguments = self._call()
        if self._foreign(name):
            self.stack.append(Foreign(name, None, arguments))
        elif name in EMPTY_DICTS and not arguments:
            self.stack.append({})
        else:
            raise TypeError(f"an object of {name}")

    def op_build(self):
        state, target = self.stack.pop(), self.stack[-1]
        self._close([state])
        if type(target) is Array:
            self.stack[-1] = target.build(state, self.limits)
        elif type(target) is Dtype:
            target.build(state)
        elif type(target) is Foreign and id(target) not in self.closed:
            target.state = state
        elif type(target) is not dict:  # a dictionary's attributes, such as versions, are not kept
            raise TypeError("attributes of something that has none")

    def op_binpersid(self):
        """A torch storage: ("storage", type, key, device, count) and, in old files, which part of it is meant."""
        kind, storage, key, _, count, *view = self.stack.pop()
        if kind != "storage" or type(key) is not str or len(key) > NAME or self._block is None:
            raise ValueError("a reference to something outside")
        dtype = STORAGES[storage.name]
        whole = Storage(self._block(key, whole_number(count) * dtype.itemsize), dtype, count)
        self.stack.append(whole.part(*view[0][1:]) if view and view[0] is not None else whole)


INSTRUCTIONS: dict[int, Callable[[Machine], None]] = {
    code: getattr(Machine, f"op_{name.lower()}")
    for code, name in NAMES.items()
    if hasattr(Machine, f"op_{name.lower()}")
}
