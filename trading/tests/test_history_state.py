"""The state hash: pure, and the same on any machine."""

from trading.history.reading import Logged
from trading.history.rebuilt import RebuiltMarket
from trading.history.state import Digest
from trading.matching.book import Book
from trading.matching.commands import Advance, Amend, Cancel, Place
from trading.matching.decide import decide
from trading.matching.events import Accepted
from trading.matching.follow_up import follow_up
from trading.matching.terms import Conditions, TriggerTerms

ALICE, BOB = 1, 2
COMMANDS = [
    Place(1, ALICE, "sell", price=101, quantity=9, conditions=Conditions(display=2)),
    Place(
        2, ALICE, "sell", price=102, quantity=5, time_in_force="gtd", conditions=Conditions(expires_at=1_500)
    ),
    Place(3, BOB, "buy", "stop_market", quantity=3, conditions=Conditions(trigger=TriggerTerms("last", 101))),
    Place(4, BOB, "buy", price=101, quantity=1),
    Amend(2, ALICE, quantity=4),
    Place(5, BOB, "buy", "market", budget=250, time_in_force="ioc"),
    Place(6, BOB, "buy", price=99, quantity=2),
    Cancel(6, BOB),
    Advance(2_000),
]


def history():
    """The log of these commands, one each 100 ms."""
    book, logged = Book(), []
    for number, asked in enumerate(COMMANDS):
        command = asked
        while command is not None:
            for event in decide(book, command):
                book.apply(event)
                name = f"own-{event.order_id}" if type(event) is Accepted else ""
                trade_id = 900 + book.sequence if hasattr(event, "taker_side") else None
                logged.append(Logged(book.sequence, 1_000 + 100 * number, trade_id, event, name))
            command = follow_up(book, 1_000)
    return logged


def state_of(logged):
    market = RebuiltMarket()
    for each in logged:
        market.apply(each)
    return market.state()


def test_the_same_commands_give_the_same_hash_on_any_machine():
    # Changes only with what a state is made of: then write down the new one.
    assert state_of(history()).whole == "540eaccce693c9e0e31077906155582a42b159a4696a8436fe8f36a8a9247df0"


def test_every_event_changes_the_hash():
    logged = history()
    assert len({state_of(logged[:n]).whole for n in range(len(logged) + 1)}) == len(logged) + 1


def test_looking_does_not_change_the_state():
    market = RebuiltMarket()
    for each in history():
        market.apply(each)
        assert market.state() == market.state()


def test_only_live_orders_are_kept_in_memory():
    market = RebuiltMarket()
    for each in history():
        market.apply(each)
        incoming = 1  # whether it has ended is known when the next command begins
        assert len(market._live) <= market.live_count + incoming
    assert len(market._live) == market.live_count == 1


def test_a_digest_does_not_depend_on_the_order_but_on_every_thing():
    one, other, third = Digest(), Digest(), Digest()
    for digest, things in ((one, "abc"), (other, "cab"), (third, "abb")):
        for thing in things:
            digest.add((thing, 1))
    assert one.hex() == other.hex() != third.hex()
