"""The formats that Reskin reads from strangers: inputs to begin with, and how one input is read as the app does it."""

from __future__ import annotations

import io
import json
import random
import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from reskin.errors import ReskinError
from tools.fuzzing.mutate import mutated

CORPUS = Path(__file__).resolve().parent.parent.parent / "tests" / "corpus"
OWN_WEIGHT = 4  # of a format's own examples: what was found is mostly refused at the first look
MOST_FRAMES = 4  # of a video, after which enough has been read
# The places that a refusal of a TOML file may name: a line, a key with a colon after it, the time of a timeline's
# entry, or what the whole file is.
PLACE = re.compile(r"line \d+|^  [^\s:]+: |: at [\d:.]+: |larger than \d+ KiB", re.MULTILINE)


class NamelessError(Exception):
    """A refusal that does not say where the mistake is."""


@dataclass(frozen=True, kw_only=True)
class Format:
    seeds: Callable[[], Sequence[bytes]]
    feed: Callable[[bytes, Path], None]  # the input, and the path that it was written to where `needs_file`
    refusals: tuple[type[Exception], ...] = (ReskinError,)
    tokens: Sequence[bytes] = ()
    needs_file: bool = True
    names_place: bool = False  # refusals must; and inputs are lines of keys and values
    limit_ms: float = 100.0

    def refused(self, content: bytes, path: Path) -> bool:
        """Whether the input was refused in words; whatever else it raises is a fault."""
        try:
            self.feed(content, path)
        except self.refusals as error:
            if not str(error).strip() or (self.names_place and not PLACE.search(str(error))):
                raise NamelessError(f"refused without a place: {error!s:.300}") from error
            return True
        return False


def _theme(content: bytes, path: Path) -> None:
    from reskin.themes import load_theme

    _begin_prompts()
    load_theme(path).style()


def _begin_prompts() -> None:
    """With the words' lexicon alone: what a network takes for a prompt is not the file's doing. None is known yet."""
    from reskin.prompts import prompt_theme, sentence

    sentence.is_installed = _never  # type: ignore[assignment]
    prompt_theme.cache_clear()


def _never() -> bool:
    return False


def _settings(content: bytes, path: Path) -> None:
    from reskin.settings import load_settings

    load_settings(path)


def _profile(content: bytes, path: Path) -> None:
    from reskin.profiles import load_profile

    load_profile(path).fits("SuperTux v0.6.3")


def _timeline(content: bytes, path: Path) -> None:
    from reskin.timeline import load_timeline

    _begin_prompts()
    load_timeline(path)


def _prompt(content: bytes, path: Path) -> None:
    from reskin.prompts import prompt_theme

    _begin_prompts()
    prompt_theme(content.decode("utf-8", "replace"), embedding=False)


def _picture(content: bytes, path: Path) -> None:
    from reskin.picture_file import read_picture

    read_picture(path)


def _video(content: bytes, path: Path) -> None:
    from reskin.video import VideoReader

    with VideoReader(path) as reader:
        for frame in reader:
            if frame.index >= MOST_FRAMES:
                break


def _onnx(content: bytes, path: Path) -> None:
    from engine.onnx_file import check_model

    check_model(content, "x.onnx")


def _safetensors(content: bytes, path: Path) -> None:
    from engine.network_header import held_in
    from engine.safetensors_file import read_header

    _, metadata = read_header(path)
    held_in(metadata, "x.safetensors")


def _offer(content: bytes, path: Path) -> None:
    """As `POST /offer` does, up to where aiortc takes it apart: whatever that raises is caught in one place."""
    from reskin.serve.messages import read_offer
    from reskin.serve.sdp import checked

    checked(read_offer(content).sdp, "192.0.2.1")


def _message(content: bytes, path: Path) -> None:
    from reskin.serve.messages import DoThemeParameters, read_control

    asked = read_control(content)
    if isinstance(asked, DoThemeParameters):
        asked.theme.style()


