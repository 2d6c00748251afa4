"""One benchmark in a process of its own: `python -m benchmarks.run_one NAME FILE` leaves its results in FILE."""

import importlib
import json
import sys
from pathlib import Path

import django

from benchmarks.machine import machine
from benchmarks.results import as_results


def main(name: str, file: Path) -> None:
    django.setup()
    facts = machine()  # before the run: afterwards the load would be our own
    comparisons = importlib.import_module(f"benchmarks.{name}").run()
    file.write_text(json.dumps(as_results(facts, comparisons)))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
