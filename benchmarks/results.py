"""What was measured: printed, kept in results.json, and shown as a table in README.md."""

import json
from operator import truediv
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import Comparison, Figure, shown

FOLDER = Path(__file__).parent
KEPT = FOLDER / "results.json"
README = FOLDER / "README.md"
BEGIN, END = "<!-- results: `python -m benchmarks all --write` -->", "<!-- end of results -->"

# A benchmark's results: {"machine": {name: value}, "comparisons": [Comparison as a dictionary]}
Results = dict[str, Any]


def as_results(machine: dict[str, str], comparisons: list[Comparison]) -> Results:
    return {"machine": machine, "comparisons": [_as_dict(comparison) for comparison in comparisons]}


def in_words(results: Results) -> str:
    """For the console."""
    lines = [", ".join(f"{name} {value}" for name, value in results["machine"].items())]
    for comparison in map(_from_dict, results["comparisons"]):
        lines += ["", comparison.what, f"  at least: {comparison.goal}"]
        lines += [
            f"  {figure.name:<34} {figure.in_words()}" for figure in (comparison.ours, *comparison.beside)
        ]
        lines += [f"  {_share(comparison)}"]
        lines += [f"  {note}" for note in comparison.notes]
    return "\n".join(lines)


def keep(new: dict[str, Results]) -> None:
    """Put them in the place of the older ones of the same benchmarks, and draw the README's table anew."""
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    kept |= new
    KEPT.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    before, _, rest = README.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(f"{before}{BEGIN}\n{_table(kept)}\n{END}{after}")


def _table(kept: dict[str, Results]) -> str:
    lines = [
        "| benchmark | what | at least | measured | beside | share |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, results in kept.items():
        for comparison in map(_from_dict, results["comparisons"]):
            beside = "<br>".join(f"{each.name}: {each.in_words()}" for each in comparison.beside)
            cells = [f"`{name}`", comparison.what, comparison.goal, comparison.ours.in_words(), beside]
            lines.append(f"| {' | '.join([*cells, _share(comparison)])} |")
    return "\n".join([*lines, "", *_notes(kept)])


def _notes(kept: dict[str, Results]) -> list[str]:
    lines = ["Median (lowest to highest) of the rounds; the share is the median of the rounds' shares.", ""]
    for name, results in kept.items():
        machine = ", ".join(f"{key} {value}" for key, value in results["machine"].items())
        notes = [note for comparison in results["comparisons"] for note in comparison["notes"]]
        lines.append(f"- `{name}`: {' '.join(notes)} Measured on: {machine}.")
    return lines


def _share(comparison: Comparison) -> str:
    """Ours in relation to each figure beside it: the median over the rounds, for those of one round met the same."""
    return ", ".join(
        f"{shown(median(map(truediv, comparison.ours.values, each.values)))} x {each.name}"
        for each in comparison.beside
    )


def _as_dict(comparison: Comparison) -> dict[str, Any]:
    figures = {"ours": comparison.ours._asdict(), "beside": [each._asdict() for each in comparison.beside]}
    return comparison._asdict() | figures


def _from_dict(kept: dict[str, Any]) -> Comparison:
    beside = tuple(Figure(**each) for each in kept["beside"])
    return Comparison(kept["what"], kept["goal"], Figure(**kept["ours"]), beside, tuple(kept["notes"]))