@cache
def _shipped() -> tuple[bytes, ...]:
    from reskin.themes import shipped_themes

    return tuple(path.read_bytes() for path in shipped_themes().values())


def _settings_seeds() -> list[bytes]:
    from reskin.settings import Settings, commented_settings

    return [commented_settings(Settings()).encode(), b'theme = "candy"\n[hotkeys]\nquit = "<f9>"\n']


def _timeline_seeds() -> list[bytes]:
    from reskin.themes import shipped_theme_folder

    return [(shipped_theme_folder() / "timelines" / "show.toml").read_bytes()]


def _picture_seeds() -> list[bytes]:
    import cv2
    import numpy as np

    picture = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    return [cv2.imencode(suffix, picture)[1].tobytes() for suffix in (".png", ".jpg", ".webp", ".bmp")]


def _video_seeds() -> list[bytes]:
    import av
    import numpy as np

    seeds = []
    for kind, codec in (("mp4", "libx264"), ("matroska", "mpeg4")):
        target = io.BytesIO()
        with av.open(target, "w", format=kind) as container:
            stream: Any = container.add_stream(codec, rate=24)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            for level in range(0, 200, 40):
                picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), level, np.uint8), format="rgb24")
                container.mux(stream.encode(picture))
            container.mux(stream.encode(None))
        seeds.append(target.getvalue())
    return seeds


def _onnx_seeds() -> list[bytes]:
    """The shipped Painter with its weights cut short, so that damage hits the structure and not the numbers."""
    from engine.weights_manifest import SHIPPED

    whole = (SHIPPED / "painter.onnx").read_bytes()
    tensor = b"\x08\x02\x10\x01\x22\x08" + struct.pack("<2f", 1, 2) + b"\x42\x01w"
    graph = b"\x12\x01g" + b"\x2a" + bytes([len(tensor)]) + tensor
    return [whole[:4000], b"\x08\x0a\x3a" + bytes([len(graph)]) + graph]


def _safetensors_seeds() -> list[bytes]:
    """Of a preset's Reader, and of a pruned Painter."""
    from engine.config import SHAPES

    small = SHAPES["small"]
    assert small.tokens is not None
    pruned = asdict(replace(small.tokens, layers=small.tokens.layers - 1))
    return [
        _tensor_file({"part": "reader", "shape": "nano", "size": [144, 256]}),
        _tensor_file({"part": "painter", "shape": "small", "size": small.size, "tokens": pruned}),
    ]


def _tensor_file(held: dict[str, Any]) -> bytes:
    entries = {"__metadata__": {"reskin": json.dumps(held)}}
    at = 0
    for index, (dtype, count) in enumerate((("F32", 4), ("BF16", 8), ("I64", 1))):
        size = {"F32": 4, "BF16": 2, "I64": 8}[dtype] * count
        entries[f"layer.{index}.weight"] = {"dtype": dtype, "shape": [count], "data_offsets": [at, at + size]}  # type: ignore[dict-item]
        at += size
    header = json.dumps(entries).encode()
    return struct.pack("<Q", len(header)) + header + bytes(at)


def _offer_seeds() -> list[bytes]:
    fingerprint = "a=fingerprint:sha-256 " + ":".join(["0A"] * 32)
    ice = ("a=ice-ufrag:abcd", "a=ice-pwd:abcdefghijklmnopqrstuvwx", fingerprint, "a=setup:actpass")
    candidate = "a=candidate:1 1 udp 2130706431 192.0.2.7 50000 typ host"
    lines = ("v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", "a=group:BUNDLE 0 1", "m=video 9 UDP/TLS/RTP/SAVPF 96",
             "c=IN IP4 0.0.0.0", "a=mid:0", "a=sendrecv", "a=rtpmap:96 H264/90000", *ice, candidate,
             "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=mid:1", *ice, "a=sctp-port:5000")  # fmt: skip
    offer = {"version": 1, "type": "offer", "sdp": "\r\n".join(lines), "theme": "candy", "strip": True, "session": None}
    return [json.dumps(offer).encode()]


