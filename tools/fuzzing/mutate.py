"""Random damage to bytes: of bits, spans, numbers, tokens, nesting and sizes. The same seed gives the same damage.

Knows nothing of formats but the tokens that it is given.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

MOST_BYTES = 70_000  # a little over what a theme may have
MOST_STEPS = 6
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*|\"[^\"\n]*\"")
_NUMBERS = (
    b"0", b"-1", b"1", b"255", b"256", b"65536", b"-2147483649", b"4294967296", b"9223372036854775808", b"1e308",
    b"1e999", b"nan", b"-inf", b"0x7fffffffffffffff", b"1_000", b"0.1e-400", b"9" * 400, b"1" * 4400, b"true",
    b'"0.5"', b"[1]",
)  # fmt: skip
_WORDS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**63, 2**64 - 1)


def mutated(seeds: Sequence[bytes], tokens: Sequence[bytes], rng: random.Random, *, lines: bool = False) -> bytes:
    """One of the seeds after one kind of damage, or up to six; most of `lines` of keys and values stays such lines."""
    content = rng.choice(seeds)
    for _ in range(rng.choice((1, 1, 1, 2, MOST_STEPS))):  # most by one: more rarely gets past the first check
        kind = rng.choice(_LINE_KINDS if lines and rng.random() < 0.7 else _KINDS)
        content = kind(content, rng, seeds, tokens)[:MOST_BYTES]
    return content


def _span(content: bytes, rng: random.Random, longest: int = 64) -> tuple[int, int]:
    start = rng.randint(0, len(content))
    return start, min(len(content), start + rng.randint(0, rng.choice((1, 4, 16, longest, len(content) + 1))))


Kind = Callable[[bytes, random.Random, Sequence[bytes], Sequence[bytes]], bytes]


def _flip(content: bytes, rng: random.Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    found = bytearray(content)
    for _ in range(rng.randint(1, 8) if found else 0):
        found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
    return bytes(found)


def _cut(content: bytes, rng: random.Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    start, end = _span(content, rng)
    return content[:start] + content[end:]


def _end(content: bytes, rng: random.Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    return content[: rng.randint(0, len(content))]


def _double(content: bytes, rng: random.Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    start, end = _span(content, rng)
    return content[:end] + content[start:end] * rng.choice((1, 2, 30, 1000)) + content[end:]


def _move(content: bytes, rng: random.Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    start, end = _span(content, rng)
    rest = content[:start] + content[end:]
    at = rng.randint(0, len(rest))
    return rest[:at] + content[start:end] + rest[at:]


def _splice(content: bytes, rng: random.Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    other = rng.choice(seeds)
    start, end = _span(other, rng, 400)
    at, to = _span(content, rng)
    return content[:at] + other[start:end] + content[to:]


def _token(content: bytes, rng: random.Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    if not tokens:
        return _flip(content, rng, seeds, tokens)
    spans = [match.span() for match in _WORD.finditer(content)] if rng.random() < 0.7 else []
    start, end = rng.choice(spans) if spans else _span(content, rng, 4)
    return content[:start] + rng.choice(tokens) + content[end:]


def _number(content: bytes, rng: random.Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    spans = [match.span() for match in _NUMBER.finditer(content)]
    if not spans:
        return _word(content, rng, seeds, tokens)
    start, end = rng.choice(spans)
    return content[:start] + rng.choice(_NUMBERS) + content[end:]


def _word(content: bytes, rng: random.Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    """A whole number of 1 to 8 bytes written over what is there, in either order."""
    size = rng.choice((1, 2, 4, 8))
    value = (rng.choice(_WORDS) + rng.randint(-2, 2)) % 2 ** (8 * size)
    at = rng.randint(0, max(0, len(content) - size))
    return content[:at] + value.to_bytes(size, rng.choice(("little", "big"))) + content[at + size :]


def _nest(content: bytes, rng: random.Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    opened, closed = rng.choice(((b"[", b"]"), (b"{a=", b"}"), (b"a.", b""), (b"(", b")"), (b'{"a":', b"}")))
    count = rng.choice((1, 3, 20, 150, 400, 700, 5000))
    start, end = _span(content, rng)
    return content[:start] + opened * count + content[start:end] + closed * count + content[end:]


def _value(content: bytes, rng: random.Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    """Another value for a key, or for one item of its list: of any kind, or another key's."""
    spans = [match.span(1) for match in _VALUE.finditer(content)] + [match.span() for match in _ITEM.finditer(content)]
    if not spans:
        return _number(content, rng, seeds, tokens)
    start, end = rng.choice(spans)
    other = rng.choice(spans)
    return content[:start] + rng.choice((*_VALUES, *_NUMBERS, content[slice(*other)])) + content[end:]


def _line(content: bytes, rng: random.Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    """A whole line away, twice, elsewhere, or from another seed."""
    lines = content.split(b"\n")
    at, to = rng.randrange(len(lines)), rng.randrange(len(lines))
    line = lines[at]
    match rng.randrange(4):
        case 0:
            del lines[at]
        case 1:
            lines.insert(to, line)
        case 2:
            lines.insert(to, lines.pop(at))
        case _:
            lines[at] = rng.choice(rng.choice(seeds).split(b"\n"))
    return b"\n".join(lines)


_VALUE = re.compile(rb"=[ \t]*([^\n]+)")
_ITEM = re.compile(rb'"[^"\n]*"|-?\d+\.?\d*|true|false')
_VALUES = (
    b'"#fff"', b'"#102030"', b'["#000", "#ffffff"]', b'"tiles"', b'""', b"{}", b"[]", b"0.25", b"1", b"2.0", b"-0.5",
    b'{ color = "#abc", power = 1 }', b"[[0.0, 0.9, 1.0, 0.1]]", b"1979-05-27", b"'''x'''", b'"""\nx"""', b"false",
)  # fmt: skip
_LINE_KINDS: tuple[Kind, ...] = (_value, _value, _value, _line, _line, _number, _token)
_KINDS: tuple[Kind, ...] = (_flip, _cut, _end, _double, _move, _splice, _token, _token, _number, _word, _nest)
