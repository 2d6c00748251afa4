"""The terms of a contract as they stand in its rows."""

from decimal import Decimal

import pytest

from common.errors import ErrorCode, Refused
from market.models import Asset, Market
from risk.models import Bracket, Contract, TierLimit
from risk.selectors import contract_terms, tier_leverage
from risk.services import ContractTerms, make_limits, open_contract

RULES = {"quote_id": "USDT", "minimum_notional": 5}


@pytest.fixture(autouse=True)
def venue(db):
    for code in ("USDT", "BTC", "ETH"):
        Asset.objects.create(code=code, name=code, precision=8)
    Market.objects.create(symbol="BTC-USDT", base_id="BTC", tick="0.01", lot="0.00001", **RULES)
    for base, tick, lot in (("BTC", "0.1", "0.001"), ("ETH", "0.01", "0.01")):
        market = Market.objects.create(
            symbol=f"{base}-PERP", kind="perpetual", base_id=base, tick=tick, lot=lot,
            taker_fee=Decimal("0.0005"), **RULES,
        )  # fmt: skip
        open_contract(market, ContractTerms("BTC-USDT"))
        Contract.objects.filter(market=market).update(liquidation_fee=Decimal("0.003"))
    make_limits()


def refused(symbol):
    with pytest.raises(Refused) as caught:
        contract_terms(symbol)
    return caught.value.code


def test_a_contract_in_units_lots_and_millionths():
    contract, market, terms = contract_terms("BTC-PERP")
    assert (contract.pk, market.symbol, market.quote.code) == (market.pk, "BTC-PERP", "USDT")
    assert (terms.market_id, terms.step, terms.taker_fee) == (market.pk, 10_000, 500)
    assert terms.liquidation_fee == 3_000
    first, second = terms.brackets.rows[:2]
    assert (first.floor, first.maximum_leverage, first.rate) == (0, 20, 5_000)
    assert (second.floor, second.rate) == (250_000 * 10**8, 10_000)


def test_what_an_administrator_changed_counts_at_once():
    contract_terms("BTC-PERP")
    rows = Bracket.objects.filter(contract__market__symbol="BTC-PERP", floor=0)
    rows.update(maintenance_rate=Decimal("0.004"), maximum_leverage=50)
    assert contract_terms("BTC-PERP").terms.brackets.rows[0][1:3] == (50, 4_000)


def test_a_spot_market_and_an_unknown_one_have_none():
    assert refused("BTC-USDT") is ErrorCode.NOT_A_PERPETUAL
    for symbol in ("XRP-PERP", "", "btc-perp", "\x00", None):
        assert refused(symbol) is ErrorCode.UNKNOWN_SYMBOL


def test_a_perpetual_without_brackets_or_terms_is_not_open_yet():
    Bracket.objects.filter(contract__market__symbol="BTC-PERP", floor=0).delete()
    assert refused("BTC-PERP") is ErrorCode.MARKET_NOT_OPEN
    eth = Market.objects.get(symbol="ETH-PERP")
    Contract.objects.get(market=eth).delete()
    assert refused("ETH-PERP") is ErrorCode.MARKET_NOT_OPEN


def test_the_leverage_of_each_tier_and_none_for_a_tier_without_a_row():
    assert [tier_leverage(tier) for tier in ("beginner", "intermediate", "advanced")] == [5, 10, 20]
    TierLimit.objects.filter(tier="beginner").delete()
    assert tier_leverage("beginner") == 1