def _message_seeds() -> list[bytes]:
    theme = {"name": "x", "material": {"sky": {"colors": ["#123", "#fff"]}}, "keep": {"regions": [[0, 0, 1, 0.5]]}}
    asked: list[dict[str, Any]] = [
        {"do": "theme", "id": "noir-ink", "fade_frames": 0}, {"do": "prompt", "text": "a calm sea"},
        {"do": "strength", "value": 0.5}, {"do": "view", "value": "split"}, {"do": "quality", "value": 1},
        {"do": "theme_parameters", "theme": theme}, {"do": "ping", "at": 12.5}, {"do": "reset"},
    ]  # fmt: skip
    return [json.dumps(message).encode() for message in asked]


_PROFILE = b'title = "A*"\nstrength = 0.5\n[keep]\nregions = [[0.0, 0.9, 1.0, 0.1]]\n'
_JSON = (b"{", b"}", b"[", b"]", b'"', b":", b",", b"null", b"NaN", b"1e999", b"-1", b"\\u0000", b"\\r\\n", b"m=video",
         b"a=candidate:", b"65536", b"\xff", b'"theme"', b'"do"')  # fmt: skip
_TOML = (b"[[", b"]]", b"[", b"]", b"{", b"}", b"=", b".", b",", b'"""', b"'''", b"#", b"\\u", b"\\U0010FFFF", b"\x00",
         b"\xff", b"\xef\xbb\xbf", b"\r", b"1979-05-27", b"inf", b"nan", b"name", b"colors", b"material", b"sky",
         b"light", b"sun", b"keep", b"regions", b'"#fff"', b'"clouds"', b"true")  # fmt: skip
_HEADER = (b'"dtype"', b'"shape"', b'"data_offsets"', b"[", b"]", b"{", b"}", b"NaN", b"-1", b"1e9", b"null", b'"F64"')

FORMATS: dict[str, Format] = {
    "theme": Format(seeds=_shipped, feed=_theme, tokens=_TOML, names_place=True, limit_ms=50),
    "settings": Format(seeds=_settings_seeds, feed=_settings, tokens=_TOML, names_place=True, limit_ms=50),
    "profile": Format(seeds=lambda: [_PROFILE], feed=_profile, tokens=_TOML, names_place=True, limit_ms=50),
    "timeline": Format(seeds=_timeline_seeds, feed=_timeline, tokens=_TOML, names_place=True),
    "prompt": Format(seeds=lambda: [b"a warm autumn afternoon", b"rain-soaked neon megacity at night, magenta haze"],
                     feed=_prompt, needs_file=False, tokens=(b" ", b"\xf0\x9f\x8c\x99", b"not ", b"dark", b"\n")),
    "picture": Format(seeds=_picture_seeds, feed=_picture),
    "video": Format(seeds=_video_seeds, feed=_video),
    "onnx": Format(seeds=_onnx_seeds, feed=_onnx, refusals=(ReskinError, ValueError), needs_file=False),
    "offer": Format(seeds=_offer_seeds, feed=_offer, needs_file=False, tokens=_JSON),
    "message": Format(seeds=_message_seeds, feed=_message, needs_file=False, tokens=_JSON),
    "safetensors": Format(seeds=_safetensors_seeds, feed=_safetensors, refusals=(ValueError,), tokens=_HEADER),
}  # fmt: skip


def seeds_of(name: str) -> list[bytes]:
    """What an input is made of: the format's own examples and, more rarely, what earlier runs have found."""
    kept = sorted((CORPUS / name).glob("*")) if (CORPUS / name).is_dir() else []
    return [*OWN_WEIGHT * list(FORMATS[name].seeds()), *(path.read_bytes() for path in kept)]


def input_of(name: str, seed: int, index: int, seeds: Sequence[bytes]) -> bytes:
    """Every input can be made again by itself, while the corpus is what it was."""
    format_ = FORMATS[name]
    rng = random.Random(f"{name}:{seed}:{index}")
    return mutated(seeds, format_.tokens, rng, lines=format_.names_place)
