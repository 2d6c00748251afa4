"""Live data for many sockets: each process follows the event log once per market and fans out."""
