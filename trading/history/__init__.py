"""A market's past, from its event log alone: the state at any sequence, and the order-by-order tape."""
