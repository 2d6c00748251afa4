"""Figures as they are shown and kept."""

import json

import pytest

from benchmarks import results
from benchmarks.measure import Comparison, Figure, in_turn

OURS = Figure("the service", "orders/s", (10.0, 30.0, 20.0, 40.0, 50.0))
FLOOR = Figure("the floor", "orders/s", (60.0, 60.0, 60.0, 60.0, 60.0))
COMPARISON = Comparison("durable", "half of the floor", OURS, (FLOOR,), ("A note.",))
MACHINE = {"cores": "2"}


@pytest.fixture
def kept_here(tmp_path, monkeypatch):
    readme = tmp_path / "README.md"
    readme.write_text(f"# Before\n{results.BEGIN}\nold\n{results.END}\nAfter.\n")
    monkeypatch.setattr(results, "README", readme)
    monkeypatch.setattr(results, "KEPT", tmp_path / "results.json")
    return tmp_path


def test_contestants_take_turns():
    order = []

    def contestant(name, units):
        def run_round():
            order.append(name)
            return units, 2.0

        return run_round

    ours, floor = in_turn({"a": contestant("a", 10), "b": contestant("b", 20)}, "orders/s", 5)
    assert order == ["a", "b"] * 5
    assert (ours.values, floor.median) == ((5.0,) * 5, 10.0)


def test_a_figure_is_its_median_with_lowest_and_highest():
    assert OURS.in_words() == "30.00 orders/s (10.00 to 50.00)"


def test_the_table_is_drawn_anew_and_the_text_around_it_stays(kept_here):
    results.keep({"durable": results.as_results(MACHINE, [COMPARISON])})
    results.keep({"single": results.as_results(MACHINE, [COMPARISON])})
    text = (kept_here / "README.md").read_text()
    assert text.startswith("# Before\n") and text.endswith("After.\n") and "old" not in text
    assert "| `durable` | durable | half of the floor | 30.00 orders/s (10.00 to 50.00) |" in text
    assert "0.50 x the floor" in text and "A note. Measured on: cores 2." in text
    assert list(json.loads((kept_here / "results.json").read_text())) == ["durable", "single"]


def test_the_readme_has_the_place_for_the_table():
    text = results.README.read_text()
    assert results.BEGIN in text and results.END in text
