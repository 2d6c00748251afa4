"""GET /api/v1/positions · account, with perpetuals in it · exposure"""

from decimal import Decimal

import pytest

from risk.models import Contract, ExposureLimit, Position
from trading.services import sweep_liquidations
from trading.tests.api.contract_desk import PERP, marks, opens, position, promote
from trading.tests.api.desk import Desk, key_desk, person, refusal


@pytest.fixture(autouse=True)
def marked(markets):
    marks("50000")
    marks("2500", "ETH-PERP")


def funds(desk, **wanted):
    account = desk.get("account").json()
    assert {name: account[name] for name in wanted} == wanted


def test_a_position_with_everything_that_is_asked_of_it(bob, markets):
    alice = Desk(person("anna", funds={"USDT": Decimal(6000)}, tier="intermediate"))
    assert alice.post("leverage", {"symbol": PERP, "leverage": 10}).status_code == 200
    opens(alice, bob, "1", "50000")
    marks("49000")
    assert position(alice) == {
        "symbol": PERP,
        "side": "long",
        "size": "1",
        "mode": "cross",
        "leverage": 10,
        "entry_price": "50000",
        "mark_price": "49000",
        # 6,000 less the fee of 25: (5,975 - 50,000) / (0.005 - 1) = 44,246.23...
        "liquidation_price": "44246.3",
        # (5,975 - 50,000) / (0.0005 - 1) = 44,047.02...
        "bankruptcy_price": "44047.1",
        "notional": "49000",
        "unrealised_profit": "-1000",
        "realised_profit": "0",
        "fees_paid": "25",
        "funding_paid": "0",
        "initial_margin": "5000",
        "maintenance_margin": "245",
        "isolated_margin": "0",
        "requirement": "5025",
        "margin_ratio": "0.049246",  # 245 / 4,975
        "exposure": "50000",
        "deleverage_rank": 5,
        "deleverage_place": 1,
        "deleverage_of": 1,
    }
    short = position(bob)
    assert (short["side"], short["size"], short["unrealised_profit"]) == ("short", "1", "1000")
    assert short["fees_paid"] == "10"


def test_the_account_counts_what_is_not_realised(alice, bob):
    opens(alice, bob, "1", "50000")
    funds(
        alice, wallet="999975", margin="10025", free_margin="989950", exposure="50000", unrealised_profit="0"
    )
    marks("49000")
    funds(
        alice, margin_equity="998975", equity="998975", free_margin="988950", unrealised_profit="-1000",
        margin_ratio="0.000245", maintenance_margin="245", funding_due="0",
    )  # fmt: skip
    marks("51000")
    funds(alice, margin_equity="1000975", free_margin="989950", unrealised_profit="1000", margin="10025")
    balances = {row["asset"]: row for row in alice.get("account").json()["balances"]}
    assert (balances["USDT"]["total"], balances["USDT"]["held"]) == ("999975", "10025")


def test_an_account_without_positions_has_no_ratio(alice):
    shown = alice.get("account").json()
    assert (shown["margin"], shown["margin_ratio"], shown["positions"], shown["liquidations"]) == (
        "0",
        None,
        [],
        [],
    )
    assert (shown["wallet"], shown["free_margin"], shown["exposure"]) == ("1000000", "1000000", "0")


def test_somebody_without_money_is_shown_too(markets):
    shown = Desk(person("poor", funds={})).get("account").json()
    assert (shown["wallet"], shown["free_margin"], shown["positions"]) == ("0", "0", [])


def test_an_isolated_position_stands_alone(alice, bob):
    alice.post("leverage", {"symbol": PERP, "leverage": 5, "mode": "isolated"})
    opens(alice, bob, "1", "50000")
    shown = position(alice)
    # 10,000 and the fee to close, 25, stand behind it: (10,025 - 50,000) / (0.005 - 1) = 40,175.87...
    assert (shown["mode"], shown["isolated_margin"], shown["liquidation_price"]) == (
        "isolated",
        "10025",
        "40175.9",
    )
    assert shown["margin_ratio"] == "0.024938"  # 250 / 10,025
    # 1,000,000 less the fee of 25 and its margin are for others
    funds(
        alice, margin="10025", free_margin="989950", cross_equity="989950", maintenance_margin="0", margin_ratio=None
    )  # fmt: skip


