from hypothesis import given
from hypothesis import strategies as st

from agents.replay.level_plan import LevelPlan, bring_to
from trading.matching.level import BookOrder

LEAST = 8


def order(order_id, open, quantity=None):
    return BookOrder(order_id, 1, "buy", 100, quantity or open, open, True, "cancel_newest")


def test_an_empty_level_gets_one_order():
    assert bring_to([], 50, LEAST) == LevelPlan([], add=50)


def test_a_level_that_is_right_is_left_alone():
    assert bring_to([order(1, 20), order(2, 30)], 50, LEAST) == LevelPlan([])


def test_a_growing_level_gets_an_added_order():
    assert bring_to([order(1, 20)], 50, LEAST) == LevelPlan([], add=30)


def test_too_little_for_an_order_lets_the_newest_grow():
    assert bring_to([order(1, 20), order(2, 30)], 53, LEAST) == LevelPlan([], grow=(2, 33))


def test_a_shrinking_level_takes_from_the_newest_so_that_the_oldest_keep_their_place():
    assert bring_to([order(1, 20), order(2, 30)], 40, LEAST) == LevelPlan([], shrink=(2, 20))
    assert bring_to([order(1, 20), order(2, 30)], 15, LEAST) == LevelPlan([2], shrink=(1, 15))
    assert bring_to([order(1, 20), order(2, 30)], 0, LEAST) == LevelPlan([2, 1])


def test_a_partly_filled_order_shrinks_by_its_total():
    assert bring_to([order(1, 20, quantity=50)], 15, LEAST) == LevelPlan([], shrink=(1, 45))


def test_a_rest_below_the_minimum_is_made_up_for_by_an_older_order():
    assert bring_to([order(1, 20), order(2, 10)], 25, LEAST) == LevelPlan([2], grow=(1, 25))


def test_a_level_below_the_minimum_cannot_be_made():
    assert bring_to([order(1, 20)], 5, LEAST) == LevelPlan([1], lacking=5)
    assert bring_to([], 7, LEAST) == LevelPlan([], lacking=7)


@given(
    sizes=st.lists(st.tuples(st.integers(1, 60), st.integers(0, 60)), max_size=8),
    target=st.integers(0, 300),
)
def test_every_plan_leads_to_the_target_or_says_what_is_lacking(sizes, target):
    orders = [
        order(number, open, quantity=max(open + filled, LEAST))
        for number, (open, filled) in enumerate(sizes, start=1)
    ]
    plan = bring_to(orders, target, LEAST)
    left = {each.order_id: each for each in orders if each.order_id not in plan.cancel}
    total = sum(each.open for each in left.values())
    for change in (plan.shrink, plan.grow):
        if change is not None:
            assert change[1] >= LEAST
            total += change[1] - left[change[0]].quantity
    assert total + plan.add + plan.lacking == target
    assert plan.lacking < LEAST and (plan.add == 0 or plan.add >= LEAST)
    assert not plan.lacking or not left
