"""Tell open pages that something has changed (docs/decisions/0028)."""
