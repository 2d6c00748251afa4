"""Who the agents are. Their users have no usable password: nobody can sign in as one of them."""

from collections.abc import Mapping
from decimal import Decimal

MAKERS = ("agent-maker-1", "agent-maker-2")
NOISE_TRADERS = ("agent-noise-1", "agent-noise-2")
LIQUIDITY_AGENTS = MAKERS + NOISE_TRADERS

REPLAY_MAKER = "replay-maker"
REPLAY_TAKER = "replay-taker"

EVERYBODY = (*LIQUIDITY_AGENTS, REPLAY_MAKER, REPLAY_TAKER)

# What a liquidity agent has of an asset to begin with, and is brought back to when half of it is gone.
FUNDS: Mapping[str, Decimal] = {"USDT": Decimal(6_000_000), "BTC": Decimal(100), "ETH": Decimal(2_000)}
FUNDS_OF_OTHER_ASSETS = Decimal(1_000_000)


def funds(asset: str) -> Decimal:
    return FUNDS.get(asset, FUNDS_OF_OTHER_ASSETS)
