"""Addresses of Valkey clusters. The settings import this module, so it uses the standard library only."""

from typing import Final
from urllib.parse import urlsplit

CLUSTER_SCHEMES: Final = {"redis-cluster": False, "rediss-cluster": True}
"""Schemes of the addresses of clusters, and whether they use TLS."""


def is_cluster(url: str) -> bool:
    """Return True if `url` is the address of a cluster: redis-cluster://user:password@host:port,host:port."""
    return url.partition("://")[0] in CLUSTER_SCHEMES


def cluster_nodes(url: str) -> list[tuple[str, int]]:
    """Return (host, port) of each node that the address of a cluster names. Raises ValueError if a host is missing."""
    nodes = []
    for node in urlsplit(url).netloc.rpartition("@")[2].split(","):
        parts = urlsplit(f"//{node}")
        if not parts.hostname:
            raise ValueError("a node has no host")
        nodes.append((parts.hostname, parts.port or 6379))
    return nodes
