"""What the meters of all rooms share: the steps of their histograms, and amounts as measures.

A measure is for the eye and for alerts, and so a float; nothing is ever counted back from it.
"""

from decimal import Decimal

# In seconds: from a step of matching to a time-out.
FAST_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
# In seconds: work in the background.
SLOW_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


def measure(amount: Decimal) -> float:
    """An amount, exact to some fifteen digits."""
    return float(amount)
