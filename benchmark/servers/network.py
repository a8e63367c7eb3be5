"""The connection to a server: its key, its certificates and the proxy in between."""

import ipaddress
import ssl
import urllib.request
from urllib.parse import urlsplit

import aiohttp

from benchmark.errors import UserError
from benchmark.servers.endpoint import Endpoint


def session(server: Endpoint) -> aiohttp.ClientSession:
    """A session with the server's key, time-out, certificates and proxy.

    Raises:
        UserError: the certificates cannot be read.
    """
    tls: ssl.SSLContext | bool = server.verify_certificate
    if server.ca_cert_path and server.verify_certificate:
        try:
            tls = ssl.create_default_context(cafile=server.ca_cert_path)
        except OSError as error:
            raise UserError(f"--backend-arg ca_cert_path={server.ca_cert_path}: {error.strerror}") from error
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=server.num_concurrent, ssl=tls),
        timeout=aiohttp.ClientTimeout(total=server.timeout),
        headers={"Authorization": f"Bearer {server.key}"} if server.key else {},
        proxy=_proxy(server.url),
    )


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for an address; none for this machine's own."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        own = ipaddress.ip_address(host).is_loopback
    except ValueError:
        own = host == "localhost"
    if own or urllib.request.proxy_bypass(host):
        return None
    return urllib.request.getproxies().get(parts.scheme)
