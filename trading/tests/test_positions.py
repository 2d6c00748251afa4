"""Opening, adding, reducing and turning a position: what is required, realised and paid."""

from decimal import Decimal

import pytest

from risk.models import Contract, ExposureTotal, TierLimit
from trading.tests.perpetual_desk import ETH_PERP, PERP, PerpetualDesk


@pytest.fixture
def desk(transactional_db):
    return PerpetualDesk()


def profit(desk, who):
    return desk.row(who).realised_profit.normalize()


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


def test_adding_averages_the_entry(desk):
    desk.trades("alice", "bob", "1", at="50000")
    desk.trades("alice", "bob", "0.5", at="51500")
    assert desk.position("alice") == "long 1.5 at 50500"
    assert desk.row("alice").cost == 75750
    assert profit(desk, "alice") == 0


def test_reducing_realises_its_share_and_frees_its_margin(desk):
    desk.trades("alice", "bob", "1", at="50000")
    desk.trades("bob", "alice", "0.4", at="51000")
    assert desk.position("alice") == "long 0.6 at 50000"
    assert (profit(desk, "alice"), profit(desk, "bob")) == (400, -400)
    assert desk.requirement("alice") == "6015"  # 30,000 / 5 + 15
    # what bob lost, alice won: nothing is left to clear
    assert desk.balance_of("clearing:BTC-PERP") == "0"


def test_what_the_winner_has_realised_is_cleared_when_the_loser_closes(desk):
    desk.trades("alice", "bob", "1", at="50000")
    desk.trades("carol", "alice", "1", at="51000")
    assert desk.position("alice") == "flat"
    assert profit(desk, "alice") == 1000
    # bob owes 1,000 more than he did, to carol if the price goes on rising
    assert desk.balance_of("clearing:BTC-PERP") == "-1000"
    desk.trades("bob", "carol", "1", at="50500")
    assert (profit(desk, "bob"), profit(desk, "carol")) == (-500, -500)
    assert desk.balance_of("clearing:BTC-PERP") == "0"


def test_a_larger_order_on_the_other_side_closes_and_opens(desk):
    desk.trades("alice", "bob", "1", at="50000")
    desk.trades("carol", "alice", "1.5", at="52000")
    assert desk.position("alice") == "short 0.5 at 52000"
    assert profit(desk, "alice") == 2000
    assert desk.requirement("alice") == "5213"  # 26,000 / 5 + 13


def test_thirds_of_a_position_lose_no_unit(desk):
    desk.trades("alice", "bob", "0.003", at="50000.1")
    for price in ("50000.2", "49999.9", "50000.3"):
        desk.trades("carol", "alice", "0.001", at=price)
    assert desk.position("alice") == "flat"
    # 0.003 x 50,000.1 = 150.0003 paid, 50.0002 + 49.9999 + 50.0003 = 150.0004 got
    assert profit(desk, "alice") == Decimal("0.0001")


def test_hedged_sides_are_not_counted_twice(desk):
    bid = desk.buys("alice", "1", at="49000", symbol=PERP)
    # 49,000 / 5, the fee to close and the fee to open
    assert desk.requirement("alice") == "9849"
    desk.sells("alice", "1", at="51000", symbol=PERP)
    assert desk.requirement("alice") == "10251"  # the larger side: 51,000
    desk.cancels("alice", bid)
    assert desk.requirement("alice") == "10251"


def test_orders_that_close_a_position_require_nothing_more(desk):
    desk.trades("alice", "bob", "1", at="50000")
    desk.sells("alice", "1", at="51000", symbol=PERP)
    assert desk.requirement("alice") == "10025"
    desk.sells("alice", "2", at="51000", symbol=PERP)  # two of three would open a short of 102,000
    assert desk.row("alice").exposure == 102000


def test_an_order_beyond_the_free_margin_is_refused_and_leaves_no_trace(desk):
    assert desk.buys("alice", "10", at="50000", symbol=PERP) == "INSUFFICIENT_MARGIN"
    assert desk.row("alice") is None
    assert desk.balance("alice", "USDT") == ("100000", "0")
    # 100,000 = 1.999 x 50,000 x (1/5 + 0.001) is the most
    assert desk.buys("alice", "9.951", at="50000", symbol=PERP) == "INSUFFICIENT_MARGIN"
    assert desk.buys("alice", "9.95", at="50000", symbol=PERP).order.status == "open"


