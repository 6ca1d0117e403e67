"""What fice answers to a sentence: why it cannot be done, or what of it is left out."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

from fice.errors import InputError
from fice.language.clauses import covered
from fice.language.designs import MATERIAL_NAMES, OF_DESIGN
from fice.language.lexicon import GARMENTS, PATTERNS, SYNONYMS, VOCABULARY
from fice.language.placed import divided
from fice.language.places import is_named, read_area
from fice.language.units import cut_up
from fice.language.words import NOTHING, Sentence, parse
from fice.settings import NETWORK

if TYPE_CHECKING:
    from fice.bundle.bundle import Bundle
    from fice.language.clip import TextReader
    from fice.order import Garment, Order
    from fice.settings import Settings

Clothed = Callable[[Sentence], bool]  # whether a garment gets another cloth, whatever its sentence says
SHOWN = 5  # words that an answer repeats at most
CLOSE = 0.8  # likeness from which one word may be another, misspelt
EXAMPLE = 'as in "red floral dress"'
PAPER = (
    "The weights of {0} show how the method of the paper works, and not how good its pictures are; for the authors' own"
    " weights say --bundle viton, once fice models fetch viton has fetched them."
)
BOTH = 'as in "red shirt and blue jeans"'


def understand(
    text: str, bundle: Bundle, settings: Settings, clothed: Clothed = lambda _: False
) -> tuple[Sentence, ...]:
    """The sentences of a text that can be obeyed, one a garment, as a whole or in part.

    Raises InputError for a text that cannot: it speaks of what fice does not change, may mean several things, names
    garments that hide each other, or nothing that the bundle can draw.
    """
    sentences = parse(text)
    why = next(filter(None, (_refusal(one, clothed(one)) for one in sentences)), None)
    if not why and bundle.reads_own_words:
        sentences, why = _drawn(sentences, settings.start, clothed)
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
    order = divided(order) if settings.garment == "photographed" else order

    def read(garment: Garment, clothed: Clothed) -> Sequence[Sentence]:
        sentences = understand(garment.text, bundle, settings, clothed)
        if len(sentences) > 1 and garment.region != "auto":
            raise InputError(
                f"The region {garment.region} is said of several garments; give each its own in an --order."
            )
        return sentences

    return matched(order, read)


def matched(order: Order, read: Callable[[Garment, Clothed], Sequence[Sentence]]) -> list[tuple[Garment, Sentence]]:
    """Each garment of an order with a sentence of it; one text may name several.

    A swatch is for the garment that its region names, or its text; of several in one text for those of which the text
    says no colour and no pattern, and then for no other. Pictures of a garment come last, as only a look at them tells
    of which. read: what the text of a garment says, as `understand`.
    """
    order, pictured = _without_pictures(order)
    placed = {garment.region: garment for garment in order.garments if garment.swatch and not garment.text}
    found: list[tuple[Garment, Sentence]] = []
    for garment in order.dressing:
        if garment.text or not garment.swatch:
            regions = {*placed} if garment.swatch is None else None
            sentences = _named(read(garment, partial(_clothed, regions)), regions)
            found += zip(_swatched(garment, sentences), sentences, strict=True)
    for i, (garment, sentence) in enumerate(found):
        if not garment.swatch and (other := placed.pop(sentence.region or "", None)):
            found[i] = replace(garment, swatch=other.swatch, swatch_width=other.swatch_width), sentence
    return [*found, *((garment, NOTHING) for garment in (*placed.values(), *pictured))]


def _without_pictures(order: Order) -> tuple[Order, list[Garment]]:
    """An order whose texts have no pictures that may be of any of their garments, and these pictures as garments."""
    texts, pictured = [], []
    for garment in order.garments:
        if garment.pictures and garment.swatch:
            raise InputError("A garment is as its picture shows it, or made of a swatch: give one of the two.")
        loose = garment.pictures and not (garment.text and garment.region != "auto")
        if loose:
            pictured.append(replace(garment, text=""))
        if garment.text or not loose:
            texts.append(replace(garment, pictures=()) if loose else garment)
    return replace(order, garments=tuple(texts)), pictured


def _clothed(regions: set[str] | None, sentence: Sentence) -> bool:
    """Whether a sentence is about one of these regions; of None about any."""
    return regions is None or sentence.region in regions


def _named(sentences: Sequence[Sentence], regions: set[str] | None) -> list[Sentence]:
    """The sentences, and one for each garment that they name without a look where a swatch gives it one.

    regions: for which there is a swatch; of None for any of which nothing is said.
    """
    first, *others = sentences
    more = [one for name in first.kept for one in parse(name) if _clothed(regions, one)]
    kept = tuple(name for name in first.kept if name not in {one.garment for one in more})
    return [replace(first, kept=kept), *others, *more]


def _swatched(garment: Garment, sentences: Sequence[Sentence]) -> list[Garment]:
    """A garment once for each sentence of its text, with its swatch where it is meant."""
    silent = [not one.draws for one in sentences]
    if not garment.swatch or len(sentences) == 1 or all(silent):
        return [garment] * len(sentences)
    if not any(silent):
        raise InputError("The swatch is said of several garments; say of which, as in --swatch FILE@lower.")
    without = replace(garment, swatch=None, swatch_width=None)
    return [garment if meant else without for meant in silent]


def remarks(
    wanted: Sequence[tuple[Garment, Sentence]], bundle: Bundle, settings: Settings, reader: TextReader
) -> list[str]:
    """What of sentences that are obeyed is left out, each once, and what the preset cannot do with the bundle.

    wanted: of `understood`; reader: the bundle's `fice.language.clip.text_reader`.
    """
    paper = [PAPER.format(bundle.name)] if settings.name == "paper" and bundle.reads_own_words else []
    said = [remark for _, sentence in wanted for remark in _remarks(sentence, bundle, settings, reader)]
    spare = [_beside_swatch(sentence) for garment, sentence in wanted if garment.swatch]
    return list(dict.fromkeys([*paper, *said, *filter(None, spare)]))


def _beside_swatch(sentence: Sentence) -> str | None:
    said = [dye.said for dye in sentence.dyes] + [word for word in sentence.words if word in PATTERNS]
    return f"Left out: {_quoted(said)}; the swatch has its own colours and pattern." if said else None


def _drawn(sentences: tuple[Sentence, ...], start: str, clothed: Clothed) -> tuple[tuple[Sentence, ...], str | None]:
    """The sentences that a bundle draws which reads fice's own words, and why it would draw nothing.

    Of several, one without anything to draw is left out, and the first of the others tells of it; not one that may be
    misspelt.
    """
    several = len(sentences) > 1
    named = [one for one in sentences if not clothed(one)]
    why = dict.fromkeys(sentences) | {
        one: _nothing_to_draw(one, one.wanted if several else one.text, start) for one in named
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
    said = [_unheard(word, bundle) for word in strange[:SHOWN]]
    if len(strange) > SHOWN:
        said.append(f"{len(strange) - SHOWN} more words are not known to the bundle {bundle.name}; they were left out.")
    if cut := reader.cut(sentence.wanted):
        said.append(f"The sentence is too long for the bundle {bundle.name}; cut off was: {' '.join(cut)}.")
    if sentence.things:
        said.append(f"Left as photographed: {_quoted(sentence.things)}; fice changes whole garments only.")
    if sentence.taken_off:
        said.append(f"Left as photographed: {_quoted(sentence.taken_off)}; fice takes nothing off.")
    if sentence.kept:
        said.append(f"Left as photographed: {_quoted(sentence.kept)}; nothing that fice can draw is said of it.")
    if sentence.becomes:
        said.append(f"A garment keeps its kind: of {_quoted(sentence.becomes[:1])}, colour and pattern change.")
    if bundle.reads_own_words and settings.start == "redressed":
        if sentence.materials:
            said.append(f"Left out: {_quoted(sentence.materials)}; fice words lists the materials that can be shown.")
        if sentence.shapes:
            said.append(f"Left out: {_quoted(sentence.shapes)}; sleeves and hems stay as they are.")
    colours = [dye.said for dye in sentence.dyes]
    patterns = [word for word in dict.fromkeys(sentence.words) if word in PATTERNS and word not in OF_DESIGN]
    plain = sentence.design in (None, "solid")
    if spare := colours[1 if plain else 2 :]:
        why = f'two colours need a pattern, as in "{colours[0]} and {colours[1]} striped"'
        said.append(f"Left out: {_quoted(spare)}; {why if plain else 'cloth has two colours at most'}.")
    if spare := patterns[1:]:
        said.append(f"Left out: {_quoted(spare)}; one pattern is drawn.")
    return said


def _refusal(sentence: Sentence, clothed: bool) -> str | None:
    """Why a sentence cannot be obeyed, whatever the bundle; clothed: it gets another cloth anyway."""
    draws = sentence.draws or clothed
    if sentence.numbers:
        return f'"{_short(sentence.numbers[0])}" is no colour; write it as "#007aff", "rgb(0, 122, 255)" or "blue".'
    if sentence.becomes and len({GARMENTS[garment] for garment in sentence.becomes}) > 1:
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
        return f"fice takes nothing off; say what colour or pattern the clothes shall have, {EXAMPLE}."
    if sentence.excluded and not draws:
        other = "green" if "blue" in sentence.excluded else "blue"
        return f'say what is wanted instead of "{sentence.excluded[0]}", as in "{other} {sentence.garment or "dress"}".'
    return None


def _nothing_to_draw(sentence: Sentence, text: str, start: str) -> str | None:
    """Why a bundle that reads fice's own words would draw nothing; text: what is shown as the sentence."""
    shown = f'"{_short(text)}"'
    if not sentence.words and not sentence.draws and not sentence.materials:
        hints = [close for word in sentence.unknown[:SHOWN] if (close := _meant(word))]
        if len(hints) == len(sentence.unknown):  # whoever writes another language is not to be guessed at
            return f"no word of {shown} is known to fice; did you mean {_quoted(hints)}?"
        return f"no word of {shown} is known to fice; name a colour, a pattern and a garment in English, {EXAMPLE}."
    if sentence.draws or start != "redressed":
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
