"""A look in the making: the middle colour of every stage material in Oklab, the light, and the steps that change it.

`compose` lays the scenes of a reading over each other, then applies the steps of its moods in the lexicon's order, then
its colours. Everything is arithmetic on (stage, 3) arrays of L, a, b. Knows nothing of words or of themes' files.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from reskin.palette import from_oklch, parse_hex, to_hex, to_oklab
from reskin.prompts.reading import Reading
from reskin.prompts.tables import Mood, Scene, lexicon

STAGES = ("sky", "horizon", "ground", "foliage", "rock", "structure", "roof", "water", "accent")
AREAS = np.array([0.2, 0.07, 0.27, 0.14, 0.07, 0.14, 0.05, 0.06, 0.0])  # of a typical picture
ROW = {name: index for index, name in enumerate(STAGES)}
Lab = np.ndarray  # (3,) or (stages, 3): Oklab lightness, a, b
GREY_CHROMA = 0.03  # what has less has no hue
TAKEN_DEG = 50.0  # from a hue that shall not be
LIT_BY_MOOD = 0.75  # from this share on a mood says how light it is, and no colour does
FINISH = ("outline", "saturation", "contrast", "grain", "bloom", "vignette")
LARGEST_BLOCK, LEAST_TONES, MOST_TONES = 0.05, 2, 32  # as a theme's finish allows


@dataclass(kw_only=True)
class PromptLook:
    lab: Lab  # (stages, 3)
    sun: Lab  # (3,)
    elevation_deg: float = 36.0
    power: float = 1.1
    fog: float = 0.15  # density
    fog_lab: Lab | None = None  # None: as the horizon
    patterns: dict[str, str] = field(default_factory=dict)  # material to pattern
    finish: dict[str, float] = field(default_factory=dict)
    detail: float = 0.8
    relight: float = 0.25
    lava: bool = False
    painted_sky: float = 0.0  # how much of the sky an earlier step has made
    tinted: float = 0.0  # how much of the materials' own hues is washed over

    @property
    def mean_lightness(self) -> float:
        return float(AREAS @ self.lab[:, 0] / AREAS.sum())


def lab_of(code: str) -> Lab:
    return np.array(to_oklab(parse_hex(code if code.startswith("#") else f"#{code}")))


def hex_of(lab: Lab) -> str:
    return to_hex(from_oklch(float(lab[0]), math.hypot(lab[1], lab[2]), math.atan2(lab[2], lab[1])))


def compose(reading: Reading) -> PromptLook:
    words = lexicon()
    weights = reading.scenes or {"plain": 1.0}
    scenes = [words.scenes[name] for name in weights]
    look = blend([(scene, weights[scene.name] * scene.light.get("weight", 1.0)) for scene in scenes])
    for name, mood in words.moods.items():
        strength = reading.moods.get(name, 0.0)
        if strength > 0 and name not in reading.denied:
            for step, *values in mood.steps:
                STEPS[step](look, values, strength)
    _wash(look, reading)
    for name in sorted(reading.denied & words.colors.keys()):
        _take_out(look, lab_of(words.colors[name]))
    for part, name, shade in reading.bound:
        _bind(look, part, shaded(words.colors[name], shade))
    if "fog" in reading.denied:
        look.fog = 0.0
    for name, strength in reading.drawings.items():
        _draw(look, words.drawings[name], strength)
    return look


def _draw(look: PromptLook, drawing: dict[str, float], strength: float) -> None:
    """In blocks, in few tones: of more than one drawing the larger blocks and the fewer tones count."""
    if pixel := min(drawing.get("pixel", 0.0) * strength, LARGEST_BLOCK):
        look.finish["pixel"] = max(look.finish.get("pixel", 0.0), pixel)
    if levels := drawing.get("levels", 0.0):
        tones = min(max(round(levels / strength), LEAST_TONES), MOST_TONES)
        look.finish["levels"] = min(look.finish.get("levels", MOST_TONES), tones)


def blend(scenes: list[tuple[Scene, float]]) -> PromptLook:
    """The weighted mean of scenes' colours, with the chroma that they have and not the less that a mean has."""
    shares = np.array([weight for _, weight in scenes])
    shares = shares**1.5 / (shares**1.5).sum()
    tables = np.array([_scene_lab(scene) for scene, _ in scenes])  # (scenes, stages + sun, 3)
    mean = np.einsum("n,nsc->sc", shares, tables)
    wanted = np.einsum("n,ns->s", shares, np.hypot(tables[..., 1], tables[..., 2]))
    got = np.hypot(mean[:, 1], mean[:, 2])
    mean[:, 1:] *= np.clip(wanted / np.maximum(got, 1e-6), 1.0, 1.7)[:, None]
    opposed = got < 0.45 * wanted  # green and pink would be a grey that is neither: the main scene's hue goes through
    mean[opposed, 1:] = tables[int(shares.argmax()), opposed, 1:]
    light = {key: 0.0 for scene, _ in scenes for key in scene.light}
    for (scene, _), share in zip(scenes, shares, strict=True):
        for key in light:
            light[key] += float(share) * scene.light.get(key, _PLAIN_LIGHT.get(key, 0.0))
    main = scenes[int(shares.argmax())][0]
    ground, structure = main.patterns
    look = PromptLook(
        lab=mean[:-1], sun=mean[-1], elevation_deg=light.get("elev", 36.0), power=light.get("power", 1.1),
        fog=light.get("fog", 0.15), patterns={"ground": ground, "structure": structure},
        finish={key: value for key, value in light.items() if key in FINISH},
        detail=light.get("detail", 0.8), lava=main.lava,
    )  # fmt: skip
    mean_l = look.mean_lightness
    move_light(look, mean_l - 0.08 * math.exp(-(((mean_l - 0.63) / 0.12) ** 2)), 1.0)  # the table is drawn light
    return look