def test_unrealised_losses_need_what_is_free_and_profits_cannot_be_spent(desk):
    desk.trades("alice", "bob", "1", at="50000")
    desk.marks("60000")
    assert (
        desk.buys("bob", "2", at="40000", symbol="BTC-USDT") == "INSUFFICIENT_FUNDS"
    )  # 80,000 of 89,965 - 10,000
    assert desk.buys("bob", "1.9", at="40000", symbol="BTC-USDT").order.status == "open"
    assert (
        desk.buys("alice", "2.25", at="40000", symbol="BTC-USDT") == "INSUFFICIENT_FUNDS"
    )  # 90,000 of 89,950
    assert desk.buys("alice", "2.24", at="40000", symbol="BTC-USDT").order.status == "open"


def test_a_loss_of_one_contract_needs_margin_of_the_other(desk):
    desk.trades("alice", "bob", "1", at="50000")
    desk.marks("10000")
    # 89,950 are free, 40,000 are lost: 49,950 are left for ETH at 5x
    assert desk.buys("alice", "100", at="2500", symbol=ETH_PERP) == "INSUFFICIENT_MARGIN"
    assert desk.buys("alice", "99", at="2500", symbol=ETH_PERP).order.status == "open"


def test_closing_is_always_possible_while_there_is_enough_to_pay_the_loss(desk):
    desk.trades("alice", "bob", "9.9", at="50000")
    desk.marks("48000")
    assert desk.buys("alice", "0.01", at="48000", symbol=PERP) == "INSUFFICIENT_MARGIN"
    desk.buys("carol", "5", at="48000", symbol=PERP)
    sold = desk.sells("alice", "5", at="48000", symbol=PERP)
    assert sold.order.status == "filled"
    assert desk.position("alice") == "long 4.9 at 50000"


class TestLeverage:
    def test_a_beginner_may_choose_five_and_not_six(self, desk):
        assert desk.leverages("alice", 5).leverage == 5
        assert desk.leverages("alice", 6) == "LEVERAGE_TOO_HIGH"
        desk.promotes("alice", "intermediate")
        assert desk.leverages("alice", 10).leverage == 10
        assert desk.leverages("alice", 11) == "LEVERAGE_TOO_HIGH"
        desk.promotes("alice", "advanced")
        assert desk.leverages("alice", 20).leverage == 20
        assert desk.leverages("alice", 21) == "LEVERAGE_TOO_HIGH"

    def test_the_bracket_of_a_large_position_lowers_it(self, desk):
        desk.promotes("alice", "advanced")
        desk.leverages("alice", 20)
        assert desk.buys("alice", "5", at="50000", symbol=PERP) == "LEVERAGE_TOO_HIGH"  # 250,000: 10x
        assert desk.buys("alice", "4.999", at="50000", symbol=PERP).order.status == "open"
        assert desk.leverages("alice", 10).leverage == 10
        assert desk.buys("alice", "0.001", at="50000", symbol=PERP).order.status == "open"
        assert desk.leverages("alice", 20) == "LEVERAGE_TOO_HIGH"

    def test_a_lower_tier_lets_nobody_add_at_the_old_leverage(self, desk):
        desk.promotes("alice", "advanced")
        desk.leverages("alice", 20)
        TierLimit.objects.filter(tier="advanced").update(maximum_leverage=8)
        assert desk.buys("alice", "1", at="50000", symbol=PERP) == "LEVERAGE_TOO_HIGH"

    def test_less_leverage_must_be_borne_by_the_free_margin(self, desk):
        desk.trades("alice", "bob", "4", at="50000")
        assert desk.requirement("alice") == "40100"
        assert desk.leverages("alice", 2) == "INSUFFICIENT_MARGIN"  # 100,100 of 99,900
        assert desk.row("alice").leverage == 5
        assert desk.leverages("alice", 3).leverage == 3
        assert desk.balance("alice", "USDT")[1] == "66766.66666667"

    def test_there_is_none_on_spot(self, desk):
        assert desk.leverages("alice", 2, symbol="BTC-USDT") == "NOT_A_PERPETUAL"


