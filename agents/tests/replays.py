"""Replays for tests."""

import io

from django.core.management import call_command

from agents.tests.recordings import depth, write


def replay(path, **options):
    output = io.StringIO()
    call_command("replay_market", str(path), **({"speed": "max", "stdout": output} | options))
    return {line[:26].strip(): line[26:] for line in output.getvalue().splitlines()}


def small_market(tmp_path, *more):
    """Bids 60000 and 59999, asks 60001 and 60002, a tenth each; then what the test adds."""
    opening = depth(
        0, 1, 4,
        bids=[("60000.00", "0.10000"), ("59999.00", "0.10000")],
        asks=[("60001.00", "0.10000"), ("60002.00", "0.10000")],
    )  # fmt: skip
    return write(tmp_path / "recording", opening, *more)
