"""honcho's Manager, made to ask each program politely and to tell why it stops and when all is launched."""

import os
import shlex
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from honcho import manager
from honcho.compat import ProcessManager
from honcho.printer import Printer

from exchange_site.local import console, processes
from exchange_site.local.data_folder import DataFolder

# Longer than any program gives itself, and what is acknowledged is safe even so.
STOP_SECONDS = 9
# honcho's own patience before it kills, of which its loop has no parameter.
manager.KILL_WAIT = STOP_SECONDS

# nginx understands SIGTERM as "drop everything".
GENTLE = {"proxy": signal.SIGQUIT}


class AskTheLeader(ProcessManager):
    """SIGTERM, or the program's own word for it, goes to the program alone and not to its group.

    nginx, granian and Celery stop their own workers in order; a worker that got the signal too would drop
    the task in its hands.
    """

    def __init__(self) -> None:
        super().__init__()
        self.words: dict[int, signal.Signals] = {}  # by process number

    def terminate(self, pid: int) -> None:
        try:
            os.kill(pid, self.words.get(pid, signal.SIGTERM))
        except ProcessLookupError:
            pass


class Supervisor(manager.Manager):
    """Runs the programs in the foreground until it is asked to stop or one of them ends by itself.

    `when_launched` runs in a thread of its own. After `loop`, `failure` says why it had to stop; it is empty
    if somebody asked for it.
    """

    def __init__(self, folder: DataFolder, when_launched: Callable[[], None]) -> None:
        super().__init__(Printer(console.stdout))
        self.failure = ""
        self._leader = self._procmgr = AskTheLeader()
        self._folder = folder
        self._when_launched = when_launched
        self._stop_when_launched = False

    def add(self, name: str, command: list[str], environment: dict[str, str], cwd: Path) -> None:
        """A program to run. Its number goes to a file, by which a later start finds it if we are killed."""
        number = self._folder.folder("run") / f"{name}.pid"
        shell = f"echo $$ > {shlex.quote(str(number))} && exec {shlex.join(command)}"
        self.add_process(name, shell, env=environment, cwd=str(cwd))

    @property
    def stopping(self) -> bool:
        return self._terminating or self._stop_when_launched

    def give_up(self, failure: str) -> None:
        """Stop everything for that reason; from any thread."""
        self.failure = failure
        self.stop()

    def stop(self) -> None:
        """Stop everything, from any thread: the loop ends as at a SIGTERM."""
        os.kill(os.getpid(), signal.SIGTERM)

    def terminate(self) -> None:
        """Ask all programs to stop; while some have no number yet, as soon as they have."""
        if not self.stopping:
            self.failure = self.failure or self._crashes()
        if self._all_launched():
            self._ask_to_end()
        else:
            self._stop_when_launched = True

    def _ask_to_end(self) -> None:
        self._leader.words = {
            self._processes[name]["pid"]: word for name, word in GENTLE.items() if name in self._processes
        }
        super().terminate()

    def _crashes(self) -> str:
        """The programs that have ended; when nobody asked for it yet, each is a crash."""
        ended = [name for name, entry in self._processes.items() if "returncode" in entry]
        return ", ".join(f"{name} ended by itself ({self._ending(name)})" for name in ended)

    def _ending(self, name: str) -> str:
        code = self._processes[name]["returncode"]
        return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"

    def _all_launched(self) -> bool:
        return bool(super()._all_started())

    def _all_started(self) -> bool:
        """Asked by honcho's loop at each turn: the place to do what had to wait for the numbers."""
        launched = self._all_launched()
        if launched and self._stop_when_launched:
            self._stop_when_launched = False
            self._ask_to_end()
        return launched

    def _any_stopped(self) -> bool:
        self._end_headless()
        return bool(super()._any_stopped())

    def _end_headless(self) -> None:
        """End the workers of a program that was killed outright.

        They keep its output open, and honcho takes a program for running until its output closes.
        """
        for entry in self._processes.values():
            if "returncode" not in entry and processes.is_zombie(entry["pid"]):
                self._procmgr.kill(entry["pid"])

    def _start(self) -> None:
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, lambda number, frame: self.stop())  # the terminal was closed
        super()._start()
        # After the forks, for a child must not inherit a lock that this thread holds.
        threading.Thread(target=self._when_launched, daemon=True).start()


def end_leftovers(folder: DataFolder) -> int:
    """Stop the programs of a supervisor that was killed, and their children; returns how many there were."""
    left = []
    for file in folder.folder("run").glob("*.pid"):
        if number := file.read_text().strip():
            left += processes.in_session(int(number), begun_before=file.stat().st_mtime)
        file.unlink()
    processes.stop_all(left, STOP_SECONDS)
    return len(left)
