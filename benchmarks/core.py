"""The pure core alone: commands in, events out and applied, beside two engines from PyPI on the same flow."""

from time import perf_counter

from benchmarks.core_flow import RESTING, Flow, carry_out, mixed_flow
from benchmarks.core_peers import LightMatchingEngine, OrderMatching
from benchmarks.measure import Comparison, Round, in_turn
from trading.matching.book import Book
from trading.matching.events import Traded

COMMANDS = 100_000
COMMANDS_OF_THE_SLOW = 500  # the same flow's beginning, for an engine that would need minutes for all of it
ROUNDS = 7


class Core:
    """Our core, with the standing orders in its book."""

    def __init__(self, flow: Flow) -> None:
        self.commands = flow.commands
        self.book = Book()
        for order in flow.standing:
            carry_out(self.book, order)

    def run(self) -> tuple[int, float]:
        book = self.book
        begun = perf_counter()
        for command in self.commands:
            carry_out(book, command)
        return len(self.commands), perf_counter() - begun


def run() -> list[Comparison]:
    flow = mixed_flow(COMMANDS)
    short = Flow(flow.standing, flow.commands[:COMMANDS_OF_THE_SLOW])
    check_same_trades(flow, short)
    contestants: dict[str, Round] = {
        "the core": lambda: Core(flow).run(),
        "lightmatchingengine": lambda: LightMatchingEngine(flow).run(),
        "order-matching": lambda: OrderMatching(short).run(),
    }
    ours, *peers = in_turn(contestants, "commands/s", ROUNDS)
    return [
        Comparison(
            f"pure core, mixed flow (50% limit, 10% market, 40% cancel, {RESTING:,} resting)",
            "300,000 commands/s, and ahead of both peers",
            ours,
            tuple(peers),
            (
                f"{COMMANDS:,} commands a round; order-matching the first {COMMANDS_OF_THE_SLOW} of them.",
                "All three traded the same quantity. The peers keep no events, know no accounts, no self-trade "
                "prevention and no way back from a command; the core does all that.",
            ),
        )
    ]


def check_same_trades(flow: Flow, short: Flow) -> None:
    """The engines really do the same work: each trades as much as our core does on its part of the flow."""
    light, slow = LightMatchingEngine(flow), OrderMatching(short)
    light.run()
    slow.run()
    assert light.traded == traded_by_core(flow), "lightmatchingengine traded something else"
    assert slow.traded == traded_by_core(short), "order-matching traded something else"


def traded_by_core(flow: Flow) -> int:
    """Lots that change hands."""
    book = Core(flow).book
    events = [event for command in flow.commands for event in carry_out(book, command)]
    return sum(event.quantity for event in events if isinstance(event, Traded))
