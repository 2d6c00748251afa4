"""What is done for the agents by the exchange: users and test money."""

from agents.services.ensure_agents import ensure_agents, ensure_member
from agents.services.fund import fund

__all__ = ["ensure_agents", "ensure_member", "fund"]
