"""The exchange's own site with two addresses more, whose views do nothing: what HTTP itself costs."""
