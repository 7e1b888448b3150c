"""From where the service can be reached, and under which names."""

import ipaddress
import socket
from urllib.parse import urlsplit

from serving.access.ring import KeyRing
from serving.errors import ServingError

HERE = frozenset({"127.0.0.1", "localhost", "::1"})


def is_local(host: str) -> bool:
    """Whether an address to listen on is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_exposure(host: str, ring: KeyRing) -> None:
    """Refuses to listen for others without a key.

    Raises:
        ServingError: it would be open to whoever reaches it.
        KeysError: the keys cannot be read.
    """
    if not is_local(host) and not ring.usable():
        raise ServingError(
            f"host {host} is reached from elsewhere, and there is no key that is good; make one by "
            "`regraft keys add NAME --role predict`, or listen on 127.0.0.1"
        )


def names_of(host: str, settings: str) -> frozenset[str]:
    """Names that requests may be addressed to: a page on the internet must not reach it under a name of its own."""
    given = {name.strip().lower() for name in settings.split(",") if name.strip()}
    own = {host.lower()} if is_local(host) else {host.lower(), socket.gethostname().lower()}
    return HERE | given | own


def name_in(header: str) -> str:
    """The name in a Host header, without its port."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""
