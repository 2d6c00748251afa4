"""The public order book."""

from trading.committed_book import BookSnapshot, CommittedBooks

_books = CommittedBooks()


def book_snapshot(symbol: str, depth: int | None = 50) -> BookSnapshot:
    """The best `depth` levels of each side, as of the newest commit. Raises Refused UNKNOWN_SYMBOL."""
    return _books.snapshot(symbol, depth)
