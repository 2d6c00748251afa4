"""How fast it is: `python -m benchmarks` lists the benchmarks, `python -m benchmarks NAME...` runs some, `all` all.

Each runs in a process and a database of its own, which is dropped at the end. Needs DATABASE_URL and REDIS_URL;
`make bench` starts both servers.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.results import Results, in_words, keep
from benchmarks.scratch import scratch_database

BENCHMARKS = {
    "core": "the pure core beside two engines from PyPI",
    "durable": "the whole service in batches of 100, beside a COPY of the same rows",
    "single": "the whole service, one order a batch, beside bare single-order transactions",
    "http": "POST /orders and GETs through the real servers, beside views that do nothing",
    "growth": "the durable figure on top of 5 million orders, beside empty tables (takes a while, needs 15 GB)",
    "perpetual": "batches of 100 on a perpetual, beside the same on spot",
    "liquidations": "a mark price that brings 1,000 of 100,000 positions under maintenance",
    "symbols": "four symbols in two processes, beside one process",
}
ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "exchange_site.settings",
    "SECRET_KEY": "for-benchmarks-only-0123456789-0123456789-0123456789",
    "BOURSE_DEMO": "1",
    "RATE_LIMIT": "off",
    "PRICE_FEED": "simulation",
}


def main() -> None:
    listed = "\n".join(f"  {name:<12} {what}" for name, what in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, epilog=f"benchmarks:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("names", nargs="*", metavar="NAME", choices=["all", [], *BENCHMARKS])
    parser.add_argument(
        "--write", action="store_true", help="keep the results and refresh the README's table"
    )
    options = parser.parse_args()
    if not options.names:
        parser.print_help()
        return
    for name in BENCHMARKS if "all" in options.names else options.names:
        print(f"\n{name}: {BENCHMARKS[name]}", flush=True)
        results = measure(name)
        print(in_words(results), flush=True)
        if options.write:
            keep({name: results})


def measure(name: str) -> Results:
    with scratch_database() as url, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "results.json"
        environment = os.environ | ENVIRONMENT | {"DATABASE_URL": url}
        subprocess.run(
            [sys.executable, "-m", "benchmarks.run_one", name, str(file)], env=environment, check=True
        )
        results: Results = json.loads(file.read_text())
    return results


if __name__ == "__main__":
    os.environ.update(ENVIRONMENT | {"SECRET_KEY": os.environ.get("SECRET_KEY", ENVIRONMENT["SECRET_KEY"])})
    main()