_PLAIN_LIGHT = {"saturation": 1.0, "contrast": 1.0, "detail": 0.8, "power": 1.1, "elev": 36.0}


def _scene_lab(scene: Scene) -> Lab:
    """(stages + 1, 3): the scene's colours with the rock between its ground and walls, its sun last."""
    sky, horizon, ground, foliage, structure, roof, water, accent, sun = (lab_of(code) for code in scene.colors)
    rock = 0.5 * (ground + structure) * [0.95, 0.6, 0.6] + [0, 0, -0.006]
    return np.array([sky, horizon, ground, foliage, rock, structure, roof, water, accent, sun])


def shaded(code: str, shade: str) -> Lab:
    """A named colour made dark, pale, vivid or muted by the word before it."""
    lab = lab_of(code)
    light, chroma = {
        "dark": (lab[0] * 0.62, 0.9), "pale": (0.55 * lab[0] + 0.42, 0.5), "vivid": (0.7 * lab[0] + 0.2, 1.25),
        "muted": (lab[0], 0.5),
    }.get(shade, (lab[0], 1.0))  # fmt: skip
    return np.array([light, *(lab[1:] * chroma)])


def _wash(look: PromptLook, reading: Reading) -> None:
    """The colours that were said of no part: one tints all, of more the second takes the sky and the accents."""
    codes = [shaded(lexicon().colors[name], shade) for name, shade in reading.colors]
    if not codes:
        return
    alone = not (reading.scenes or reading.moods)
    amount = 0.88 if reading.everything else 0.8 if alone else 0.62
    first = codes[0]
    tint(look, first, amount, whole=True)
    if not any(_lights(lexicon().moods[name]) for name in reading.moods):
        move_light(look, 0.135 + 0.75 * first[0], (0.9 if alone or reading.everything else 0.5))
    if len(codes) == 1:
        if alone:
            look.lab[ROW["accent"], 1:] = -first[1:] * 0.9
        return
    second = codes[1]
    for name, share in (("sky", 0.75), ("horizon", 0.6), ("water", 0.7), ("roof", 0.6), ("foliage", 0.35)):
        _mix_hue(look, name, second, share)
    look.lab[ROW["accent"]] = codes[-1]


