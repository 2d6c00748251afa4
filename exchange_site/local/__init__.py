"""Starts and stops Bourse on one machine: embedded servers, one supervisor, one port."""
