"""Opening, adding, reducing and turning a position: what is required, realised and paid."""

import pytest

from trading.tests.perpetual_desk import PerpetualDesk


@pytest.fixture
def desk(transactional_db):
    return PerpetualDesk()


def test_opening_holds_the_margin_and_the_fee_to_close(desk):
    desk.trades("alice", "bob", "1", at="50000")
    assert desk.position("alice") == "long 1 at 50000"
    assert desk.position("bob") == "short 1 at 50000"
    # 50,000 / 5 + 0.05 % of 50,000; the taker paid 25 to open, the maker 10
    assert desk.requirement("alice") == desk.requirement("bob") == "10025"
    assert desk.balance("alice", "USDT") == ("89950", "10025")
    assert desk.balance("bob", "USDT") == ("89965", "10025")
    assert desk.balance_of("fees:BTC-PERP") == "35"
    assert desk.balance_of("clearing:BTC-PERP") == "0"