def _take_out(look: PromptLook, color: Lab) -> None:
    """What is of that hue becomes nearly grey: "a forest without any green"."""
    if math.hypot(color[1], color[2]) > GREY_CHROMA:
        gaps = np.arctan2(look.lab[:, 2], look.lab[:, 1]) - math.atan2(color[2], color[1])
        look.lab[np.cos(gaps) > math.cos(math.radians(TAKEN_DEG)), 1:] *= 0.2


def _lights(mood: Mood) -> bool:
    return any(step == "light" and float(values[1]) >= LIT_BY_MOOD for step, *values in mood.steps)


def _bind(look: PromptLook, part: str, lab: Lab) -> None:
    if part == "light":
        look.sun = np.array([max(lab[0], 0.72), lab[1], lab[2]])
        tint(look, lab, 0.6)
        _mix_hue(look, "horizon", lab, 0.5)
    elif part == "fog":
        look.fog_lab = lab
        look.fog = max(look.fog, 0.35)
        tint(look, lab, 0.5)
        _mix_hue(look, "horizon", lab, 0.7)
    else:
        _paint(look, part, lab, 0.9)
        if part == "sky":
            _paint(look, "horizon", np.array([min(lab[0] + 0.18, 0.95), *(lab[1:] * 0.6)]), 0.85)
            look.fog_lab = None


def _paint(look: PromptLook, part: str, lab: Lab, share: float) -> None:
    row = ROW[part]
    look.lab[row] = (1 - share) * look.lab[row] + share * lab


def _mix_hue(look: PromptLook, part: str, lab: Lab, share: float) -> None:
    """Hue and chroma towards a colour's, lightness only a little."""
    row = ROW[part]
    look.lab[row] = look.lab[row] * [1 - 0.3 * share, 1 - share, 1 - share] + lab * [0.3 * share, share, share]


def tint(look: PromptLook, lab: Lab, share: float, *, whole: bool = False) -> None:
    """All materials towards a colour's hue; each keeps some chroma of its own, and figures their contrast."""
    free = 1.0 - look.tinted  # washes over washes would leave one hue
    share = share * free if not whole else share
    look.tinted += (1 - look.tinted) * share * 0.6
    vivid = np.clip((np.hypot(look.lab[:, 1], look.lab[:, 2]) - 0.07) / 0.1, 0.0, 1.0)
    shares = share * (1.0 - (0.0 if whole else 0.55) * vivid)  # what is colourful by itself stays more of what it is
    shares[ROW["accent"]] = 0.0
    pulled = np.outer(0.55 + 0.45 * _chroma_like(look), lab[1:])
    look.lab[:, 1:] += shares[:, None] * (pulled - look.lab[:, 1:])
    look.sun[1:] += 0.3 * share * (lab[1:] - look.sun[1:])


def _chroma_like(look: PromptLook) -> np.ndarray:
    """(stages,) how colourful each is beside the others, 0.4 to 1.4: so a wash is not one flat colour."""
    chroma = np.hypot(look.lab[:, 1], look.lab[:, 2])
    return np.clip(chroma / max(float(AREAS @ chroma / AREAS.sum()), 1e-3), 0.4, 1.4)


def move_light(look: PromptLook, target: float, share: float) -> None:
    """The mean lightness towards a target: all by the same power, so that black stays black and white white."""
    mean = look.mean_lightness
    wanted = mean + min(share, 1.0) * (target - mean)
    lights = np.clip(look.lab[:-1, 0], 0.02, 0.98)
    low, high = 0.15, 40.0  # paper that is nearly white can become dark too
    for _ in range(24):  # the exponent that gives the wanted mean, by halving
        power = math.sqrt(low * high)
        reached = float(AREAS[:-1] @ lights**power / AREAS.sum())
        low, high = (power, high) if reached > wanted else (low, power)
    before = look.lab[:-1, 0].copy()
    look.lab[:-1, 0] = lights**power
    # what is darker holds less colour
    look.lab[:-1, 1:] *= np.clip(look.lab[:-1, 0] / np.maximum(before, 0.05), 0.55, 1.15)[:, None] ** 0.6


Step = Callable[[PromptLook, list[str], float], None]


