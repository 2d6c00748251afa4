"""The site whose views do nothing is otherwise the exchange."""

import importlib

from exchange_site import settings


def test_its_settings_are_those_of_the_exchange_but_for_its_addresses():
    idle = importlib.import_module("benchmarks.idle_site.settings")
    named = [name for name in vars(settings) if name.isupper()]
    others = {name for name in named if getattr(idle, name, None) != getattr(settings, name)}
    assert len(named) > 50 and others == {"ROOT_URLCONF"}
