"""`make reset`: delete the data of the demo."""

import os
import sys

from exchange_site.local import postgres, redis_server
from exchange_site.local.console import LocalError, say, stdout
from exchange_site.local.data_folder import DataFolder
from exchange_site.local.supervisor import end_leftovers


def main() -> int:
    folder = DataFolder.from_environment()
    try:
        _reset(folder)
    except LocalError as error:
        say(str(error))
        return 1
    return 0


def _reset(folder: DataFolder) -> None:
    if os.environ.get("DATABASE_URL"):
        raise LocalError(
            "DATABASE_URL is set, but only the embedded database can be emptied: unset it first."
        )
    with folder.held("make reset"):
        end_leftovers(folder)
        redis_server.clear_leftovers(folder, stdout)
        postgres.clear_leftovers(folder, stdout)
        removed = folder.empty()
    say(f"Emptied {folder.path} ({', '.join(removed) or 'there was nothing in it'}).")


if __name__ == "__main__":
    sys.exit(main())
