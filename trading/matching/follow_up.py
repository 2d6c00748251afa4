"""What must be done next because of what has just happened: commands of the exchange's own."""

from trading.matching.book import Book
from trading.matching.commands import Activate, SetStatus, System, Trigger, Unlink
from trading.matching.links import FIRE, JUDGE_REDUCING, UNLINK
from trading.matching.reducing import excess
from trading.matching.terms import AUCTION, OPEN


def follow_up(book: Book, now: int) -> System | None:
    """The next command that the events so far make necessary; None when there is none.

    Of an Activate the caller may lower the quantity: an exit sells no more than the entry's fees left.
    """
    while (effect := book.effects.take()) is not None:
        order = book.orders.get(effect.order_id)
        if effect.kind == UNLINK:
            if order is not None:
                return Unlink(effect.order_id)
        elif effect.kind == JUDGE_REDUCING:
            shrink = excess(book, effect.order_id)
            if shrink is not None:
                book.effects.judge_reducing(effect.order_id)  # there may be more
                return shrink
        elif effect.kind == FIRE:
            if order is not None and order.armed is not None and book.status == OPEN:
                return Trigger(effect.order_id)
        elif order is None and effect.order_id in book.links.entries:
            return Activate(effect.order_id, book.links.entries[effect.order_id].filled)
    if book.status == AUCTION and book.auction_ends_at is not None and book.auction_ends_at <= now:
        return SetStatus(OPEN, "AUCTION_ENDED")
    return None
