"""What fice answers to a sentence: why it cannot be done, or what of it is left out."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

from fice.errors import InputError
from fice.language.clauses import covered
from fice.language.designs import MATERIAL_NAMES, OF_DESIGN
from fice.language.lexicon import CUTS, GARMENTS, PATTERNS, SYNONYMS, VOCABULARY
from fice.language.matching import Clothed, matched
from fice.language.placed import divided
from fice.language.places import is_named, read_area
from fice.language.told import denied, is_whole
from fice.language.units import cut_up
from fice.language.words import Sentence, parse
from fice.settings import NETWORK

if TYPE_CHECKING:
    from fice.bundle.bundle import Bundle
    from fice.language.clip import TextReader
    from fice.order import Garment, Order
    from fice.settings import Settings

SHOWN = 5  # words that an answer repeats at most
CLOSE = 0.8  # likeness from which one word may be another, misspelt
EXAMPLE = 'as in "red floral dress"'
BESIDE = ("shoes", "headwear", "bag", "legwear", "hair", "face", "skin", "background")  # where things are no garment's
PAPER = (
    "The weights of {0} show how the method of the paper works, and not how good its pictures are; for the authors' own"
    " weights say --bundle viton, once fice models fetch viton has fetched them."
)
NOTHING_OFF = f"fice takes nothing off; say what colour or pattern the clothes shall have, {EXAMPLE}."
BOTH = 'as in "red shirt and blue jeans"'


def understand(
    text: str, bundle: Bundle, settings: Settings, clothed: Clothed = lambda _: False
) -> tuple[Sentence, ...]:
    """The sentences of a text that can be obeyed, one a garment, as a whole or in part.

    Raises InputError for a text that cannot: it speaks of what fice does not change, may mean several things, names
    garments that hide each other, or nothing that the bundle can draw. A diffusion model draws any words.
    """
    sentences = parse(text)
    any_words = settings.garment == "diffused"
    refusal = _untold if any_words else _refusal
    why = next(filter(None, (refusal(one, clothed(one)) for one in sentences)), None)
    if not why and bundle.reads_own_words and not any_words:
        sentences, why = _drawn(sentences, settings, clothed)
    if why := why or _hidden(sentences):
        raise InputError(why)
    return sentences


def understood(order: Order, bundle: Bundle, settings: Settings) -> list[tuple[Garment, Sentence]]:
    """Each garment of an order with a sentence of it, as `matched`; InputError as `understand`, and for no region.

    There is none where only a background is asked, which generates nothing (InputError).
    """
    if not order.dressing and settings.garment == "generated":
        raise InputError("No garment is named that could be generated: name one, or leave out the --preset.")
    for garment in order.garments:
        if not is_named(garment.region):
            read_area(garment.region, strict=settings.region_from == NETWORK)
    if settings.garment != "generated":
        order = divided(order, alone=settings.garment == "diffused")

    def read(garment: Garment, clothed: Clothed) -> Sequence[Sentence]:
        placed = settings.garment == "diffused" and (garment.region != "auto" or garment.mask is not None)
        sentences = understand(garment.text, bundle, settings, _anything if placed else clothed)
        if len(sentences) > 1 and garment.region != "auto":
            raise InputError(
                f"The region {garment.region} is said of several garments; give each its own in an --order."
            )
        return sentences

    return matched(order, read)


def cuts(settings: Settings) -> bool:
    """Whether garments get another cut by words: photographed ones do."""
    return settings.garment == "photographed"


def _anything(sentence: Sentence) -> bool:
    return True


def remarks(
    wanted: Sequence[tuple[Garment, Sentence]], bundle: Bundle, settings: Settings, reader: TextReader
) -> list[str]:
    """What of sentences that are obeyed is left out, each once, and what the preset cannot do with the bundle.

    wanted: of `understood`; reader: the bundle's `fice.language.clip.text_reader`.
    """
    if settings.garment == "diffused":
        spoken = [sentence for garment, sentence in wanted if is_named(garment.region)]
        return list(dict.fromkeys(remark for one in spoken for remark in _unpainted(one)))
    paper = [PAPER.format(bundle.name)] if settings.name == "paper" and bundle.reads_own_words else []
    said = [remark for _, sentence in wanted for remark in _remarks(sentence, bundle, settings, reader)]
    spare = [_beside_swatch(sentence) for garment, sentence in wanted if garment.swatch]
    return list(dict.fromkeys([*paper, *said, *filter(None, spare)]))


def _beside_swatch(sentence: Sentence) -> str | None:
    said = [dye.said for dye in sentence.dyes] + [word for word in sentence.words if word in PATTERNS]
    return f"Left out: {_quoted(said)}; the swatch has its own colours and pattern." if said else None


def _drawn(
    sentences: tuple[Sentence, ...], settings: Settings, clothed: Clothed
) -> tuple[tuple[Sentence, ...], str | None]:
    """The sentences that a bundle draws which reads fice's own words, and why it would draw nothing.

    Of several, one without anything to draw is left out, and the first of the others tells of it; not one that may be
    misspelt.
    """
    several = len(sentences) > 1
    named = [one for one in sentences if not clothed(one)]
    why = dict.fromkeys(sentences) | {
        one: _nothing_to_draw(one, one.wanted if several else one.text, settings, several) for one in named
    }
    silent = [one for one in sentences if why[one]]
    misspelt = [one for one in silent if any(map(_meant, one.unknown[:SHOWN]))]
    if misspelt or len(silent) == len(sentences):
        return sentences, why[(misspelt or silent)[0]]
    first, *others = (one for one in sentences if one not in silent)
    kept, things, off = (
        tuple(dict.fromkeys(said for one in (*silent, first) for said in getattr(one, name)))
        for name in ("kept", "things", "taken_off")
    )
    kept += tuple(dict.fromkeys(str(one.garment) for one in silent))
    return (replace(first, kept=kept, things=things, taken_off=off), *others), None


def _remarks(sentence: Sentence, bundle: Bundle, settings: Settings, reader: TextReader) -> list[str]:
    strange = [word for word in reader.unknown(sentence.wanted) if cut_up(word)[0].kind != "M"]
    strange += [word for word in sentence.unknown if word not in strange and _meant(word)]  # CLIP knows more words
    said = [_unheard(word, bundle) for word in strange[:SHOWN]]
    if len(strange) > SHOWN:
        said.append(f"{len(strange) - SHOWN} more words are not known to the bundle {bundle.name}; they were left out.")
    if cut := reader.cut(sentence.wanted):
        said.append(f"The sentence is too long for the bundle {bundle.name}; cut off was: {' '.join(cut)}.")
    if sentence.things:
        said.append(f"Left as photographed: {_quoted(sentence.things)}; fice changes whole garments only.")
    said += _left(sentence)
    if sentence.becomes and not (cuts(settings) and sentence.becomes[-1] in CUTS):
        said.append(f"A garment keeps its kind: of {_quoted(sentence.becomes[:1])}, colour and pattern change.")
    if bundle.reads_own_words and settings.start == "redressed":
        if sentence.materials:
            said.append(f"Left out: {_quoted(sentence.materials)}; fice words lists the materials that can be shown.")
        if sentence.shapes and not cuts(settings):
            said.append(f"Left out: {_quoted(sentence.shapes)}; generated garments keep their sleeves and hems.")
    colours = [dye.said for dye in sentence.dyes]
    patterns = [word for word in dict.fromkeys(sentence.words) if word in PATTERNS and word not in OF_DESIGN]
    plain = sentence.design in (None, "solid")
    if spare := colours[1 if plain else 2 :]:
        why = f'two colours need a pattern, as in "{colours[0]} and {colours[1]} striped"'
        said.append(f"Left out: {_quoted(spare)}; {why if plain else 'cloth has two colours at most'}.")
    if spare := patterns[1:]:
        said.append(f"Left out: {_quoted(spare)}; one pattern is drawn.")
    return said


def _left(sentence: Sentence) -> list[str]:
    """What stays as it is, whatever draws."""
    said = []
    if sentence.taken_off:
        said.append(f"Left as photographed: {_quoted(sentence.taken_off)}; fice takes nothing off.")
    if sentence.kept:
        said.append(f"Left as photographed: {_quoted(sentence.kept)}; nothing that fice can draw is said of it.")
    return said


def _unpainted(sentence: Sentence) -> list[str]:
    """What a model that knows any words does not paint of a sentence, as it lies beside the garment, or is not told."""
    off = [name for name in sentence.taken_off if GARMENTS.get("".join(cut_up(name)[0].words)) != sentence.region]
    beside = [thing for thing in sentence.things if cut_up(thing)[0].drawn in BESIDE]
    inside = [thing for thing in sentence.things if thing not in (*beside, *denied(sentence))]
    said = _left(replace(sentence, taken_off=tuple(off)))
    if beside:
        said.append(f"Left as photographed: {_quoted(beside)}; only the garment is painted.")
    if inside and not is_whole(sentence):
        said.append(f"Left out: {_quoted(inside)}; give each garment a sentence of its own in an --order.")
    return said


def _untold(sentence: Sentence, clothed: bool) -> str | None:
    """Why a model that knows any words cannot be told a sentence; clothed: a region or a picture says what is meant."""
    if any(cut_up(word)[0].kind == "Y" for word in sentence.taken_off):
        return NOTHING_OFF
    named = clothed or bool(sentence.garment or sentence.unknown)
    says = named or bool(sentence.materials or sentence.shapes)
    either = sentence.unclear if any(unit.kind == "O" for unit in cut_up(sentence.unclear)) else ""
    things = () if named else sentence.things
    return _refusal(replace(sentence, becomes=(), unclear=either, things=things), says)


def _refusal(sentence: Sentence, clothed: bool) -> str | None:
    """Why a sentence cannot be obeyed, whatever the bundle; clothed: it gets another cloth anyway."""
    draws = sentence.draws or clothed
    if sentence.numbers:
        return f'"{_short(sentence.numbers[0])}" is no colour; write it as "#007aff", "rgb(0, 122, 255)" or "blue".'
    turned = len({GARMENTS[garment] for garment in sentence.becomes}) > 1
    if turned and sentence.becomes[-1] not in CUTS:
        old, new = (f'"{garment}"' for garment in sentence.becomes)
        return f"fice cannot turn {old} into {new}: a garment keeps its kind; name its colour or pattern, {EXAMPLE}."
    if sentence.unclear:
        unclear = _short(sentence.unclear)
        return f'it is not clear what "{unclear}" shall mean; name what is wanted and nothing else, {EXAMPLE}.'
    if len(sentence.garments) > 1:
        return f"it is not clear which of {_quoted(sentence.garments)} is meant; say of each how it shall look, {BOTH}."
    if sentence.things and not sentence.garment:
        return f'fice changes whole garments, and not "{sentence.things[0]}"; name one, {EXAMPLE}.'
    if sentence.taken_off and not draws:
        return NOTHING_OFF
    if sentence.excluded and not draws:
        other = "green" if "blue" in sentence.excluded else "blue"
        return f'say what is wanted instead of "{sentence.excluded[0]}", as in "{other} {sentence.garment or "dress"}".'
    return None


def _nothing_to_draw(sentence: Sentence, text: str, settings: Settings, several: bool) -> str | None:
    """Why a bundle that reads fice's own words would draw nothing; text: what is shown as the sentence, of several."""
    shown = f'"{_short(text)}"'
    if not sentence.words and not sentence.draws and not sentence.materials:
        hints = [close for word in sentence.unknown[:SHOWN] if (close := _meant(word))]
        if len(hints) == len(sentence.unknown):  # whoever writes another language is not to be guessed at
            return f"no word of {shown} is known to fice; did you mean {_quoted(hints)}?"
        return f"no word of {shown} is known to fice; name a colour, a pattern and a garment in English, {EXAMPLE}."
    other = sentence.garment in CUTS and not several and not sentence.unknown  # where another kind is worn
    if sentence.draws or settings.start != "redressed" or cuts(settings) and (sentence.shapes or other):
        return None
    for word in sentence.unknown[:SHOWN]:
        if close := _meant(word):
            return f'{shown} names no colour and no pattern; did you mean "{close}" by "{_short(word)}"?'
    what = (*sentence.materials, *sentence.shapes)
    named = f"fice cannot show {_quoted(what)} yet" if what else f"{shown} says nothing that fice can draw"
    return f'{named}; name a colour or a pattern, as in "black {sentence.garment or "dress"}".'


