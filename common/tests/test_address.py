"""Where a request comes from."""

import pytest
from django.test import RequestFactory

from common.api.address import UNKNOWN, address_group, client_address, is_allowed, scope_address


def request(peer, said=None):
    headers = {"HTTP_X_REAL_IP": said} if said is not None else {}
    return RequestFactory().get("/", REMOTE_ADDR=peer, **headers)


def test_without_a_proxy_only_the_peer_counts(settings):
    settings.TRUST_PROXY = False
    assert client_address(request("192.0.2.7", said="203.0.113.9")) == "192.0.2.7"


def test_behind_the_proxy_its_word_counts_and_nonsense_does_not(settings):
    settings.TRUST_PROXY = True
    assert client_address(request("10.0.0.1", said="203.0.113.9")) == "203.0.113.9"
    assert client_address(request("10.0.0.1", said="alice")) == "10.0.0.1"
    assert client_address(request("10.0.0.1")) == "10.0.0.1"


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:DB8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("", UNKNOWN),
    ],
)
def test_one_client_has_one_spelling(settings, peer, address):
    settings.TRUST_PROXY = False
    assert client_address(request(peer)) == address


def test_a_socket_has_an_address_too(settings):
    settings.TRUST_PROXY = False
    scope = {"client": ["192.0.2.7", 5000], "headers": [(b"x-real-ip", b"203.0.113.9")]}
    assert scope_address(scope) == "192.0.2.7"
    settings.TRUST_PROXY = True
    assert scope_address(scope) == "203.0.113.9"
    assert scope_address({"client": None, "headers": []}) == UNKNOWN


def test_limits_count_a_line_of_ipv6_as_one_client():
    assert address_group("2001:db8:1:2:3:4:5:6") == address_group("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert address_group("192.0.2.7") == "192.0.2.7"


def test_an_allow_list_holds_addresses_and_networks():
    assert is_allowed("192.0.2.7", [])
    assert is_allowed("192.0.2.7", ["203.0.113.9", "192.0.2.0/24"])
    assert not is_allowed("192.0.3.7", ["203.0.113.9", "192.0.2.0/24"])
    assert not is_allowed("2001:db8::1", ["192.0.2.0/24"])
