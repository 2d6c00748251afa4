"""A recorded market played through the exchange."""