def _hidden(sentences: Sequence[Sentence]) -> str | None:
    """Why garments cannot be edited together: what one covers, another covers too."""
    for one, other in combinations(sentences, 2):
        if one.garment and other.garment and {*_regions(one)} & {*_regions(other)}:
            return (
                f'"{one.garment}" and "{other.garment}" cover the same part of the person; name one of them, or mark '
                "where each is with a region or a mask, one edit after the other."
            )
    return None


def _regions(sentence: Sentence) -> tuple[str, ...]:
    named = GARMENTS.get(sentence.garment or "")
    return covered(str(sentence.garment)) if named == sentence.region else (str(sentence.region),)


def _unheard(word: str, bundle: Bundle) -> str:
    """The remark about a word that a bundle does not know."""
    close = _meant(word)
    hint = f'; did you mean "{close}"?' if close else "."
    return f"{word!r} is not a word that the bundle {bundle.name} knows; it was left out{hint}"


def _meant(word: str) -> str | None:
    """The word of the language that a word may be, misspelt."""
    close = difflib.get_close_matches(word[:40], [*VOCABULARY, *SYNONYMS, *MATERIAL_NAMES], 1, CLOSE)
    return close[0] if close and close[0] != word else None


def _short(text: str) -> str:
    return text.strip() if len(text.strip()) <= 60 else text.strip()[:57] + "..."


def _quoted(words: Sequence[str]) -> str:
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    return " and ".join(f'"{_short(word)}"' for word in words[:SHOWN]) + more