def test_the_figures_of_the_account_are_of_all_that_is_cross(alice, bob):
    alice.post("leverage", {"symbol": "ETH-PERP", "leverage": 5, "mode": "isolated"})
    opens(alice, bob, "1", "50000")
    opens(alice, bob, "10", "2500", symbol="ETH-PERP")
    marks("49000")
    marks("2600", "ETH-PERP")
    cross, alone = position(alice), position(alice, "ETH-PERP")
    # Of the wallet (fees of 25 and 12.5) the 5,012.5 behind ETH-PERP are not for BTC-PERP, which has lost 1,000
    funds(
        alice, wallet="999962.5", margin_equity="999962.5", cross_equity="993950", maintenance_margin="245",
        margin_ratio="0.000246",
    )  # fmt: skip
    assert (cross["margin_ratio"], cross["maintenance_margin"]) == ("0.000246", "245")
    # Its margin and what it has gained, 5,012.5 + 1,000
    assert (alone["margin_ratio"], alone["maintenance_margin"]) == ("0.021622", "130")


def test_the_ratio_is_never_missing_when_it_matters_most(bob, markets):
    alice = Desk(person("anna", funds={"USDT": Decimal(6000)}, tier="intermediate"))
    alice.post("leverage", {"symbol": PERP, "leverage": 10})
    opens(alice, bob, "1", "50000")
    for mark, equity, ratio in (
        ("44247", "222", "0.996554"),  # 221.235 / 222
        ("44246", "221", "1.001041"),
        ("44025.2", "0.2", "1000"),  # 220.126 / 0.2 = 1,100.63
        ("44025", "0", "1000"),
        ("44000", "-25", "1000"),
    ):
        marks(mark)
        funds(alice, cross_equity=equity, margin_ratio=ratio)
        assert position(alice)["margin_ratio"] == ratio


def test_an_isolated_position_that_has_lost_its_margin_says_so_itself(alice, bob):
    alice.post("leverage", {"symbol": PERP, "leverage": 5, "mode": "isolated"})
    opens(alice, bob, "1", "50000")
    marks("39900")
    assert position(alice)["margin_ratio"] == "1000"  # 199.5 over 10,025 - 10,100
    funds(alice, margin_ratio=None, maintenance_margin="0", cross_equity="989950")


def test_funding_that_is_due_counts_before_it_is_paid(alice, bob):
    opens(alice, bob, "1", "50000")
    a_lot = 5 * 10**6  # 0.05 USDT, for each of a thousand lots
    Contract.objects.filter(market__symbol=PERP).update(funding_index=a_lot * 10**8)
    assert position(alice)["funding_paid"] == "50"
    assert position(bob)["funding_paid"] == "-50"
    funds(alice, funding_due="50", margin_equity="999925", unrealised_profit="0")


def test_limits_are_shown_with_what_is_used_of_them(alice, bob):
    opens(alice, bob, "1", "50000")
    market_id = Position.objects.first().market_id
    ExposureLimit.objects.create(scope="contract", market_id=market_id, maximum=Decimal(500_000))
    limits = alice.get("account").json()["exposure_limits"]
    assert limits == [
        {"scope": "user", "symbol": None, "maximum": "20000000", "used": "50000"},
        {"scope": "contract", "symbol": PERP, "maximum": "500000", "used": "100000"},
        {"scope": "total", "symbol": None, "maximum": "1000000000", "used": "100000"},
    ]


