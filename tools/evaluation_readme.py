"""The README's table of figures, and the model card's: `python tools/evaluation_readme.py [--write]`.

Every number comes from the file that tools/evaluate.py and tools/bench_models.py filled, and so does whether a goal is
met. They stand between two comments in each of the two files; --write puts them there, without it they are printed.
Figures of other weights than those that ship are refused.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.config import MATERIALS
from engine.live import WEIGHTS
from engine.train.recovery import CORRUPTIONS
from tools.bench_models import RUNTIMES, THREADS, times_in_words
from tools.evaluation_figures import (
    EVALUATED,
    FIGURES,
    MODELS,
    NETWORKS,
    Parts,
    all_figures,
    complaint,
    measured_otherwise,
    read_figures,
)
from tools.evaluation_plots import PICTURES

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- figures: tools/evaluation_readme.py --write -->", "<!-- end of figures -->"
NOTHING = math.nan  # a figure that was not measured: no comparison with it holds
ALT_TEXTS = {
    "evaluation.jpg": "Rows of test worlds: source, materials seen, true materials, underpainting, output, truth",
    "evaluation-fidelity.jpg": "PSNR against the frame of the clip: our model, its variants, filters",
    "evaluation-recovery.jpg": "Distance to the undisturbed run after the history was replaced",
    "evaluation-stability.jpg": "A long stream with theme changes: PSNR, sharpness and colour from turn to turn",
    "evaluation-int8.jpg": "Underpaintings by the Reader in int8 and in fp32, and their difference",
}
Row = tuple[str, str, str, str]


class Found:
    """The figures of all parts; one that is not there reads as `NOTHING`."""

    def __init__(self, parts: Parts) -> None:
        self._figures = all_figures(parts)
        models = parts[MODELS].figures if MODELS in parts else {}
        self._figures |= {key: value for key, value in models.items() if key != MODELS}

    def __getitem__(self, key: str) -> float:
        value = self._figures.get(key)
        return NOTHING if value is None else float(value)

    def by_name(self, key: str) -> dict[str, Any]:
        return self._figures.get(key) or {}

    def text(self, digits: int, *keys: str) -> str:
        return ", ".join(number(self[key], digits) for key in keys)

    def percent(self, key: str) -> str:
        return number(100 * self[key], 1 if self[key] < 0.1 else 0) + " %"


def number(value: float, digits: int) -> str:
    return "not measured" if math.isnan(value) else f"{value:.{digits}f}"


def goal(words: str, *margins: float) -> str:
    """Met where no margin is below zero."""
    if any(math.isnan(margin) for margin in margins):
        return f"{words}: not measured"
    return f"{words}: met" if min(margins) >= 0 else f"{words}: **missed**"


def worst_recovery(found: Found, suffix: str = "") -> tuple[str, float]:
    """Of each corruption in order, and of all; `NOTHING` where one is not measured."""
    worst = found.by_name(f"recovery_frames_worst{suffix}")
    of = [float(worst.get(name, NOTHING)) for name in CORRUPTIONS]
    return ", ".join(number(value, 0) for value in of), NOTHING if any(map(math.isnan, of)) else max(of)


def stability_row(words: str, found: Found, suffix: str) -> Row:
    bare = found.text(3, *(f"stability_{end}_db{suffix}_no_augmentation" for end in ("first", "last")))
    ends = [found[f"stability_{end}_db{suffix}"] for end in ("first", "last")]
    kept = [found[f"{name}_ratio{suffix}"] for name in ("sharpness", "colour")]
    margins = (0.2 - abs(ends[0] - ends[1]), *(0.03 - abs(ratio - 1) for ratio in kept))
    return (
        words.format(frames=f"{found[f'long_frames{suffix}']:,.0f}", themes=number(found[f"long_themes{suffix}"], 0)),
        f"{number(ends[0], 3)}, {number(ends[1], 3)} dB; sharpness and colour {number(kept[0], 3)}, "
        f"{number(kept[1], 3)} of the first",
        f"trained without history augmentation {bare}",
        goal("within 0.2 dB; 0.97 to 1.03", *margins),
    )


def rows(found: Found) -> list[Row]:
    psnr, ssim = found["psnr_model"], found["ssim_model"]
    frames, worst = worst_recovery(found)
    return [
        (
            "PSNR to the true rendering", f"{number(psnr, 2)} dB",
            f"colour transfer (Reinhard) {found.text(2, 'psnr_colour_transfer')}; one table of colours a theme, fitted "
            f"to the truth of other worlds, which no filter's user has, {found.text(2, 'psnr_colour_table')}; "
            f"underpainting (lite) {found.text(2, 'psnr_underpaint')}",
            goal("6 above the transfer", psnr - found["psnr_colour_transfer"] - 6) + "; "
            + goal("5 above the underpainting", psnr - found["psnr_underpaint"] - 5),
        ),
        (
            "SSIM", number(ssim, 3), found.text(3, "ssim_colour_transfer", "ssim_colour_table", "ssim_underpaint"),
            goal("above all", *(ssim - found[f"ssim_{way}"]
                                for way in ("colour_transfer", "colour_table", "underpaint"))),
        ),
        (
            "true materials and depth given", f"{found.text(2, 'psnr_painter_true_materials')} dB",
            f"underpainting {found.text(2, 'psnr_underpaint_true_materials')}", "",
        ),
        (
            "the same net in 1, 2 and 8 steps", f"{found.text(2, 'psnr_steps_1', 'psnr_steps_2', 'psnr_steps_8')} dB",
            f"distilled on top {found.text(2, *(f'psnr_steps_{n}_distilled' for n in (1, 2, 8)))}",
            goal("1 no more than 0.5 below 8", found["psnr_steps_1"] - found["psnr_steps_8"] + 0.5) + "; "
            + goal("2 no more than 0.2", found["psnr_steps_2"] - found["psnr_steps_8"] + 0.2),
        ),
        (
            "the same net, its past taken away", f"{found.text(2, 'psnr_past_taken_away')} dB",
            f"trained without history {found.text(2, 'psnr_no_history')}; without diffusion, one feed-forward step, "
            f"{found.text(2, 'psnr_feed_forward')}; without history augmentation "
            f"{found.text(2, 'psnr_no_augmentation')}", "",
        ),
        (
            "pixels of test worlds read right", f"{found.percent('reading_frames')} of single frames",
            f"{found.percent('reading_frames_near_edges')} within two pixels of an edge "
            f"({found.percent('near_edges_share')} of all); {found.percent('reading_worlds')} in the clips",
            goal("92 %", found["reading_worlds"] - 0.92),
        ),
        (
            "hand-labelled cells of real games read right", found.percent("reading_real"),
            f"{found.percent('reading_real_material_mean')} as a mean over materials",
            goal("80 %", found["reading_real"] - 0.80),
        ),
        stability_row("first and last 240 of {frames} frames with cuts in one theme", found, "_one_theme"),
        stability_row("the same of {frames} frames in {themes} themes by turns", found, ""),
        (
            "frames to recover from noise, black, another theme, cast, blur, a frozen frame, at worst", frames,
            f"trained without history augmentation {worst_recovery(found, '_no_augmentation')[0]}",
            goal("12", 12 - worst),
        ),
        ("change on a still frame", f"{found.text(2, 'still_change_255')} of 255", "",
         goal("1", 1 - found["still_change_255"])),
        (
            "flicker (warp error by exact flow, without HUD) over the truth's", found.text(2, "flicker_ratio"),
            f"underpainting {found.text(2, 'flicker_ratio_underpaint')}; with true materials "
            f"{found.text(2, 'flicker_ratio_painter_true_materials')}",
            goal("1.15", 1.15 - found["flicker_ratio"]),
        ),
        (
            "real clips: flicker by estimated flow", f"{found.text(1, 'flicker_real_255')} of 255",
            f"underpainting {found.text(1, 'flicker_real_255_underpaint')}, the game "
            f"{found.text(1, 'flicker_real_255_game')}",
            goal("no higher than the underpainting", found["flicker_real_255_underpaint"] - found["flicker_real_255"]),
        ),
        (
            "real clips: sharpness and edges over the underpainting's",
            found.text(2, "sharpness_real", "structure_real"), "",
            goal("0.95", found["sharpness_real"] - 0.95, found["structure_real"] - 0.95),
        ),
        (
            "a step with its reading in it, one thread, p50", f"{found.text(1, 'step_p50_ms')} ms",
            f"p95 {found.text(1, 'step_p95_ms')}", goal("30 ms", 30 - found["step_p50_ms"]),
        ),
        (
            "the Reader in int8: pixels that it takes for something else than in fp32",
            found.percent("int8_pixels_changed"), f"underpaintings {found.text(1, 'int8_psnr')} dB apart", "",
        ),
    ]  # fmt: skip


def in_table(heading: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    names = list(heading)
    cells = [names, ["---"] * len(names), *lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def readme_block(parts: Parts, pictures: Path = PICTURES) -> str:
    """What stands in the README between the comments: pictures, what was measured, and two tables."""
    found = Found(parts)
    shown = "\n\n".join(f"![{text}](themes/pictures/{name})" for name, text in ALT_TEXTS.items()
                        if (pictures / name).exists())  # fmt: skip
    networks = sorted({(name, digest[:8]) for part in parts.values() for name, digest in part.networks.items()
                       if name in NETWORKS})  # fmt: skip
    of = {name: part.sizes for name, part in parts.items()}
    told = [
        ("fidelity", "{clips} held-out worlds of {frames} frames in the shipped themes, which no training saw"),
        ("reading", "single frames of {reading_worlds} more"),
        ("recovery", "the recovery from a damaged history on {recovery_clips}"),
        ("stability", "{long_frames:,} frames of one stream"),
        ("real", "both real clips, {real_frames} frames from all over each in {real_themes} themes"),
    ]
    amounts = "; ".join(text.format(**of[name]) for name, text in told if name in of)
    weights = ", ".join(f"`{name}` {digest}" for name, digest in networks)
    text = f"`tools/evaluate.py --preset nano`: {amounts}. Measured with {weights} (SHA-256)."
    main_table = in_table(("figure", "nano", "beside it", "goal"), rows(found))
    return "\n\n".join(filter(None, (shown, text, main_table, models_table(parts))))


def models_table(parts: Parts) -> str:
    if MODELS not in parts:
        return ""
    times = (f"{runtime} {n}, ms" for runtime in RUNTIMES for n in THREADS)
    lines = [
        (name, f"{row['gmacs']:.2f}", f"{row['parameters'] / 1e6:.2f} M", f"{row['bytes'] / 1e6:.2f}",
         *times_in_words(row))
        for name, row in parts[MODELS].figures[MODELS].items()
    ]  # fmt: skip
    heading = in_table(("network, on 1 and 2 threads", "GMAC", "parameters", "MB", *times), lines)
    return f"What each network costs (`tools/bench_models.py --presets`):\n\n{heading}"


def card_block(parts: Parts) -> str:
    """What stands in the model card: the reading by material."""
    found = Found(parts)
    worlds, real = found.by_name("reading_by_material"), found.by_name("reading_real_by_material")
    names = [*MATERIALS, *(name for name in real if name not in MATERIALS)]
    shares = [[number(100 * (of.get(name) or NOTHING), 0) if of.get(name) is not None else "none there"
               for of in (worlds, real)] for name in names]  # fmt: skip
    return in_table(
        ("material", "% of its pixels in test worlds read right", "% of its labelled cells in real games"),
        ((name, *share) for name, share in zip(names, shares, strict=True)),
    )


def blocks(parts: Parts) -> dict[Path, str]:
    return {ROOT / "README.md": readme_block(parts), WEIGHTS / "README.md": card_block(parts)}


def with_block(text: str, block: str, path: Path) -> str:
    """The text with the block between its comments. ClickException."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(END) < text.index(BEGIN):
        raise click.ClickException(f"{path}: expected one '{BEGIN}' and one '{END}' after it, to write between them")
    return f"{text[: text.index(BEGIN)]}{BEGIN}\n\n{block}\n\n{text[text.index(END) :]}"


def shipped_parts(path: Path) -> Parts:
    """All parts, each of the weights that ship. ClickException that says what to run."""
    parts = read_figures(path)
    missing = [name for name in (*EVALUATED, MODELS) if name not in parts]
    lacks = [f"{path} lacks {', '.join(missing)}: tools/evaluate.py and tools/bench_models.py --figures measure it"]
    otherwise = measured_otherwise(parts)
    if missing or otherwise:
        raise click.ClickException("\n".join([*(lacks if missing else []), complaint(otherwise)]).strip())
    return parts


@click.command(help=__doc__)
@click.option("--figures", default=FIGURES, show_default=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--write", is_flag=True, help="Into README.md and engine/weights/README.md.")
def main(figures: Path, write: bool) -> None:
    for path, block in blocks(shipped_parts(figures)).items():
        if write:
            path.write_text(with_block(path.read_text(encoding="utf-8"), block, path), encoding="utf-8")
        else:
            click.echo(f"{path}:\n\n{block}\n")


if __name__ == "__main__":
    main()
