"""The line of deleveraging as the database counts it is the line that the engine goes by."""

import random

from django.core.cache import cache
from django.db import connection

from common.pipelined import Pipeline
from risk.contract_rows import contracts, position_of, read_all_positions, read_contracts
from risk.deleveraging import score
from risk.models import Position
from risk.selectors import deleveraging_queue, places_in_line
from trading.tests.perpetual_desk import ETH_PERP, PERP, PerpetualDesk


def engine_line(account_id, symbol, side):
    """Accounts on one side, first in line first, by the pure function."""
    pipeline = Pipeline(connection.connection)
    row = Position.objects.get(account_id=account_id, market__symbol=symbol)
    rows, found = read_all_positions(pipeline, row.market_id), read_contracts(pipeline)
    pipeline.run()
    contract = next(each for each in contracts(found.rows).values() if each.symbol == symbol)
    own = {row[0]: position_of(row, contract) for row in rows.rows}
    return sorted(
        (account for account, position in own.items() if position.size * side > 0),
        key=lambda account: (-score(own[account], contract.mark, contract.terms.step), account),
    )


def test_both_count_the_same_line(transactional_db):
    chance = random.Random(4)
    people = [f"p{number}" for number in range(11)]
    desk = PerpetualDesk(people=("maker", *people), funds={"USDT": "1000000"})
    for who in people:
        desk.leverages(who, chance.randint(1, 5), chance.choice(["cross", "isolated"]))
        price, size = str(chance.randint(49_000, 51_000)), f"0.{chance.randint(1, 999):03}"
        desk.trades(who, "maker", size, at=price)
    for mark in ("50000", "49321.7", "52000", "40500"):
        desk.marks(mark)
        line = engine_line(desk.accounts["p0"], PERP, 1)
        assert len(line) == len(people)
        market_id = desk.row("p0").market_id
        for who in people:
            place = places_in_line(desk.accounts[who])[market_id]
            assert (place.place, place.of) == (line.index(desk.accounts[who]) + 1, len(people))


def test_the_first_fifth_is_five_and_the_last_is_one(transactional_db):
    people = [f"p{number}" for number in range(10)]
    desk = PerpetualDesk(people=("maker", *people), funds={"USDT": "1000000"})
    for number, who in enumerate(people):
        desk.trades(who, "maker", "0.1", at=str(50_000 + number))
    desk.marks("51000")
    market_id = desk.row("p0").market_id
    ranks = [places_in_line(desk.accounts[who])[market_id].rank for who in people]
    assert ranks == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    alone = places_in_line(desk.accounts["maker"])[market_id]
    assert (alone.place, alone.of, alone.rank) == (1, 1, 5)


def test_nobody_without_a_position_stands_in_line(transactional_db):
    desk = PerpetualDesk()
    desk.leverages("alice", 2, symbol=ETH_PERP)
    assert places_in_line(desk.accounts["alice"]) == {}


def test_in_a_long_line_the_place_is_about_right(transactional_db, monkeypatch):
    monkeypatch.setattr(deleveraging_queue, "EXACT_UP_TO", 3)
    cache.clear()
    people = [f"p{number}" for number in range(10)]
    desk = PerpetualDesk(people=("maker", *people), funds={"USDT": "1000000"})
    for number, who in enumerate(people):
        desk.trades(who, "maker", "0.1", at=str(50_000 + number))
    desk.marks("51000")
    market_id = desk.row("p0").market_id
    places = [places_in_line(desk.accounts[who])[market_id] for who in people]
    assert [place.of for place in places] == [10] * 10
    for number, place in enumerate(places):
        assert abs(place.place - (number + 1)) <= 1
    cache.clear()


def test_a_position_that_is_closed_while_somebody_looks_has_no_place(transactional_db):
    desk = PerpetualDesk()
    desk.leverages("alice", 2)
    cache.clear()
    market_id = desk.row("alice").market_id
    for look in (deleveraging_queue._exact, deleveraging_queue._about):
        assert look(desk.accounts["alice"], market_id, True) is None
    cache.clear()
