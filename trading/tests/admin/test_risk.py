"""Positions, contracts, limits and liquidations in the admin."""

from decimal import Decimal

import pytest

from accounts.models import LedgerTransaction
from common.money import format_decimal
from risk.models import Bracket, Contract, ExposureLimit, Position, TierLimit
from trading.services import sweep_liquidations
from trading.tests.admin.office import browser_of, hire, history_of, listed, page, refused, text_of, told
from trading.tests.perpetual_desk import ETH_PERP, PERP, PerpetualDesk


@pytest.fixture
def floor(transactional_db):
    desk = PerpetualDesk(funds={"USDT": "6000"}, tiers={"alice": "intermediate"})
    desk.deposits("bob", "1000000")
    desk.deposits("carol", "1000000")
    desk.leverages("alice", 10)
    desk.trades("alice", "bob", "1", at="50000")
    return desk


@pytest.fixture
def contract(floor):
    return Contract.objects.get(market__symbol=PERP)


# ---- positions ----


def test_positions_are_listed_with_what_they_need(floor, office):
    shown = text_of(office.get(page("risk_position_changelist")))
    assert "44246.3" in shown and "side-long" in shown and "10x cross" in shown
    assert "alice" in shown and "bob" in shown


def test_positions_are_filtered_and_found(floor, office):
    floor.trades("carol", "bob", "0.1", at="2500", symbol=ETH_PERP)

    def found(**query):
        return [
            (row.market.symbol, "long" if row.size > 0 else "short")
            for row in listed(office.get(page("risk_position_changelist", **query)))
        ]

    assert (
        found(market=ETH_PERP) == [(ETH_PERP, "long"), (ETH_PERP, "short")]
        or len(found(market=ETH_PERP)) == 2
    )
    assert found(side="long", market=PERP) == [(PERP, "long")]
    assert found(side="short", market=PERP) == [(PERP, "short")]
    assert found(side="flat") == []
    assert {symbol for symbol, _ in found(size="10000")} == {PERP}
    assert found(q="alice") == [(PERP, "long")]
    assert found(q="nobody") == []
    assert len(found(side="sideways", size="x", market="")) == 4


def test_the_list_costs_as_many_queries_for_one_as_for_many(floor, office, django_assert_max_num_queries):
    for who in ("alice", "bob", "carol"):
        floor.leverages(who, 2, symbol=ETH_PERP)
    office.get(page("risk_position_changelist"))
    with django_assert_max_num_queries(9):
        assert len(listed(office.get(page("risk_position_changelist")))) == 5


def test_a_position_has_a_page(floor, office):
    shown = text_of(office.get(page("risk_position_change", floor.row("alice").pk)))
    assert "1 of 1" in shown and "There never were any." in shown
    floor.marks("44280")
    sweep_liquidations()
    assert "warned" in text_of(office.get(page("risk_position_change", floor.row("alice").pk)))


def test_nobody_edits_a_position(floor, office):
    row = floor.row("alice")
    assert office.get(page("risk_position_add")).status_code == 403
    assert office.post(page("risk_position_change", row.pk), {"size": "5"}).status_code == 403
    assert office.post(page("risk_position_delete", row.pk), {"post": "yes"}).status_code == 403
    assert Position.objects.get(pk=row.pk).size == 1


# ---- contracts ----


def terms(contract, *brackets, reason="a wilder market", **changes):
    """The form of a contract's page, with these brackets in place of those there are."""
    old = list(contract.brackets.order_by("floor"))
    form = {
        "funding_interval_seconds": "28800", "interest_rate": "0.0001", "funding_cap": "0.0075",
        "impact_notional": "10000", "basis_window_seconds": "150", "stale_after_seconds": "30",
        "liquidation_fee": "0.001", "reason": reason, **changes,
    }  # fmt: skip
    rows = brackets or [(row.floor, row.maximum_leverage, row.maintenance_rate) for row in old]
    total = max(len(rows), len(old))
    form |= {"brackets-TOTAL_FORMS": total, "brackets-INITIAL_FORMS": len(old)}
    for number in range(total):
        start = f"brackets-{number}-"
        if number < len(old):
            form |= {f"{start}id": old[number].pk, f"{start}contract": contract.pk}
        if number >= len(rows):
            form |= {f"{start}DELETE": "on"}
        floor, most, rate = rows[number] if number < len(rows) else ("1", "1", "0.1")
        form |= {f"{start}floor": format_decimal(Decimal(floor)), f"{start}maximum_leverage": str(most)}
        form |= {f"{start}maintenance_rate": format_decimal(Decimal(rate))}
    return form


