"""Where prices come from: all feeds answer the same question (price_feed.py)."""
