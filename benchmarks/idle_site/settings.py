"""The exchange's settings, with the addresses of `idle_site.urls`."""

from exchange_site.settings import *  # noqa: F403 - all of them, whatever they are

ROOT_URLCONF = "benchmarks.idle_site.urls"
