"""Suspending and resuming all markets from the admin's list of them."""

import pytest

from market.models import Market
from trading.tests.admin.office import history_of, page, refused, text_of, told

LIST = "market_market_changelist"


def all_markets_page(verb):
    return page("market_market_all", verb)


def states():
    return dict(Market.objects.order_by("symbol").values_list("symbol", "status"))


def test_the_list_leads_to_both_and_only_a_post_with_a_reason_acts(office, desk):
    shown = text_of(office.get(page(LIST)))
    for verb in ("suspend", "resume"):
        assert all_markets_page(verb) in shown
        assert "in all markets" in text_of(office.get(all_markets_page(verb)))
        assert refused(office.post(all_markets_page(verb), {"reason": " "}))
    assert set(states().values()) == {"open"}


def test_all_markets_stop_and_go_on(office, desk):
    desk.turns("halted", symbol="ETH-BTC")
    said = told(office.post(all_markets_page("suspend"), {"reason": "a drill"}, follow=True))
    assert said == ["Suspended: BTC-USDT, ETH-USDT.", "Left as they are: ETH-BTC."]
    assert set(states().values()) == {"halted"}
    said = told(office.post(all_markets_page("resume"), {"reason": "over"}, follow=True))
    assert said == ["Resumed: BTC-USDT, ETH-USDT.", "Left as they are: ETH-BTC."]
    assert states() == {"BTC-USDT": "open", "ETH-BTC": "halted", "ETH-USDT": "open"}
    assert history_of(Market.objects.get(symbol="BTC-USDT")) == [
        ("admin", "Matching suspended: a drill"),
        ("admin", "Matching resumed: over"),
    ]


@pytest.mark.parametrize("verb", ["suspend", "resume"])
def test_it_takes_the_permission_to_change_markets(clerk, desk, verb):
    looks = clerk("market.view_market")
    assert all_markets_page(verb) not in text_of(looks.get(page(LIST)))
    assert looks.post(all_markets_page(verb), {"reason": "x"}).status_code == 403
    assert set(states().values()) == {"open"}


def test_another_verb_is_not_found(office, desk):
    assert office.get(all_markets_page("explode")).status_code == 404