def test_positions_of_one_market_or_of_all(alice, bob):
    opens(alice, bob, "1", "50000")
    opens(alice, bob, "1", "2500", symbol="ETH-PERP")
    assert [row["symbol"] for row in alice.get("positions").json()["results"]] == [PERP, "ETH-PERP"]
    assert [row["symbol"] for row in alice.get("positions", symbol=PERP).json()["results"]] == [PERP]
    assert refusal(alice.get("positions", symbol="BTC-USDT")) == (422, "NOT_A_PERPETUAL")
    assert refusal(alice.get("positions", symbol="NO-SUCH")) == (404, "UNKNOWN_SYMBOL")
    assert refusal(alice.get("positions", symbols=PERP)) == (400, "VALIDATION_ERROR")


def test_a_closed_position_is_not_listed(alice, bob):
    opens(alice, bob, "1", "50000")
    opens(bob, alice, "1", "50000")
    assert position(alice) is None
    funds(alice, margin="0", exposure="0", positions=[], margin_ratio=None)


def test_the_account_is_read_in_a_few_queries(alice, bob, django_assert_max_num_queries):
    opens(alice, bob, "1", "50000")
    opens(alice, bob, "1", "2500", symbol="ETH-PERP")
    alice.get("account")
    with django_assert_max_num_queries(10):
        assert len(alice.get("account").json()["positions"]) == 2


def test_staff_see_what_everybody_risks(alice, bob, admin):
    opens(alice, bob, "1", "50000")
    shown = admin.get("exposure").json()
    [btc, eth] = shown["contracts"]
    assert (btc["symbol"], btc["exposure"], btc["open_interest"], btc["longs"], btc["shorts"]) == (
        PERP, "100000", "1", 1, 1,
    )  # fmt: skip
    assert (eth["exposure"], eth["longs"], eth["maximum"], eth["insurance"]) == ("0", 0, None, "0")
    assert (shown["total"], shown["maximum"], shown["user_maximum"]) == ("100000", "1000000000", "20000000")
    assert refusal(alice.get("exposure")) == (403, "PERMISSION_DENIED")
    assert refusal(Desk().get("exposure")) == (401, "NOT_AUTHENTICATED")


def test_a_key_that_may_only_read_changes_no_leverage(alice):
    reader = key_desk(alice.user, "read")
    assert reader.get("positions").status_code == 200
    assert refusal(reader.post("leverage", {"symbol": PERP, "leverage": 2})) == (403, "PERMISSION_DENIED")
    assert refusal(reader.post(f"positions/{PERP}/close")) == (403, "PERMISSION_DENIED")
    assert refusal(Desk().get("positions")) == (401, "NOT_AUTHENTICATED")


def test_liquidations_are_listed_with_their_every_step(bob, carol, markets):
    alice = Desk(person("anna", funds={"USDT": Decimal(6000)}, tier="intermediate"))
    alice.post("leverage", {"symbol": PERP, "leverage": 10})
    opens(alice, bob, "1", "50000")
    assert alice.get("liquidations").json() == {"results": [], "next_cursor": None}
    marks("44280")
    sweep_liquidations()
    [warned] = alice.get("account").json()["liquidations"]
    assert (warned["status"], warned["symbol"], [step["kind"] for step in warned["steps"]]) == (
        "warned",
        None,
        ["warned"],
    )
    promote(carol, "advanced")
    carol.buys("5", "44240", symbol=PERP)
    marks("44240")
    sweep_liquidations()
    [shown] = alice.get("liquidations").json()["results"]
    assert [step["kind"] for step in shown["steps"]] == ["warned", "reduced", "recovered"]
    reduced = shown["steps"][1]
    assert (reduced["quantity"], reduced["notional"], reduced["to_insurance"]) == (
        "0.161",
        "7122.64",
        "7.12264",
    )
    assert (reduced["symbol"], reduced["mark_price"], reduced["number"]) == (PERP, "44240", 2)
    assert alice.get(f"orders/{reduced['order_id']}").json()["reduce_only"] is True
    assert bob.get("liquidations").json()["results"] == []
    assert refusal(alice.get("liquidations", account="other")) == (400, "VALIDATION_ERROR")
