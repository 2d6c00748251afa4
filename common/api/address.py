"""Where a request comes from."""

import ipaddress
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest

UNKNOWN = "0.0.0.0"  # a peer without an address, such as a Unix socket
IPV6_NETWORK_BITS = 64
FORWARDED = ("HTTP_X_REAL_IP", "HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED")  # what proxies add


def client_address(request: HttpRequest) -> str:
    """The peer's IP address; with `TRUST_PROXY` what the proxy in front says it is (`X-Real-IP`)."""
    return environ_address(request.META)


def environ_address(environ: Mapping[str, Any]) -> str:
    """The same of a WSGI request."""
    return _address(environ.get("REMOTE_ADDR"), environ.get("HTTP_X_REAL_IP"))


def is_proxys_own(environ: Mapping[str, Any]) -> bool:
    """Whether the address is that of a proxy which did not say, or was not trusted to say, for whom it asks.

    Then the address is no reason to show anybody what is for this machine or this network alone.
    """
    was_told = settings.TRUST_PROXY and _plain(environ.get("HTTP_X_REAL_IP", "")) is not None
    return not was_told and any(name in environ for name in FORWARDED)


def scope_address(scope: dict[str, Any]) -> str:
    """The same for an ASGI connection."""
    said = [value.decode("latin-1") for name, value in scope.get("headers", ()) if name == b"x-real-ip"]
    peer = scope.get("client")
    return _address(peer[0] if peer else None, said[-1] if said else None)


def address_group(address: str) -> str:
    """What limits count as one client: the address, or the /64 network of an IPv6 address."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network((address, IPV6_NETWORK_BITS), strict=False))


def is_allowed(address: str, allowed: Iterable[str]) -> bool:
    """Whether an address lies in a list of addresses and networks; an empty list allows any."""
    networks = [ipaddress.ip_network(entry) for entry in allowed]
    return not networks or any(ipaddress.ip_address(address) in network for network in networks)


def _address(peer: str | None, said_by_proxy: str | None) -> str:
    candidates = [said_by_proxy, peer] if settings.TRUST_PROXY else [peer]
    return next((found for text in candidates if text and (found := _plain(text))), UNKNOWN)


@lru_cache(maxsize=4096)
def _plain(text: str) -> str | None:
    """An IP address in its usual form, None if it is none. IPv4 inside IPv6 is the IPv4 address it means."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address).partition("%")[0]
