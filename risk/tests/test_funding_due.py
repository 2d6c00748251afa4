"""Which funding is due, and at what rate."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from market.models import Asset, Market
from risk.funding_calendar import first_due, last_due
from risk.models import PremiumSample
from risk.services import ContractTerms, funding_due, open_contract, predicted_rate

HOUR = timedelta(hours=1)
EIGHT = datetime(2026, 11, 20, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "hours", "due"),
    [
        (EIGHT - timedelta(microseconds=1), 8, EIGHT),
        (EIGHT, 8, EIGHT + 8 * HOUR),
        (EIGHT + HOUR, 8, EIGHT + 8 * HOUR),
        (EIGHT + timedelta(minutes=5), 1, EIGHT + HOUR),
    ],
)
def test_funding_is_due_at_whole_multiples_of_the_interval(now, hours, due):
    assert first_due(now, hours * 3600) == due


@pytest.mark.parametrize(
    ("hours_late", "due"),
    [(-1, None), (0, EIGHT), (7, EIGHT), (8, EIGHT + 8 * HOUR), (25, EIGHT + 24 * HOUR)],
)
def test_of_several_times_that_passed_the_last_is_due(hours_late, due):
    assert last_due(EIGHT, 8 * 3600, EIGHT + hours_late * HOUR) == due


@pytest.fixture
def contract(db):
    for code in ("BTC", "USDT"):
        Asset.objects.get_or_create(code=code, defaults={"name": code, "precision": 8})
    rules = {"base_id": "BTC", "quote_id": "USDT", "tick": 1, "lot": 1, "minimum_notional": 1}
    Market.objects.create(symbol="BTC-USDT", **rules)
    market = Market.objects.create(symbol="BTC-PERP", kind="perpetual", **rules)
    contract = open_contract(market, ContractTerms("BTC-USDT"))
    contract.next_funding_at = EIGHT
    contract.save()
    return contract


def samples(contract, *premiums, end=EIGHT):
    """One each five seconds, the last five seconds before the end."""
    PremiumSample.objects.bulk_create(
        PremiumSample(contract=contract, premium=premium, sampled_at=end - timedelta(seconds=5 * ago))
        for ago, premium in enumerate(reversed(premiums), start=1)
    )


def test_a_new_contract_is_due_at_the_next_multiple(contract):
    contract.next_funding_at = None
    contract.save()
    again = open_contract(contract.market, ContractTerms("BTC-USDT"))
    assert again.next_funding_at.hour % 8 == again.next_funding_at.minute == 0


def test_nothing_is_due_before_its_time(contract):
    samples(contract, "0.001")
    assert funding_due(contract, EIGHT - timedelta(seconds=1)) is None
    contract.next_funding_at = None
    assert funding_due(contract, EIGHT) is None


def test_the_published_vector(contract):
    samples(contract, "-0.00183", "-0.00185", "-0.00184")
    due = funding_due(contract, EIGHT)
    assert (due.due_at, due.next_at, due.samples) == (EIGHT, EIGHT + 8 * HOUR, 3)
    assert (due.premium, due.rate) == (Decimal("-0.00184"), Decimal("-0.00134"))


def test_only_the_samples_of_the_interval_count(contract):
    samples(contract, "0.5", end=EIGHT - 8 * HOUR)  # of the interval before
    samples(contract, "0.5", end=EIGHT + timedelta(seconds=5))  # of the next: at eight o'clock sharp
    samples(contract, "0.002")
    due = funding_due(contract, EIGHT + timedelta(minutes=1))
    assert (due.premium, due.samples, due.rate) == (Decimal("0.002"), 1, Decimal("0.0015"))


def test_without_a_sample_the_premium_is_nothing_and_the_interest_is_paid(contract):
    due = funding_due(contract, EIGHT)
    assert (due.premium, due.samples, due.rate) == (0, 0, Decimal("0.0001"))


def test_the_rate_is_capped(contract):
    samples(contract, "0.3", "0.3")
    assert funding_due(contract, EIGHT).rate == contract.funding_cap == Decimal("0.0075")


def test_an_average_is_cut_to_ten_decimals(contract):
    samples(contract, "0.0000000001", "0.0000000001", "0")
    assert funding_due(contract, EIGHT).premium == 0
    samples(contract, "-0.0000000009", end=EIGHT - HOUR)
    assert funding_due(contract, EIGHT).premium == Decimal("-0.0000000001")


def test_after_a_long_sleep_one_funding_is_due_with_the_samples_of_its_own_interval(contract):
    samples(contract, "0.004")
    samples(contract, "0.002", end=EIGHT + 16 * HOUR)
    due = funding_due(contract, EIGHT + 17 * HOUR)
    assert (due.due_at, due.next_at) == (EIGHT + 16 * HOUR, EIGHT + 24 * HOUR)
    assert (due.premium, due.samples) == (Decimal("0.002"), 1)


def test_what_is_predicted_is_what_the_samples_so_far_come_to(contract):
    assert predicted_rate(contract, EIGHT - HOUR) == Decimal("0.0001")
    samples(contract, "0.002")
    assert predicted_rate(contract, EIGHT - timedelta(seconds=1)) == Decimal("0.0015")
    assert predicted_rate(contract, EIGHT) == Decimal("0.0015")
