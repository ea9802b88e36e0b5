"""Feeds damaged files to everything that reads files: nothing may crash, hang, take long, or be refused without a word.

    python tools/fuzz.py [--format theme] [--format ...] [--count 200000] [--seed 1] [--keep]

Every input follows from format, seed and number alone. A table, what was slowest, then one JSON line. --keep writes
what went wrong into tests/corpus, where the tests try it again. --atheris steers by coverage instead, for pure Python.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.fuzzing.formats import CORPUS, FORMATS, input_of, seeds_of
from tools.fuzzing.worker import Fault, judged, run

SLOWER = 10  # what is watched for coverage takes this much longer
MOST_SHOWN = 10
MOST_KEPT_BYTES = 10_000  # of one input: the corpus is part of the repository


def fuzzed(name: str, seed: int, count: int, bar: Progress) -> dict[str, object]:
    """The outcome of one format, as it goes into the JSON line."""
    task = bar.add_task(name, total=count)
    refused, slowest, faults = 0, (0.0, -1), list[Fault]()
    for progress in run(name, seed, count):
        refused += progress.refused
        slowest = max(slowest, (progress.slowest_ms, progress.slowest_index))
        faults += progress.faults
        bar.advance(task, progress.done)
    told = f"{len(faults)} faults, slowest {slowest[0]:.1f} of {FORMATS[name].limit_ms:g} ms (number {slowest[1]})"
    bar.print(f"{name}: {count} inputs, {told}", markup=False, highlight=False)  # an end of hours may not come
    return {
        "format": name, "count": count, "refused": refused, "loaded": count - refused - len(faults),
        "slowest_ms": round(slowest[0], 2), "slowest": slowest[1], "limit_ms": FORMATS[name].limit_ms,
        "faults": [[fault.index, fault.why] for fault in faults],
    }  # fmt: skip


def keep(name: str, seed: int, index: int) -> Path | None:
    """Writes an input into the corpus unless it is too large; its path."""
    content = input_of(name, seed, index, seeds_of(name))
    if len(content) > MOST_KEPT_BYTES:
        return None
    path = CORPUS / name / hashlib.sha256(content).hexdigest()[:12]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _escaped(token: bytes) -> str:
    """As libFuzzer's dictionaries have it."""
    return "".join(f"\\x{value:02x}" for value in token)


def steer(name: str, count: int) -> None:
    """Atheris (libFuzzer) instead of our own mutations; ends the process. It sees the coverage of Python code alone."""
    try:
        import atheris
    except ImportError as error:
        raise click.ClickException(
            f"atheris is not there ({error}). Install it with `pip install atheris` (it has wheels for CPython 3.11 to "
            "3.13 on Linux), or leave --atheris out"
        ) from error
    format_ = FORMATS[name]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "input.toml"
        seeds = Path(folder) / "seeds"
        seeds.mkdir()
        with atheris.instrument_imports(include=["reskin", "engine", "tomllib"]):  # what is imported when it is used
            examples = seeds_of(name)
            judged(format_, examples[0], path)
        for number, content in enumerate(examples):
            (seeds / str(number)).write_bytes(content)

        def one(content: bytes) -> None:
            spent, _ = judged(format_, content, path)
            assert spent <= SLOWER * format_.limit_ms, f"{spent:.0f} ms"

        (CORPUS / name).mkdir(parents=True, exist_ok=True)
        words = Path(folder) / "words"
        words.write_text("".join(f'"{_escaped(token)}"\n' for token in format_.tokens), encoding="ascii")
        options = [
            f"-runs={count}",
            f"-dict={words}",
            "-max_len=70000",
            "-timeout=20",
            f"-artifact_prefix={CORPUS / name}/",
        ]
        atheris.Setup([sys.argv[0], *options, str(seeds)], one)
        atheris.Fuzz()


@click.command(help=__doc__)
@click.option("--format", "names", type=click.Choice(list(FORMATS)), multiple=True, help="All when left out.")
@click.option("--count", type=click.IntRange(min=1), default=200_000, show_default=True, help="Inputs a format.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--keep", "kept", is_flag=True, help="Write what went wrong into tests/corpus.")
@click.option("--atheris", is_flag=True, help="Steer by coverage; one format.")
def main(names: tuple[str, ...], count: int, seed: int, kept: bool, atheris: bool) -> None:
    if atheris:
        if len(names) != 1:
            raise click.UsageError("--atheris takes one --format.")
        steer(names[0], count)
    columns = (TextColumn("{task.description:12}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        results = [fuzzed(name, seed, count, bar) for name in names or FORMATS]
    table = Table("format", "inputs", "loaded", "refused", "slowest, ms of CPU", "its number", "faults")
    for result in results:
        row = [result[key] for key in ("format", "count", "loaded", "refused", "slowest_ms", "slowest")]
        table.add_row(*map(str, row), str(len(result["faults"])))  # type: ignore[arg-type]
    Console().print(table)
    failed = False
    for result in results:
        faults = result["faults"]
        assert isinstance(faults, list)
        failed |= bool(faults)
        for index, why in faults[:MOST_SHOWN]:
            click.echo(f"{result['format']} {index}: {why}")
            if kept:
                click.echo(f"    {keep(str(result['format']), seed, index) or 'too large to keep'}")
    click.echo(json.dumps({"seed": seed, "results": results}))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