def _step_light(look: PromptLook, values: list[str], strength: float) -> None:
    move_light(look, float(values[0]), float(values[1]) * strength)


def _step_tint(look: PromptLook, values: list[str], strength: float) -> None:
    tint(look, lab_of(values[0]), min(float(values[1]) * strength, 0.9))


def _step_chroma(look: PromptLook, values: list[str], strength: float) -> None:
    look.lab[:-1, 1:] *= float(values[0]) ** strength


def _step_accent_chroma(look: PromptLook, values: list[str], strength: float) -> None:
    look.lab[-1, 1:] *= float(values[0]) ** strength


def _step_spread(look: PromptLook, values: list[str], strength: float) -> None:
    mean = look.mean_lightness
    look.lab[:-1, 0] = mean + (look.lab[:-1, 0] - mean) * float(values[0]) ** strength


def _step_sky(look: PromptLook, values: list[str], strength: float) -> None:
    share = min(float(values[2]) * strength, 1.0) * (1.0 - 0.55 * look.painted_sky)
    look.painted_sky = max(look.painted_sky, share)
    _paint(look, "sky", lab_of(values[0]), share)
    _paint(look, "horizon", lab_of(values[1]), share)
    look.lab[ROW["water"]] += 0.35 * share * (lab_of(values[0]) - look.lab[ROW["water"]]) * (not look.lava)


def _step_sun(look: PromptLook, values: list[str], strength: float) -> None:
    share = min(float(values[3]) * strength, 1.0)
    look.sun = look.sun + share * (lab_of(values[0]) - look.sun)
    look.power += share * (float(values[1]) - look.power)
    look.elevation_deg += share * (float(values[2]) - look.elevation_deg)


def _step_fog(look: PromptLook, values: list[str], strength: float) -> None:
    look.fog = min(max(look.fog, float(values[0]) * strength), 0.7)


def _step_fog_tint(look: PromptLook, values: list[str], strength: float) -> None:
    own = look.lab[ROW["horizon"]] if look.fog_lab is None else look.fog_lab
    look.fog_lab = own + min(float(values[1]) * strength, 1.0) * (lab_of(values[0]) - own)


def _step_material(part: str) -> Step:
    return lambda look, values, strength: _paint(look, part, lab_of(values[0]), min(float(values[1]) * strength, 1.0))


def _step_finish(key: str) -> Step:
    def step(look: PromptLook, values: list[str], strength: float) -> None:
        if key in ("saturation", "contrast"):
            look.finish[key] = look.finish.get(key, 1.0) * float(values[0])
        else:
            look.finish[key] = min(max(look.finish.get(key, 0.0), float(values[0]) * strength), 1.0)

    return step


def _step_pattern(look: PromptLook, values: list[str], strength: float) -> None:
    look.patterns[values[0]] = values[1]


def _step_detail(look: PromptLook, values: list[str], strength: float) -> None:
    look.detail = float(values[0])


def _step_lava(look: PromptLook, values: list[str], strength: float) -> None:
    look.lava = True
    _paint(look, "water", lab_of("f06010"), 0.9)


STEPS: dict[str, Step] = {
    "light": _step_light,  # mean lightness, share of the way there
    "tint": _step_tint,  # colour, share
    "chroma": _step_chroma,  # factor on all but the accents
    "accentchroma": _step_accent_chroma,  # factor
    "spread": _step_spread,  # factor on the differences of lightness between materials
    "sky": _step_sky,  # colour overhead, colour at the horizon, share
    "sun": _step_sun,  # colour, power, elevation in degrees, share
    "fog": _step_fog,  # density at least
    "fogtint": _step_fog_tint,  # colour, share
    "pattern": _step_pattern,  # material, pattern
    "plainwalls": lambda look, values, strength: look.patterns.update(structure="plain"),
    "plainsky": lambda look, values, strength: look.patterns.update(sky="plain"),
    "detail": _step_detail,
    "lava": _step_lava,  # water is molten and shines
    **{part: _step_material(part) for part in ("ground", "roof", "foliage", "rock", "structure")},  # colour, share
    **{key: _step_finish(key) for key in FINISH},
}  # fmt: skip
