"""With several processes each has a file of values, and a number that may have been another's before."""

import os
import subprocess
import sys

COUNT_TWICE = """
import os, sys
from prometheus_client import Counter
from kpi.own_counters import OwnCounters

failures = Counter("failures", "of a test", ["reason"])
own = OwnCounters([failures])
failures.labels("code").inc(2)
print(own.growth(), own.growth(), flush=True)  # else the child has it in its buffer too
child = os.fork()
if child == 0:
    own.begin()
    failures.labels("code").inc(7)
    print(own.growth())
    sys.stdout.flush()
    os._exit(0)
os.waitpid(child, 0)
own.begin()  # as a process that got the number of one that ended
failures.labels("code").inc()
print(own.growth())
"""


def test_values_of_an_earlier_process_are_left_out(tmp_path):
    environment = {
        **os.environ,
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run(
        [sys.executable, "-c", COUNT_TWICE], env=environment, capture_output=True, text=True, check=True
    )
    growth = "{('failures_total', 'code'): %d}"
    assert done.stdout.splitlines() == [f"{growth % 2} {{}}", growth % 7, growth % 1]
    assert len(list(tmp_path.glob("counter_*.db"))) == 2
