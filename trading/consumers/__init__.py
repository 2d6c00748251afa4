"""WebSockets: they translate between clients and streams, and decide nothing."""
