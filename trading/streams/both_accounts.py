"""A user's own account and the margin account beside it, as one stream of messages.

Messages of the margin account say so: `"account": "margin"`. It may come into being while the client listens.
"""

from accounts.selectors import margin_account_of
from trading.streams.user_stream import UserStream


class BothAccounts:
    """Blocking, as UserStream: one call at a time, on a thread."""

    def __init__(self, account_id: int) -> None:
        self.account_id = account_id
        self._own = UserStream(account_id)
        self._margin: UserStream | None = None

    @property
    def account_ids(self) -> list[int]:
        return [self.account_id, *([self._margin.account_id] if self._margin else [])]

    def snapshot(self) -> list[str]:
        """Of each account where it stands, all of one moment."""
        self._find_margin()
        return self._own.snapshot() + (_of_margin(self._margin.snapshot()) if self._margin else [])

    def changes(self) -> list[str]:
        """What is new since the last look; of a margin account that is new, where it stands."""
        if self._margin is None:
            self._find_margin()
            opened = self._margin.snapshot() if self._margin else []
        else:
            opened = self._margin.changes()
        return self._own.changes() + _of_margin(opened)

    def _find_margin(self) -> None:
        if self._margin is None and (found := margin_account_of(self.account_id)) is not None:
            self._margin = UserStream(found.pk, has_positions=False)


def _of_margin(messages: list[str]) -> list[str]:
    return [f'{{"account":"margin",{message[1:]}' for message in messages]
