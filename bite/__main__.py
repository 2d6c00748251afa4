"""Does the suite bite? `python -m bite` plants every fault of bite/faults/, one at a time, each in a fresh copy of
the checkout, and runs the tests that should notice it. Exits with 1 if fewer than 95 % are caught.

Needs DATABASE_URL and REDIS_URL; `make bite` starts both servers.
"""

import argparse
import signal
import sys
from types import FrameType

from bite.fault import Fault, read_all
from bite.report import Result, enough, in_words, line, summary, write
from bite.trial import Outcome, try_out, try_without
from exchange_site.local.console import say


def main() -> int:
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, _stop)
    faults = [fault for fault in read_all() if not options.words or _is_named(fault, options.words)]
    if options.list:
        for fault in faults:
            say(f"{fault.name}: {fault.harm}")
        return 0
    if options.write and options.words:
        say("Only the result of all faults can be written.")
        return 2
    if not faults:
        say("No fault has these words in its name; --list shows them all.")
        return 2
    if not _is_green_without(faults):
        return 1
    results = _try_all(faults)
    say(f"\n{in_words(results)}\n\n{summary(results)}")
    if options.write:
        write(results)
    return 0 if enough(results) else 1


def _stop(number: int, frame: FrameType | None) -> None:
    """So that the tests in hand are stopped too; once is enough."""
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bite", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "words", nargs="*", metavar="WORD", help="only faults with a word of these in the name"
    )
    parser.add_argument("--list", action="store_true", help="show the faults and what they would cost")
    parser.add_argument("--write", action="store_true", help="keep the result in docs/bite.md")
    return parser


def _is_named(fault: Fault, words: list[str]) -> bool:
    return any(word.lower() in fault.name.lower() for word in words)


def _is_green_without(faults: list[Fault]) -> bool:
    say(f"The tests of {len(faults)} faults without any of them ...")
    verdict = try_without(faults)
    if verdict.outcome is Outcome.MISSED:
        say(f"  pass, in {verdict.seconds:.0f} s")
        return True
    say(f"  {verdict.test or 'they'} failed: {verdict.said}\nA test that fails already shows nothing.")
    return False


def _try_all(faults: list[Fault]) -> list[Result]:
    results = []
    for number, fault in enumerate(faults, 1):
        result = Result(fault, try_out(fault))
        results.append(result)
        say(f"{number:>3}/{len(faults)} {line(result)}")
    return results


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
