from decimal import Decimal

import pytest

from accounts.models import LedgerTransaction, User
from accounts.services import register_user
from agents import cast, selectors
from agents.services import ensure_agents, ensure_member, fund
from common.errors import Refused
from market.models import Market
from trading.tests.desk import TradingDesk
from trading.tests.laws import broken_laws

pytestmark = pytest.mark.django_db


@pytest.fixture
def markets():
    TradingDesk(people=())
    return list(Market.objects.all())


def holding(name, asset):
    member = selectors.members([name])[name]
    return selectors.holdings([member.account_id])[member.account_id].get(asset, selectors.Holding())


def test_agents_get_users_nobody_can_sign_in_as_and_funds_from_the_ledger(markets):
    ensure_agents(markets)
    assert set(User.objects.values_list("username", flat=True)) == set(cast.EVERYBODY)
    assert not any(user.has_usable_password() for user in User.objects.all())
    assert holding("agent-maker-1", "BTC").available == cast.funds("BTC")
    assert holding("agent-noise-2", "USDT").available == cast.funds("USDT")
    assert holding("replay-maker", "BTC").available == 0
    assert set(LedgerTransaction.objects.values_list("kind", flat=True)) == {"deposit"}
    assert broken_laws() == []


def test_repeating_it_changes_nothing(markets):
    ensure_agents(markets)
    before = LedgerTransaction.objects.count()
    ensure_agents(markets)
    assert LedgerTransaction.objects.count() == before


def test_funds_are_filled_up_when_half_is_gone_and_not_before(markets):
    member = ensure_member("agent-maker-1")
    fund(member.account_id, {"USDT": Decimal(50)})
    assert fund(member.account_id, {"USDT": Decimal(100)}) is None
    assert fund(member.account_id, {"USDT": Decimal(101)}) is not None
    assert holding("agent-maker-1", "USDT").available == 101


def test_money_for_an_agent_never_goes_to_a_person_of_that_name(markets):
    register_user("replay-maker", "somebody@example.org", "a-good-long-pass-9")
    with pytest.raises(Refused) as refused:
        ensure_agents(markets)
    assert refused.value.code.name == "CONFLICT"
    assert not LedgerTransaction.objects.exists()
