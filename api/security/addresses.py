"""Client addresses: read from the trusted proxies, normalised, and grouped for rate limits."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

_WITH_PORT = re.compile(r"\[([^\]]*)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}")
_PREFIX = re.compile(r"(?=.{1,64}$)(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+", re.DOTALL)
"""A path of at most 64 characters, without empty and dot segments, so that it names no host."""
_FOR_IPV4 = [IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96")]
"""IPv6 addresses whose last 32 bits are an IPv4 address (RFC 4291, 2.5.5.2, and RFC 6052, 2.1)."""


@lru_cache(1024)
def normalised(text: str) -> str:
    """Return the address in canonical form, without port and zone, or "" if it is invalid.

    An IPv6 address that stands for an IPv4 address becomes that IPv4 address.
    """
    match = _WITH_PORT.fullmatch(text)
    try:
        address = ip_address(match[1] or match[2] if match else text)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        address = IPv6Address(int(address))  # Without its zone.
        if any(address in network for network in _FOR_IPV4):
            return str(IPv4Address(int(address) & 0xFFFFFFFF))
    return str(address)


@lru_cache(1024)
def network_of(address: str, ipv4_bits: int, ipv6_bits: int) -> str:
    """Return the first address of the network of that size, or "" without an address."""
    if not address:
        return ""
    bits = ipv6_bits if ":" in address else ipv4_bits
    return str(ip_network((address, bits), strict=False).network_address)


def bucket(address: str) -> str:
    """Return the address whose rate limits a client shares: its own, or that of its IPv6 /64.

    In a /64, one local network (RFC 4291, section 2.5.4), a client can choose any address.
    """
    return network_of(address, 32, 64)


def site(address: str) -> str:
    """Return the IPv4 /24 or IPv6 /48: the smallest networks that are routed on the Internet."""
    return network_of(address, 24, 48)


class TrustedProxies:
    """WSGI middleware that reads the `X-Forwarded-*` headers of `proxies` trusted proxies.

    `REMOTE_ADDR` becomes the client's normalised address, or "" if a proxy names no address.
    `X-Forwarded-Proto` and `X-Forwarded-Host` replace the scheme and `Host`. `X-Forwarded-Prefix`
    is the path under which the proxies serve this service. A header with fewer entries than
    `proxies` is ignored, because the client may have sent all of it.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]], proxies: int) -> None:
        self.app, self.proxies = app, proxies

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        address = environ.get("REMOTE_ADDR", "")
        if self.proxies:
            forwarded = self._entry(environ.get("HTTP_X_FORWARDED_FOR"))
            address = address if forwarded is None else forwarded
            scheme = (self._entry(environ.get("HTTP_X_FORWARDED_PROTO")) or "").lower()
            if scheme in ("http", "https"):
                environ["wsgi.url_scheme"] = scheme
            if host := self._entry(environ.get("HTTP_X_FORWARDED_HOST")):
                environ["HTTP_HOST"] = host
            if _PREFIX.fullmatch(
                prefix := self._entry(environ.get("HTTP_X_FORWARDED_PREFIX")) or ""
            ):
                environ["SCRIPT_NAME"] = prefix
        environ["REMOTE_ADDR"] = normalised(address)
        return self.app(environ, start_response)

    def _entry(self, value: str | None) -> str | None:
        """Return the entry that the outermost trusted proxy added, or None if it added none.

        Quotation marks don't protect a comma, because proxies append to any value of the client.
        """
        entries = value.split(",") if value else []
        return entries[-self.proxies].strip() if len(entries) >= self.proxies else None