def brackets(contract):
    rows = Bracket.objects.filter(contract=contract).order_by("floor")
    return [(int(row.floor), row.maximum_leverage, str(row.maintenance_rate.normalize())) for row in rows]


NEW = [("0", 10, "0.01"), ("100000", 5, "0.02")]


def test_brackets_are_replaced_with_a_reason(contract, office):
    url = page("risk_contract_change", contract.pk)
    assert office.post(url, terms(contract, *NEW)).status_code == 302
    assert brackets(contract) == [(0, 10, "0.01"), (100_000, 5, "0.02")]
    [(who, what)] = history_of(contract)
    assert who == "admin" and "0.01 and 10x from 0" in what and "a wilder market" in what


def test_other_brackets_are_judged_by_at_the_next_sweep(contract, floor, office):
    """2 % of 45,000 are 900, in place of 0.5 %: less than 1.25 times that is left of alice's 5,975 at 45,000."""
    floor.marks("45000")
    assert sweep_liquidations().looked_at == 0
    office.post(page("risk_contract_change", contract.pk), terms(contract, ("0", 10, "0.02")))
    assert sweep_liquidations().looked_at == 2
    assert floor.liquidation("alice").status == "warned"
    assert sweep_liquidations().looked_at <= 1


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("1", 10, "0.01")], "begins at 0"),
        ([("0", 10, "0.01"), ("5000", 20, "0.02")], "must not rise"),
        ([("0", 10, "0.02"), ("5000", 5, "0.01")], "must rise"),
        ([("0", 10, "0.01"), ("0", 5, "0.02")], "Two brackets"),
        ([("0", 0, "0.01")], "from 1 to 1000"),
        ([("0", 10, "1")], "0.999999"),
    ],
)
def test_brackets_that_cannot_be(contract, office, rows, said):
    before = brackets(contract)
    answer = office.post(page("risk_contract_change", contract.pk), terms(contract, *rows))
    assert said in text_of(answer)
    assert brackets(contract) == before and history_of(contract) == []


def test_brackets_are_not_changed_without_a_reason(contract, office):
    before = brackets(contract)
    answer = office.post(page("risk_contract_change", contract.pk), terms(contract, *NEW, reason=" "))
    assert "Say above why" in text_of(answer)
    assert brackets(contract) == before


def test_terms_are_changed_alone_and_brackets_stay(contract, office):
    before = list(Bracket.objects.values_list("pk"))
    url = page("risk_contract_change", contract.pk)
    assert office.post(url, terms(contract, interest_rate="-0.0002")).status_code == 302
    contract.refresh_from_db()
    assert contract.interest_rate == Decimal("-0.0002")
    assert list(Bracket.objects.values_list("pk")) == before
    assert office.post(url, terms(contract, funding_cap="2")).status_code == 200


def test_what_is_at_risk_stands_in_the_list_of_contracts(contract, office):
    shown = text_of(office.get(page("risk_contract_changelist")))
    assert "1 BTC, 1 long and 1 short" in shown and "100000" in shown
    assert office.get(page("risk_contract_add")).status_code == 403
    assert office.post(page("risk_contract_delete", contract.pk), {"post": "yes"}).status_code == 403


# ---- the insurance fund ----


def test_an_insurance_fund_is_topped_up_through_the_ledger(contract, floor, office):
    url = page("risk_contract_top_up", contract.pk)
    form = {"amount": "5000", "reason": "for rough days", "reference": "5a0f0d3c-9f0e-4b7e-9f6e-2f1f5d9f0a11"}
    answer = office.post(url, form)
    assert answer.status_code == 302 and "got 5000 USDT" in told(answer)[0]
    office.post(url, form)  # a second click
    assert floor.balance_of(f"insurance:{PERP}") == "5000"
    posted = LedgerTransaction.objects.get(kind="adjustment")
    assert (posted.reason, posted.actor.username) == ("for rough days", "admin")
    assert "5000 USDT: for rough days" in history_of(contract)[-1][1]
    assert "5000" in text_of(office.get(url))


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": "0"},
        {"amount": "-5"},
        {"amount": "NaN"},
        {"amount": ""},
        {"reason": ""},
        {"amount": "9" * 30},
    ],
)
def test_what_is_no_top_up(contract, floor, office, wrong):
    form = {"amount": "5", "reason": "x", "reference": "5a0f0d3c-9f0e-4b7e-9f6e-2f1f5d9f0a11", **wrong}
    assert refused(office.post(page("risk_contract_top_up", contract.pk), form))
    assert floor.balance_of(f"insurance:{PERP}") == "0"


