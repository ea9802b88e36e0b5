"""A sentence to a `Reading`: the scenes, moods, drawings and colours it names, what colour is of what, what it denies.

Words and phrases only, by the lexicon, longest phrase first. Any text is taken: it is cut at `LONGEST_PROMPT`
characters and stripped of control characters, and what is not known is left out and listed. Knows nothing of colours'
values.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from dataclasses import dataclass, field

from reskin.plain_text import printable
from reskin.prompts import LONGEST_PROMPT
from reskin.prompts.tables import Lexicon, lexicon

REACH = 3  # tokens from a colour or a denial to what it is said of
WITH = 0.5  # weight of what comes "with" a scene: chocolate with white icing is chocolate first
BESIDES = 0.2  # weight of a scene whose word is a mood too: a haunted swamp is a swamp first
_RID_OF = re.compile(r"\b(?:get(?:ting)? rid of|take away|strip(?:ped)? of|drain(?:ed)? of)(?: all)?(?: the)?\b")
_WORD = re.compile(r"[^\W_](?:[^\W_]|[&'])*|[,.;:]")
_NOISE_WORDS = """
a an the of in on at to and or with by for from as is are be it its this that these those over under into full very
like style styled look looking feel feeling vibe vibes themed theme make everything all game world scene place set
but so just some more most only my me i want please where there through near around up down between time coloured
colored color colour 's s during which will would should really quite inspired kind sort type version turn turned
every thing things entire whole after before than then while beneath above too any
keep may can could might give show let paint have has had you your we our they their them if also
"""
_STRONGER_WORDS = """
very extremely super ultra really intensely totally completely heavy heavily thick dense deep strong incredibly
insanely utterly so
"""
_WEAKER_WORDS = """
slightly slight bit little somewhat touch hint subtle faint mild thin gently lightly barely
"""
_DENIAL_WORDS = """
no not without never non minus isn't aren't don't doesn't isnt arent dont doesnt lacking zero nothing neither nor less
fewer avoid remove
"""
_NOISE, _STRONGER, _WEAKER, _DENIALS = (
    frozenset(words.split()) for words in (_NOISE_WORDS, _STRONGER_WORDS, _WEAKER_WORDS, _DENIAL_WORDS)
)
_SHADES = {"dark": "dark", "deep": "dark", "darker": "dark", "light": "pale", "pale": "pale", "pastel": "pale",
           "soft": "pale", "bright": "vivid", "neon": "vivid", "vivid": "vivid", "hot": "vivid", "electric": "vivid",
           "muted": "muted", "dusty": "muted", "dirty": "muted", "faded": "muted"}  # fmt: skip
_TEMPERATURES = {"warm": "honey", "cold": "ice blue", "cool": "ice blue"}  # of a light: "warm windows"
# A colour before one of these is not of what follows.
_BETWEEN = {"under", "over", "above", "beneath", "below", "behind", "on", "in", "with"}
_COPULAS = {"is", "are", "turn", "turns", "turned", "was", "being"}
_OPPOSITES = {
    "dark": "bright", "bright": "dark", "cold": "warm", "warm": "cold", "gloomy": "cheerful", "cheerful": "gloomy",
    "vivid": "muted", "muted": "vivid", "night": "noon", "sun": "overcast", "scary": "peaceful", "overcast": "sun",
    "dirty": "bright", "noon": "night", "peaceful": "storm",
}  # fmt: skip
_EVERYTHING = {"everything", "all", "only", "just", "entire", "whole", "entirely"}


@dataclass(kw_only=True)
class Reading:
    scenes: dict[str, float] = field(default_factory=dict)  # to a weight
    moods: dict[str, float] = field(default_factory=dict)  # to a strength, 1 as in the table
    drawings: dict[str, float] = field(default_factory=dict)  # to a strength, as moods
    colors: list[tuple[str, str]] = field(default_factory=list)  # of the whole: a name and a shade, or ""
    bound: list[tuple[str, str, str]] = field(default_factory=list)  # part of the look, colour name, shade
    denied: set[str] = field(default_factory=set)  # moods, scenes, drawings and colours that were said not to be
    everything: bool = False  # the colours are meant for all there is
    unknown: list[str] = field(default_factory=list)
    known: int = 0  # words that meant something

    @property
    def unread(self) -> float:
        """The share of its words that were not understood."""
        return len(self.unknown) / max(len(self.unknown) + self.known, 1)

    @property
    def is_empty(self) -> bool:
        return not (self.scenes or self.moods or self.drawings or self.colors or self.bound or self.denied)


def clean(text: str) -> str:
    """One line of at most LONGEST_PROMPT printable characters."""
    short = unicodedata.normalize("NFKC", text[: 4 * LONGEST_PROMPT])
    return " ".join(printable(short).split())[:LONGEST_PROMPT].strip()


def read(text: str) -> Reading:
    lines = unicodedata.normalize("NFKD", clean(text).lower().replace("-", " ").replace("\u2019", "'"))
    plain = "".join(char for char in lines if not unicodedata.combining(char))
    return _Reader(lexicon(), _with_titles(lexicon(), _WORD.findall(_RID_OF.sub("no", plain)))).read()


def _with_titles(words: Lexicon, tokens: list[str]) -> list[str]:
    """The tokens with every title's words in its place, set off by commas.

    What the lexicon itself has for as many words or more is no title: an oil painting is not black, as oil is.
    """
    found: list[str] = []
    at = 0
    while at < len(tokens):
        name, length = _longest(words.titles, words.longest, tokens, at)
        phrase, span = _longest(words.phrases, words.longest, tokens, at)
        if name and (not phrase or length > span):
            found += [",", *_WORD.findall(words.titles[name].replace("-", " ")), ","]
            at += length
        else:
            found += tokens[at : at + span]
            at += span
    return found


def _longest(known: Container[str], most: int, tokens: list[str], at: int) -> tuple[str, int]:
    """The longest known phrase, of `most` tokens, that begins here, and its tokens; "" and 1 where there is none."""
    for length in range(min(most, len(tokens) - at), 0, -1):
        *first, last = tokens[at : at + length]
        for form in _forms(last):
            phrase = " ".join([*first, form])
            if phrase in known:
                return phrase, length
    return "", 1


class _Reader:
    def __init__(self, words: Lexicon, tokens: list[str]) -> None:
        self._lexicon = words
        self._tokens = tokens
        self._found = Reading()
        self._pending: list[tuple[str, str]] = []  # colours whose noun may still come
        self._pending_at = 0  # token of the last of them
        self._noun = ""  # the part last named, for "the sky is green"
        self._strength = 1.0
        self._denied_for = 0  # tokens that a denial still reaches
        self._shade = ""
        self._is_with = False  # what stands here comes with something else

    def read(self) -> Reading:
        at = 0
        while at < len(self._tokens):
            at += self._take(at)
        self._release()
        self._deny()
        return self._found

    def _take(self, at: int) -> int:
        """Deals with what stands at a token; returns how many tokens that was."""
        token = self._tokens[at]
        if at - self._pending_at > REACH:
            self._release()
        if token in ",.;:":
            self._release()
            self._denied_for = 0
            self._is_with = False
            return 1
        if token in _BETWEEN:
            self._release()
        if token == "with" and self._found.scenes:
            self._is_with = True
        if token == "but":  # "not red but blue"
            self._denied_for = 0
        phrase, length = _longest(self._lexicon.phrases, self._lexicon.longest, self._tokens, at)
        following = self._known(self._tokens[at + length]) if at + length < len(self._tokens) else ""
        if length == 1 and token in _SHADES and any(kind == "color" for kind, _ in self._meanings(following)):
            self._shade = _SHADES[token]
        elif length == 1 and token in _TEMPERATURES and self._lexicon.nouns.get(following) == "light":
            self._pending.append((_TEMPERATURES[token], ""))
            self._pending_at = at
        elif token in _DENIALS and length == 1 and not phrase:
            self._denied_for = REACH
        elif token in _STRONGER and not phrase:
            self._strength = 1.4
        elif token in _WEAKER and not phrase:
            self._strength = 0.5
        elif phrase or self._known(token) in self._lexicon.nouns:
            self._meant(phrase, self._known(token), at, following)
        elif token not in _NOISE:
            self._found.unknown.append(token)
        self._found.everything |= token in _EVERYTHING
        self._denied_for = max(0, self._denied_for - (token not in _DENIALS))
        return length

    def _meant(self, phrase: str, word: str, at: int, following: str) -> None:
        """One phrase of the lexicon, or a word that is a part of a picture, and the word after it."""
        meanings = self._meanings(phrase)
        self._found.known += 1
        noun = self._lexicon.nouns.get(word, "")
        names = [name for kind, name in meanings if kind == "color"]
        if noun and self._pending:
            if word in ("cloud", "horizon") and any(part == "sky" for part, *_ in self._found.bound):
                noun = "horizon"  # "a blue sky with white clouds" stays blue
            self._bind(noun)
            names = []  # "red sand" is red
            if noun in ("light", "fog", "sky", "horizon"):  # "red moon": its colour counts, not that it is night
                meanings = tuple(item for item in meanings if noun == "fog" or item[1] in ("night", "starry"))
        if names and not self._denied_for:
            if part := self._part_before(at, following):
                self._found.bound.append((part, names[0], self._shade))
                meanings = ()
            else:
                self._pending.append((names[0], self._shade))
                self._pending_at = at
                if following in self._lexicon.nouns or self._shade:
                    meanings = ()  # it is a colour here and no place
        self._shade = ""
        weight = BESIDES if {kind for kind, _ in meanings} >= {"scene", "mood"} else 1.0
        for kind, name in meanings:
            self._count(kind, name, weight)
        if noun:
            self._noun = noun
        self._strength = 1.0

    def _count(self, kind: str, name: str, weight: float) -> None:
        if self._denied_for:
            self._found.denied.add(name)
        elif kind == "scene":
            self._found.scenes[name] = self._found.scenes.get(name, 0.0) + weight * (WITH if self._is_with else 1.0)
        elif kind in ("mood", "drawing"):
            strengths = self._found.moods if kind == "mood" else self._found.drawings
            strengths[name] = max(strengths.get(name, 0.0), self._strength)

    def _deny(self) -> None:
        """What was said stays said, "dark, but not too dark"; of the rest that was denied, the opposite is meant."""
        found = self._found
        said = {name for name, _ in found.colors} | {name for _, name, _ in found.bound}
        found.denied -= found.moods.keys() | found.scenes.keys() | found.drawings.keys() | said
        for name in sorted(found.denied & _OPPOSITES.keys()):
            found.moods.setdefault(_OPPOSITES[name], 0.8)

    def _part_before(self, at: int, following: str) -> str:
        """The part that a colour here is said of, "the sky is dark green" or "paint the water purple"; "" for none.

        A place is none: "the city is red" says it of everything.
        """
        at -= 1 + bool(self._shade)
        if at < 0:
            return ""
        part = ""
        if self._tokens[at] in _COPULAS:
            part = self._noun
        elif following not in self._lexicon.nouns:
            part = self._lexicon.nouns.get(self._known(self._tokens[at]), "")
        return part if part != "place" else ""

    def _bind(self, noun: str) -> None:
        """The colours before a noun are its own; of more than one, the second goes to the accents."""
        (name, shade), *others = self._pending
        if noun == "place":
            self._release()
            return
        self._pending = []
        self._found.bound.append((noun, name, shade))
        self._found.bound += [("accent", other, tone) for other, tone in others]

    def _release(self) -> None:
        self._found.colors += self._pending
        self._pending = []

    def _meanings(self, phrase: str) -> tuple[tuple[str, str], ...]:
        return self._lexicon.phrases.get(phrase, ())

    def _known(self, token: str) -> str:
        """The token, or the form of it that the lexicon knows."""
        known = (form for form in _forms(token) if form in self._lexicon.phrases or form in self._lexicon.nouns)
        return next(known, token)


def _forms(word: str) -> list[str]:
    """The word, and what it may be a plural or a derived form of."""
    forms = [word, word.removesuffix("'s")]
    endings = {
        "ies": "y",
        "ves": "f",
        "es": "",
        "s": "",
        "ish": "",
        "like": "",
        "esque": "",
        "lit": "",
        "ed": "",
        "y": "",
    }
    for ending, stem in endings.items():
        shortest = 2 if ending in ("ies", "ves") else 3  # "skies", "elves"
        is_other = ending == "es" and word.endswith("ies")  # skies are no ski
        if word.endswith(ending) and len(word) - len(ending) >= shortest and not is_other:
            forms.append(word.removesuffix(ending) + stem)
    if word.endswith("ish"):
        forms += [word[:-3] + "e", word[:-4]]
    if word.endswith("ed"):
        forms.append(word[:-1])
    return list(dict.fromkeys(forms))