class TestIsolated:
    def test_the_margin_is_set_apart(self, desk):
        desk.leverages("alice", 5, "isolated")
        desk.trades("alice", "bob", "1", at="50000")
        row = desk.row("alice")
        assert (row.isolated_margin, row.requirement) == (10025, 0)
        assert desk.balance("alice", "USDT") == ("89950", "10025")

    def test_reducing_gives_back_its_share(self, desk):
        desk.leverages("alice", 5, "isolated")
        desk.trades("alice", "bob", "1", at="50000")
        desk.trades("bob", "alice", "0.5", at="49000")
        assert desk.row("alice").isolated_margin == Decimal("5012.5")
        # 89,950 + 5,012.5 - 500 lost - 4.9 maker fee
        assert desk.balance("alice", "USDT") == ("94457.6", "5012.5")

    def test_margin_is_added_and_taken_away(self, desk):
        desk.leverages("alice", 5, "isolated")
        desk.trades("alice", "bob", "1", at="50000")
        assert desk.moves_margin("alice", "1000").isolated_margin == 11025
        assert desk.moves_margin("alice", "-1500").isolated_margin == 9525
        assert desk.moves_margin("alice", "-9526") == "INSUFFICIENT_MARGIN"
        assert desk.moves_margin("alice", "-9400") == "INSUFFICIENT_MARGIN"  # it would be warned at once
        assert desk.moves_margin("alice", "91000") == "INSUFFICIENT_MARGIN"
        assert desk.moves_margin("alice", "0") == "VALIDATION_ERROR"
        assert desk.moves_margin("bob", "1") == "NO_POSITION"

    def test_the_mode_stays_while_anything_is_open(self, desk):
        desk.trades("alice", "bob", "1", at="50000")
        assert desk.leverages("alice", 5, "isolated") == "POSITION_OPEN"
        order = desk.buys("carol", "1", at="40000", symbol=PERP)
        assert desk.leverages("carol", 5, "isolated") == "POSITION_OPEN"
        desk.cancels("carol", order)
        assert desk.leverages("carol", 5, "isolated").mode == "isolated"


class TestExposure:
    def test_it_is_counted_per_contract_and_in_all(self, desk):
        desk.trades("alice", "bob", "1", at="50000")
        desk.buys("alice", "10", at="2500", symbol=ETH_PERP)
        assert desk.row("alice").exposure == 50000
        assert Contract.objects.get(market__symbol=PERP).exposure == 100000
        assert Contract.objects.get(market__symbol=ETH_PERP).exposure == 25000
        assert ExposureTotal.objects.get().amount == 125000

    @pytest.mark.parametrize(
        ("scope", "symbol", "maximum"),
        [
            ("user", None, "74999"),
            ("user", PERP, "49999"),
            ("contract", PERP, "49999"),
            ("total", None, "74999"),
        ],
    )
    def test_an_order_beyond_a_limit_is_refused(self, desk, scope, symbol, maximum):
        desk.limits(scope, maximum, symbol)
        desk.buys("alice", "10", at="2500", symbol=ETH_PERP)
        assert desk.buys("alice", "1", at="50000", symbol=PERP) == "EXPOSURE_LIMIT"
        assert desk.row("alice") is None
        desk.limits(scope, Decimal(maximum) + 1, symbol)
        assert desk.buys("alice", "1", at="50000", symbol=PERP).order.status == "open"

    def test_what_reduces_is_taken_beyond_any_limit(self, desk):
        desk.trades("alice", "bob", "1", at="50000")
        desk.limits("total", "1")
        desk.buys("bob", "1", at="49000", symbol=PERP)
        assert desk.sells("alice", "1", at="49000", symbol=PERP).order.status == "filled"
        assert ExposureTotal.objects.get().amount == 0


