"""The matching service: one locked transaction per symbol (docs/ARCHITECTURE.md, life of an order).

`queue` gathers commands that wait for the same symbol, `pipeline` carries a batch of them through the seven
steps, `warm` keeps books in memory, `statements` is the SQL, `publish` tells the world after the commit.
"""
