"""The host of a request: its syntax, and whether it is trusted."""

import re
from collections.abc import Collection
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

# A label of DNS has at most 63 octets (RFC 1034, section 3.1).
_LABEL = "[A-Za-z0-9_~%-]{1,63}"
is_host = re.compile(
    rf"({_LABEL}(\.{_LABEL})*\.?|\[[0-9A-Fa-f]*:[0-9A-Fa-f:.]+\])(:[0-9]*)?"
).fullmatch
"""Whether a text is a host, with or without a port."""

_AUTHORITY = re.compile("[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")


def take_host_from_target(environ: dict[str, Any]) -> None:
    """Replace `Host` by the host of a request target in absolute form (RFC 9112, section 3.2.2)."""
    if target := _AUTHORITY.match(environ.get("RAW_URI", "")):
        environ["HTTP_HOST"] = target[1]
        environ["PATH_INFO"] = environ["PATH_INFO"] or "/"  # RFC 9110, section 4.2.3


def normalize_host(host: str) -> str:
    """Return the host in lower case, without port and trailing dot, IPv6 in its shortest form."""
    name = re.sub(":[0-9]*$", "", host).removesuffix(".").lower()
    if name.startswith("["):
        with suppress(ValueError):
            return f"[{ip_address(name[1:-1])}]"
    return name


def is_trusted(host: str, trusted: Collection[str]) -> bool:
    """Whether `host` is among the `trusted`; one that begins with a dot includes its subdomains."""
    name = normalize_host(host)
    return any(
        name == (allowed := normalize_host(item.removeprefix(".")))
        or (item.startswith(".") and name.endswith(f".{allowed}"))
        for item in trusted
    )