# ---- limits ----


def test_a_tier_may_have_more(floor, office):
    tier = TierLimit.objects.get(tier="beginner")
    url = page("risk_tierlimit_change", "beginner")
    assert office.post(url, {"maximum_leverage": "7"}).status_code == 200
    assert office.post(url, {"maximum_leverage": "7", "reason": "they asked"}).status_code == 302
    assert TierLimit.objects.get(tier="beginner").maximum_leverage == 7
    assert history_of(tier)[-1][1].endswith("from 5 to 7: they asked")
    assert office.post(url, {"maximum_leverage": "0", "reason": "x"}).status_code == 200
    assert office.get(page("risk_tierlimit_add")).status_code == 403


def test_a_limit_of_exposure_holds_from_the_next_order_on(floor, contract, office):
    form = {"scope": "contract", "market": contract.pk, "maximum": "100500"}
    assert office.post(page("risk_exposurelimit_add"), form).status_code == 302
    assert floor.buys("carol", "0.1", at="40000", symbol=PERP) == "EXPOSURE_LIMIT"
    limit = ExposureLimit.objects.get(scope="contract")
    url = page("risk_exposurelimit_change", limit.pk)
    assert office.post(url, form | {"maximum": "200000"}).status_code == 200
    assert office.post(url, form | {"maximum": "200000", "reason": "more room"}).status_code == 302
    assert floor.buys("carol", "0.1", at="40000", symbol=PERP) != "EXPOSURE_LIMIT"
    assert "more room" in history_of(limit)[-1][1]
    assert "104000" in text_of(office.get(page("risk_exposurelimit_changelist")))


@pytest.mark.parametrize(
    "form",
    [
        {"scope": "contract", "maximum": "5"},
        {"scope": "total", "maximum": "5"},
        {"scope": "user", "maximum": "-5"},
        {"scope": "user", "maximum": "1e5"},
        {"scope": "nobody", "maximum": "5"},
        {"scope": "total", "market": "PERP", "maximum": "5"},
        {"scope": "contract", "market": "SPOT", "maximum": "5"},
    ],
)
def test_limits_that_cannot_be(floor, contract, office, form):
    places = {"PERP": contract.pk, "SPOT": contract.underlying_id}
    form = form | ({"market": places[form["market"]]} if "market" in form else {})
    before = ExposureLimit.objects.count()
    assert office.post(page("risk_exposurelimit_add"), form).status_code == 200
    assert ExposureLimit.objects.count() == before


# ---- liquidations, and the first page ----


def test_a_liquidation_is_shown_with_its_every_step(floor, office):
    floor.marks("44280")
    sweep_liquidations()
    floor.buys("carol", "5", at="44240", symbol=PERP)
    floor.marks("44240")
    sweep_liquidations()
    [row] = listed(office.get(page("risk_liquidation_changelist", q="alice")))
    shown = text_of(office.get(page("risk_liquidation_change", row.pk)))
    for cell in ("warned", "reduced on the book", "7122.64", "7.12264", "0.161", "44240"):
        assert cell in shown
    assert listed(office.get(page("risk_liquidation_changelist", status="closed"))) == []
    assert office.post(page("risk_liquidation_delete", row.pk), {"post": "yes"}).status_code == 403


def test_the_first_page_tells_what_is_at_risk(floor, office):
    shown = text_of(office.get(page("index")))
    assert "2 positions, 100000 USDT" in shown
    floor.marks("44280")
    sweep_liquidations()
    assert "1 warned" in text_of(office.get(page("index")))


def test_who_may_not_does_not(floor, contract):
    clerk = browser_of(hire("clerk", "risk.view_contract"))
    assert clerk.get(page("risk_contract_changelist")).status_code == 200
    assert "Top up" not in text_of(clerk.get(page("risk_contract_changelist")))
    assert clerk.get(page("risk_contract_top_up", contract.pk)).status_code == 403
    assert clerk.get(page("risk_position_changelist")).status_code == 403
    assert clerk.post(page("risk_contract_change", contract.pk), terms(contract, *NEW)).status_code == 403
    assert "Liquidations" not in text_of(clerk.get(page("index")))
