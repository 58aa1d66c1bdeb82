"""Aliases in DATABASES besides `default`, the primary. The settings import this module."""

from typing import Final

REPLICA_PREFIX: Final = "replica_"
"""The aliases of replicas begin with this (common.replicas)."""

DIRECT: Final = "direct"
"""PostgreSQL itself, if `default` is behind a pooler in transaction mode."""
