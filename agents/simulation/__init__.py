"""The agents without a clock, in a database of their own: the same seed gives the same trades."""
