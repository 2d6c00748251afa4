"""The public order book."""

from collections.abc import Callable, Hashable

from trading.committed_book import Auction, BookSnapshot, CommittedBook, CommittedBooks, View

_books = CommittedBooks()


def book_snapshot(symbol: str, depth: int | None = 50) -> BookSnapshot:
    """The best `depth` levels of each side, as of the newest commit. Raises Refused UNKNOWN_SYMBOL."""
    return book_view(symbol, ("levels", depth), lambda book: book.snapshot(depth))


def call_auction(symbol: str) -> Auction:
    """What a call auction would come to, as of the newest commit. Raises Refused UNKNOWN_SYMBOL."""
    return book_view(symbol, "auction", CommittedBook.auction)


def book_view(symbol: str, name: Hashable, make: Callable[[CommittedBook], View]) -> View:
    """What `make` makes of the book as of the newest commit, once for all who ask for `name` until it moves.

    Raises Refused UNKNOWN_SYMBOL.
    """
    return _books.of(symbol).view(name, make)
