"""One order of every kind after the other, by name, for the audit's tests of conditions."""

from common import clock
from market.models import Market
from trading import services
from trading.tests.desk import TradingDesk, later, new_order

PEOPLE = ("alice", "bob", "carol", "dave")


class ConditionsDesk(TradingDesk):
    """In BTC-USDT around 60,000. Carol and Dave make the prices; what is named is Alice's or Bob's."""

    def __init__(self):
        super().__init__(people=PEOPLE)
        self.btc = Market.objects.get(symbol="BTC-USDT").pk
        self._trade_at("60000")
        self._enter_as_market_orders()
        self._change_states()
        self._hold_an_auction()
        self._end_by_the_clock()
        self._leave_live_orders()

    def _trade_at(self, price):
        ask = self.sells("carol", "0.001", at=price)
        self.buys("dave", "0.001", at=price)
        assert self.order(ask).status == "filled"

    def _enter_as_market_orders(self):
        """A market buy, and two stops that one price fires, the nearer one first."""
        self.sells("carol", "0.001", at="60010")
        self.protected = self.buys("alice", "0.001")
        self.bid_below = self.buys("dave", "0.01", at="59900")
        self.near, self.far = (
            self.sells("bob", "0.001", type="stop_market", trigger=trigger) for trigger in ("59960", "59950")
        )
        self._trade_at("59950")
        assert self.fate(self.near) == self.fate(self.far) == "filled"
        self.cancels("dave", self.bid_below)
        self.sells("carol", "0.001", at="60000")
        woken = self.brackets(
            "alice", new_order("buy", "0.001"), new_order("sell", "0.001", at="64000"),
            new_order("sell", "0.001", at="56000", type="stop_limit", trigger="57000"),
        )  # fmt: skip
        self.woken = woken.orders[2]
        self.cancels("alice", self.woken)

    def _change_states(self):
        self.turns("post_only")
        self.careful = self.buys("alice", "0.001", at="59000", post_only=True)
        self.turns("open")
        self.cancels("alice", self.careful)

    def _hold_an_auction(self):
        """At 60,400.01: there 0.2 trade and nothing is left over; a bid at 60,400 would have been one too many."""
        self.turns("auction")
        self.older = self.sells("bob", "0.1", at="59500")
        self.second = self.sells("bob", "0.1", at="59500")
        self.newer = self.buys("alice", "0.2", at="60500")
        self.too_low = self.buys("dave", "0.1", at="60400")
        self.turns("open", 0)
        assert self.fate(self.newer) == "filled" and self.fate(self.too_low) == "open"
        self.cancels("dave", self.too_low)

    def _end_by_the_clock(self):
        soon = clock.to_ms(clock.now())
        self.sells("carol", "0.001", at="60000")
        self.in_time = self.buys("alice", "0.001", at="60000", time_in_force="gtd", expires_at=soon + 10**6)
        self.expired = self.buys("alice", "0.001", at="58000", time_in_force="gtd", expires_at=soon + 60_000)
        with later(61):
            self.sweeps()
        assert self.fate(self.expired) == "expired EXPIRED"

    def _leave_live_orders(self):
        """An iceberg that shows its second slice, a stop, a trailing stop, a pair, and a bracket that waits."""
        self.iceberg = self.sells("bob", "0.05", at="60200", display="0.01")
        self.buys("alice", "0.012", at="60200")
        self.stop = self.buys("alice", "0.01", at="62500", type="stop_limit", trigger="62000")
        self.rearms("alice", self.stop, trigger="62100")
        self.trailing = self.sells("alice", "0.01", type="trailing_stop", trail_amount="1000")
        self.index_moves("60000")
        self.at_index = self.sells(
            "alice", "0.01", type="stop_market", trigger="50000", trigger_source="index"
        )
        self.index_moves("60001")
        dearer = new_order("buy", "0.01", at="63000", type="stop_limit", trigger="62500")
        pair = self.pairs("alice", new_order("buy", "0.01", at="58500"), dearer)
        self.resting_leg, self.waiting_leg = pair.orders
        bracket = self.brackets(
            "bob", new_order("buy", "0.01", at="58000"), new_order("sell", "0.01", at="64000"),
            new_order("sell", "0.01", type="stop_market", trigger="57000"),
        )  # fmt: skip
        self.entry, self.take_profit, self.stop_loss = bracket.orders
        far = clock.to_ms(clock.now()) + 10**10
        self.lives_long = self.buys("bob", "0.001", at="57000", time_in_force="gtd", expires_at=far)
        services.roll_up_candles()
