"""The table of tools/evaluate.py, made from the figures of its JSON line alone; a dash is not measured."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

# Ways of making a picture, as the keys name them: psnr_<way>, ssim_<way>, ...
WAY_LABELS = {
    "model": "our model live, its HUD kept by the maps",
    "colour_transfer": "colour transfer (Reinhard)",
    "colour_table": "one colour table a theme, fitted to other worlds' truth",
    "underpaint": "underpainting alone",
    "past_taken_away": "our Painter, its past taken away",
    "no_history": "trained without history",
    "feed_forward": "trained without diffusion",
    "no_augmentation": "trained without history augmentation",
    "steps_1": "our Painter, 1 step",
    "steps_2": "our Painter, 2 steps",
    "steps_8": "our Painter, 8 steps",
    "steps_1_distilled": "distilled on top, 1 step",
    "steps_2_distilled": "distilled on top, 2 steps",
    "steps_8_distilled": "distilled on top, 8 steps",
    "underpaint_true_materials": "underpainting of true materials and depth",
    "painter_true_materials": "our Painter on these",
}
# Key, what it is called, and what issue 3 asks for.
STABILITY = (
    ("stability_first_db", "first 240 frames, dB", ""),
    ("stability_last_db", "last 240 frames, dB", "within 0.2 of the first"),
    ("sharpness_ratio", "sharpness, last over first", "0.97 to 1.03"),
    ("colour_ratio", "chroma, last over first", "0.97 to 1.03"),
    ("stability_anchored", "times the drift meter began anew", ""),
)
SINGLE = {
    "reading": (
        ("reading_worlds", "pixels of held-out worlds read right, in a stream", "0.92"),
        ("reading_frames", "of single frames", ""),
        ("reading_frames_near_edges", "of these within 2 pixels of an edge", ""),
        ("near_edges_share", "which are this share of all", ""),
        ("reading_real", "hand-labelled cells of real games", "0.80"),
    ),
    "stability": STABILITY,
    "stability, trained without history augmentation": tuple(
        (f"{key}_no_augmentation", label, "") for key, label, _ in STABILITY
    ),
    "stability in one theme": tuple((f"{key}_one_theme", label, wanted) for key, label, wanted in STABILITY),
    "stability in one theme, trained without history augmentation": tuple(
        (f"{key}_one_theme_no_augmentation", label, "") for key, label, _ in STABILITY
    ),
    "calm and cost": (
        ("still_change_255", "change on a still frame, 1/255 per frame", "below 1"),
        ("step_p50_ms", "whole step and its reading p50, ms", "30 on one core"),
        ("step_p95_ms", "whole step and its reading p95, ms", ""),
    ),
    "real games, Painter over underpainting": (
        ("sharpness_real", "Laplacian energy", "at least 0.95"),
        ("structure_real", "edge agreement with the game", "at least 0.95"),
        ("flicker_real_255", "flicker by estimated flow, 1/255", "at most the underpainting's"),
        ("flicker_real_255_underpaint", "the underpainting's flicker", ""),
        ("flicker_real_255_game", "the game's own flicker", ""),
    ),
}
NOT_MEASURED = "-"
WANTED = {
    "model": "flicker at most 1.15",
    "colour_transfer": "6 dB below ours",
    "underpaint": "5 dB below ours",
    "steps_1": "within 0.5 dB of 8",
    "steps_2": "within 0.2 dB of 8",
}


CLIPS, STEPS = 700, 1000  # that our Painter and each of its variants learnt from
DISTILLED_STEPS = 400


def _commands(train: str, folder: str) -> str:
    return (
        f"{train}, then tools/export.py painter {folder}/checkpoint.pt --folder {folder}, whose painter.onnx goes there"
    )


# Ways of variants, and what makes each file; distillation is a stage on top of ours.
COMMANDS = {
    way: _commands(
        f"tools/train.py painter --variant {variant} --count {CLIPS} --steps {STEPS}", f"runs/painter_{variant}"
    )
    for way, variant in ((way, way.replace("_", "-")) for way in ("no_history", "feed_forward", "no_augmentation"))
} | {
    f"steps_{steps}_distilled": _commands(
        f"tools/train.py painter --folder runs/painter_distilled --start runs/painter/checkpoint.pt --shortcuts 0.4 "
        f"--lr 0.008 --count {CLIPS} --steps {DISTILLED_STEPS}",
        "runs/painter_distilled",
    )
    for steps in (1, 2, 8)
}
# What the JSON line has in any case, null when it was not measured.
REQUIRED = (
    *(f"psnr_{way}" for way in WAY_LABELS),
    *(f"ssim_{way}" for way in ("model", "underpaint", "colour_transfer", "colour_table")),
    "flicker_ratio",
    "recovery_frames",
    "recovery_frames_no_augmentation",
    *(key for rows in SINGLE.values() for key, _, _ in rows),
)


def print_table(console: Console, summary: dict[str, Any]) -> None:
    """`summary` is the JSON line; its clips and frames are what the figures of fidelity are means of."""
    worlds = f"{summary['clips']} held-out worlds ({summary['split']}) of {summary['frames']} frames"
    table = Table(title=f"{summary['preset']}: {worlds}, in the shipped themes")
    table.add_column("figure", no_wrap=True)
    for name in ("value", "SSIM", "flicker", "sharpness"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("asked for")
    table.add_row("[b]PSNR in dB; the last two over the truth's own")
    for way, label in WAY_LABELS.items():
        suffix = "" if way == "model" else f"_{way}"
        more = (f"ssim_{way}", f"flicker_ratio{suffix}", f"sharpness_of_truth{suffix}")
        cells = ["" if summary.get(key) is None else f"{summary[key]:.2f}" for key in more]
        table.add_row(label, _cell(summary[f"psnr_{way}"]), *cells, _remark(way, summary))
    for title, rows in SINGLE.items():
        table.add_section()
        if all(summary[key] is None for key, _, _ in rows):
            table.add_row(f"[b]{title}", NOT_MEASURED)
            continue
        table.add_row(f"[b]{title}")
        for key, label, wanted in rows:
            table.add_row(label, _cell(summary[key]), "", "", "", wanted)
    for suffix, title in (
        ("", "recovery, frames: mean / worst"),
        ("_no_augmentation", "recovery without augmentation"),
    ):
        table.add_section()
        means = summary[f"recovery_frames{suffix}"]
        table.add_row(f"[b]{title}", NOT_MEASURED if means is None else "")
        for name, mean in (means or {}).items():
            frames_text = f"{mean:g} / {summary[f'recovery_frames_worst{suffix}'][name]}"
            label = f"history replaced by {name.replace('_', ' ')}"
            table.add_row(label, frames_text, "", "", "", "at most 12")
    by_material = summary.get("reading_by_material")
    if by_material is not None:
        table.add_section()
        table.add_row("[b]pixels read right, by what is there")
        for name, share in by_material.items():
            table.add_row(name, "none there" if share is None else f"{share:g}")
    console.print(table)


def _cell(value: float | None) -> str:
    return NOT_MEASURED if value is None else f"{value:g}"


def _remark(way: str, summary: dict[str, Any]) -> str:
    if way in COMMANDS and summary[f"psnr_{way}"] is None:
        return "not trained: see below"
    return WANTED.get(way, "")