class TestReduceOnly:
    def test_without_a_position_there_is_nothing_to_reduce(self, desk):
        assert desk.sells("alice", "1", at="50000", symbol=PERP, reduce_only=True) == "REDUCE_ONLY"
        desk.trades("alice", "bob", "1", at="50000")
        assert desk.buys("alice", "1", at="50000", symbol=PERP, reduce_only=True) == "REDUCE_ONLY"
        assert desk.sells("alice", "1.001", at="51000", symbol=PERP, reduce_only=True) == "REDUCE_ONLY"
        assert desk.sells("alice", "1", at="51000", symbol=PERP, reduce_only=True).order.status == "open"
        assert desk.sells("alice", "0.001", at="51000", symbol=PERP, reduce_only=True) == "REDUCE_ONLY"

    def test_a_market_order_closes_what_there_is(self, desk):
        desk.trades("alice", "bob", "1", at="50000")
        desk.buys("bob", "3", at="50000", symbol=PERP)
        sold = desk.market_sells("alice", "2", symbol=PERP, reduce_only=True)
        assert (sold.order.status, sold.order.reason) == ("cancelled", "REDUCE_ONLY")
        assert sold.order.filled_quantity == 1
        assert desk.position("alice") == "flat"

    def test_it_shrinks_with_the_position(self, desk):
        desk.trades("alice", "bob", "1", at="50000")
        first = desk.sells("alice", "0.6", at="51000", symbol=PERP, reduce_only=True)
        second = desk.sells("alice", "0.4", at="51000", symbol=PERP, reduce_only=True)
        desk.trades("bob", "alice", "0.5", at="50000")
        assert desk.fate(second) == "cancelled REDUCE_ONLY"
        assert desk.order(first).cancelled_quantity == Decimal("0.1")
        desk.trades("bob", "alice", "0.5", at="50000")
        assert desk.fate(first) == "cancelled REDUCE_ONLY"

    def test_it_never_turns_a_position_when_two_orders_meet_one_taker(self, desk):
        desk.trades("alice", "bob", "1", at="50000")
        plain = desk.sells("alice", "1", at="51000", symbol=PERP)
        reducing = desk.sells("alice", "1", at="51000.1", symbol=PERP, reduce_only=True)
        desk.buys("carol", "2", at="51001", symbol=PERP)
        assert desk.fate(plain) == "filled"
        assert desk.fate(reducing) == "cancelled REDUCE_ONLY"
        assert desk.position("alice") == "flat"

    def test_it_needs_no_margin(self, desk):
        desk.trades("alice", "bob", "9.9", at="50000")
        assert desk.sells("alice", "9.9", at="51000", symbol=PERP, reduce_only=True).order.status == "open"
        assert desk.requirement("alice") == "99247.5"

    def test_a_stop_fires_for_what_is_left(self, desk):
        desk.trades("alice", "bob", "1", at="50000")
        stop = desk.sells("alice", "1", symbol=PERP, type="stop_market", trigger="49000", reduce_only=True)
        desk.trades("bob", "alice", "0.7", at="50000")
        desk.buys("bob", "2", at="48900", symbol=PERP)
        desk.trades("carol", "bob", "0.001", at="48999")
        assert desk.order(stop).filled_quantity == Decimal("0.3")
        assert desk.position("alice") == "flat"


def test_a_stop_without_margin_ends_when_it_fires(desk):
    stop = desk.buys("alice", "9.9", symbol=PERP, type="stop_market", trigger="50100")
    assert desk.requirement("alice") == "0"
    desk.buys("alice", "1", at="90000", symbol="BTC-USDT")
    desk.sells("bob", "9.8", at="50200", symbol=PERP)
    desk.trades("carol", "bob", "0.001", at="50150")
    assert desk.fate(stop) == "cancelled INSUFFICIENT_MARGIN"
    assert desk.position("alice") == "flat"


def test_a_market_order_is_protected_around_the_mark_and_not_the_last_trade(desk):
    desk.trades("alice", "bob", "0.1", at="50000")
    desk.marks("30000")
    desk.sells("bob", "0.1", at="30010", symbol=PERP)
    assert desk.fate(desk.buys("alice", "0.1", symbol=PERP)) == "filled"
    desk.sells("bob", "0.1", at="33001", symbol=PERP)
    assert desk.fate(desk.buys("alice", "0.1", symbol=PERP)) == "cancelled PRICE_PROTECTION"
