"""What the agents decide: pure functions of what they see, what they own, and a seeded generator.

Prices are in ticks, quantities in lots, costs in ticks x lots; distances from a price in parts per million
of it. No clock, no database, no float.
"""
