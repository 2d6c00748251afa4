"""An order-by-order tape (docs/tape-format.md) played through the exchange: each of its orders is a real order."""
