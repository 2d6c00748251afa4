"""Run a command with a database and a Redis: `python -m exchange_site.local.run -- COMMAND...`.

What DATABASE_URL and REDIS_URL name is used; what they do not name is that of the demo running in the data
folder, or else embedded servers that live as long as the command. The exit code is the command's.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from types import FrameType

from exchange_site.local import console, embedded
from exchange_site.local.console import LocalError, say
from exchange_site.local.data_folder import DataFolder, FolderInUse
from exchange_site.local.supervisor import end_leftovers

WAIT_SECONDS = 600


def main(arguments: list[str]) -> int:
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not command:
        say("usage: python -m exchange_site.local.run -- COMMAND...", console.stderr)
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with _addresses(DataFolder.from_environment()) as addresses:
            return run(command, os.environ | addresses)
    except LocalError as error:
        say(str(error), console.stderr)
        return 1
    except PermissionError as error:
        say(f"No permission for {error.filename}.", console.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


@contextlib.contextmanager
def _addresses(folder: DataFolder) -> Iterator[dict[str, str]]:
    """The environment that the command needs besides ours."""
    key = {"SECRET_KEY": os.environ.get("SECRET_KEY") or folder.secret_key()}
    if not embedded.missing_servers():
        yield key
    elif found := _of_running_demo(folder):
        yield {name: value for name, value in found.items() if not os.environ.get(name)}
    else:
        with _turn(folder), embedded.servers(folder, console.stderr) as addresses:
            yield key | addresses


def _of_running_demo(folder: DataFolder) -> dict[str, str]:
    """What a demo that is up has announced; empty if the folder is free or its demo still starts."""
    try:
        with folder.held("a look"):
            return {}  # nobody owns it: an announcement in it is a killed demo's
    except FolderInUse:
        return folder.announcement()


@contextlib.contextmanager
def _turn(folder: DataFolder) -> Iterator[None]:
    """Own the folder, after waiting for another command that does; no program of a killed demo writes then."""
    deadline = time.monotonic() + WAIT_SECONDS
    told = False
    with contextlib.ExitStack() as stack:
        while True:
            try:
                stack.enter_context(folder.held(" ".join(sys.argv[1:3]) or "a command"))
                break
            except FolderInUse as error:
                if time.monotonic() > deadline:
                    raise
                if not told:
                    say(f"{error} Waiting for it to end ...", console.stderr)
                told = True
                time.sleep(0.5)
        end_leftovers(folder)
        yield


def run(command: list[str], environment: dict[str, str]) -> int:
    """The command's exit code; 128 + n if signal n ended it.

    Ctrl-C reaches the command by itself (one terminal, one foreground group): we only wait for its end.
    SIGTERM reaches us alone, and is passed on.
    """
    to_pass_on = _Relay()
    signal.signal(signal.SIGINT, lambda number, frame: None)  # not SIG_IGN, which the command would inherit
    signal.signal(signal.SIGTERM, to_pass_on)
    try:
        child = subprocess.Popen(command, env=environment)
    except OSError as error:
        say(f"{command[0]}: {error.strerror}", console.stderr)
        return 127
    code = to_pass_on.to(child).wait()
    return code if code >= 0 else 128 - code


class _Relay:
    """Passes signals on to a child, also those that come while it is being started."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self._child:
            self._child.send_signal(number)
        else:
            self._early.append(number)

    def to(self, child: "subprocess.Popen[bytes]") -> "subprocess.Popen[bytes]":
        self._child = child
        for number in self._early:
            child.send_signal(number)
        return child


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
