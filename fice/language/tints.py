"""Colours as a text writes them: names, numbers, and words such as "dusty", "darker" and "reddish" before them."""

from __future__ import annotations

import colorsys
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from fice.language.colours import RGB, Dye, Name, look_up, mixed, names, nearest_colour, of_hex, shifted

# words before a colour: steps of CIELAB lightness and chroma, and towards warm light
STEPS: dict[str, tuple[float, float, float]] = {
    "light": (15, -6, 0),
    "pale": (22, -16, 0),
    "pastel": (22, -18, 0),
    "soft": (10, -12, 0),
    "powdery": (18, -16, 0),
    "dark": (-18, -4, 0),
    "deep": (-14, 4, 0),
    "rich": (-6, 10, 0),
    "bright": (6, 18, 0),
    "vivid": (0, 24, 0),
    "vibrant": (0, 24, 0),
    "bold": (0, 18, 0),
    "strong": (0, 18, 0),
    "saturated": (0, 24, 0),
    "intense": (-4, 20, 0),
    "electric": (6, 30, 0),
    "neon": (10, 45, 0),
    "fluorescent": (10, 45, 0),
    "dusty": (4, -18, 0),
    "muted": (0, -20, 0),
    "dull": (-2, -22, 0),
    "desaturated": (0, -26, 0),
    "faded": (12, -18, 0),
    "smoky": (-8, -16, 0),
    "warm": (0, 0, 10),
    "cool": (0, 0, -10),
}
ALONE = frozenset("light pale pastel dark bright vivid muted faded".split())  # said of a garment without a colour, too
LIKE = {"baby": "pastel", "powder": "powdery", "washed out": "faded", "hot": "vivid", "cold": "cool"}
AMOUNTS = {
    0.5: "slightly, somewhat, a bit, a little, a touch, a tad, a shade",
    1: "even, quite, rather, more",
    1.5: "very, really, much, far, a lot, way, super, extra, ultra, two shades",
    -1: "less, too",
}
VERBS = {"darken": "dark", "lighten": "light", "brighten": "bright", "desaturate": "muted", "fade": "faded"}
MOST = 2  # times its step that any number of such words asks of a word
TINGE = 0.3  # what "reddish" brings of its red to the colour behind it
BARE = 2  # times the step that a word asks for without a colour: "a dark dress"
LONGEST = 6  # words before a colour

_SHADES = (("shade", "of"), ("tone", "of"), ("tint", "of"), ("hue", "of"), ("version", "of"), ("shade",), ("tone",), ())
# a colour by its number; what begins like one and is none is answered
NUMBER = re.compile(
    r"#(?:[0-9a-f]{3}){1,2}(?![0-9a-z])|#(?=[a-f]*[0-9])[0-9a-f]{4,}(?![0-9a-z])|(?:rgb|hsl)a?\([^()]*\)"
)


def colour_at(parts: Sequence[str], at: int) -> tuple[Name, int] | None:
    """The colour that begins at a part of a split text, with the words before it, and how many parts it has.

    Words that compare, and some others, need no colour behind them: "darker", "a pale dress".
    """
    best = _named(parts, at)
    words = _Words(parts, at)
    while words.take():
        behind = words.end + next(len(shade) for shade in _SHADES if shade == (*parts[words.end :][: len(shade)],))
        found = _named(parts, behind)
        if found and (best is None or behind + found[1] > at + best[1]) and (name := words.before(found[0], behind)):
            best = name, behind + found[1] - at
    return best or words.alone()


