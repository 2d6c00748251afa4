"""Positions and wallets a second time, in exact fractions, from what happened. Shares no code with risk/ or with
trading/perpetual_settlement.py; slow and plain."""