class _Words:
    """The words before a colour, read one after the other.

    Attributes:
        end: the part behind them.
    """

    def __init__(self, parts: Sequence[str], at: int):
        self.parts, self.at, self.end = parts, at, at
        self._steps, self._amount, self._last = np.zeros(3), 1.0, at
        self._compares, self._alone = False, True
        self._tinge: RGB | None = None

    def take(self) -> bool:
        """Reads one more; whether there is one."""
        if self.end - self.at >= LONGEST:
            return False
        ahead = [tuple(self.parts[self.end : self.end + count]) for count in (2, 1)]
        for words in ahead:
            if word := _steps().get(words):
                steps, compares = word
                self._steps, self._amount = self._steps + self._amount * steps, 1.0
                self._compares |= compares
                self._alone &= compares or words[0] in ALONE
                self.end = self._last = self.end + len(words)
                return True
            if amount := _amounts().get(words):
                self._amount = float(np.clip(self._amount * amount, -MOST, MOST))
                self._compares |= words in (("more",), ("less",))
                self.end += len(words)
                return True
        if (tinge := _named(self.parts, self.end)) and self.parts[self.end + tinge[1] - 1].endswith("ish"):
            self._tinge, self._alone = tinge[0].dye.rgb, False
            self.end = self._last = self.end + tinge[1]
            return True
        return False

    def before(self, name: Name, at: int) -> Name | None:
        """A colour with these words before it; at: where its name begins. None where they say nothing of it."""
        steps, left = self._steps, self._last == self.end
        if not left:  # "very" before "dark red"
            if self._amount <= 1 or self.parts[at] not in STEPS:
                return None
            steps = steps + (self._amount - 1) * np.array(STEPS[self.parts[at]])
        said = " ".join((*self.parts[self.at : at], name.dye.said))
        dye = replace(name.dye, said=said)
        if self._tinge and dye.rgb:
            dye = replace(dye, rgb=mixed(dye.rgb, self._tinge, TINGE))
        dye = dye.moved(steps.tolist(), said)
        if not self._compares:
            dye = Dye(said, dye.on(()))
        return Name((nearest_colour(dye.on(()))[0],), dye, name.noun)

    def alone(self) -> tuple[Name, int] | None:
        """These words without a colour, and how many parts they have."""
        if self._last == self.at or not self._alone:
            return None
        said = " ".join(self.parts[self.at : self._last])
        steps = (self._steps * (1 if self._compares else BARE)).tolist()
        return Name((), Dye(said).moved(steps, said), not self._compares), self._last - self.at


def without_steps(words: Sequence[str]) -> Sequence[str]:
    """A colour without the words before it: ("very", "dark", "blue") is ("blue",)."""
    at = 0
    while at < len(words) and ((words[at],) in _steps() or (words[at],) in _amounts()):
        at += 1
    return words[at:]


@cache
def _amounts() -> dict[tuple[str, ...], float]:
    return {tuple(one.split()): amount for amount, words in AMOUNTS.items() for one in words.split(", ")}


@cache
def _steps() -> dict[tuple[str, ...], tuple[np.ndarray, bool]]:
    """Words -> steps, and whether they compare."""
    found: dict[tuple[str, ...], tuple[np.ndarray, bool]] = {}
    for word in (*STEPS, *LIKE):
        steps = np.array(STEPS[LIKE.get(word, word)])
        compared = word.removesuffix("e").removesuffix("y") + ("ier" if word.endswith("y") else "er")
        found |= {tuple(word.split()): (steps, False), (compared,): (steps, True)}
    return found


def _named(parts: Sequence[str], at: int) -> tuple[Name, int] | None:
    """The colour's name or number at a part, longest first, and how many parts it has."""
    if at < len(parts) and (rgb := numbered(parts[at])):
        return Name((nearest_colour(rgb)[0],), Dye(parts[at], rgb)), 1
    for count in range(min(_longest(), len(parts) - at), 0, -1):
        if name := look_up(parts[at : at + count], names()):
            return name, count
    return _ish(parts[at]) if at < len(parts) else None


@cache
def _longest() -> int:
    return max(map(len, names()))


def _ish(word: str) -> tuple[Name, int] | None:
    """ "navyish" is a duller navy."""
    stem = word.removesuffix("ish")
    for name in (stem, stem + "e", stem[:-1]):
        if stem != word and (known := names().get((name,))) and known.dye.rgb:
            dye = Dye(word, shifted(known.dye.rgb, STEPS["soft"]))
            return Name((nearest_colour(dye.on(()))[0],), dye), 1
    return None


def numbered(text: str) -> RGB | None:
    """The sRGB 0..255 of "#07f", "#007aff", "rgb(0, 122, 255)", "rgb(0%, 48%, 100%)" or "hsl(211, 100%, 50%)"."""
    if re.fullmatch("#(?:[0-9a-f]{3}){1,2}", text):
        return of_hex(text[1:])
    found = re.fullmatch(r"(rgb|hsl)a?\((.*)\)", text)
    values = re.findall(r"[^\s,/]+", found[2]) if found else ()
    if not found or len(values) not in (3, 4) or not all(re.fullmatch(r"\d*\.?\d+(?:%|deg|°)?", one) for one in values):
        return None
    first, second, third = (float(one.rstrip("%deg°")) for one in values[:3])
    light: tuple[float, ...]
    if found[1] == "hsl":
        if first > 360 or max(second, third) > 100:
            return None
        light = colorsys.hls_to_rgb(first / 360, third / 100, second / 100)
    else:
        light = tuple(one / (100 if "%" in text else 255) for one in (first, second, third))
    if max(light) > 1:
        return None
    red, green, blue = (round(255 * one) for one in light)
    return red, green, blue
