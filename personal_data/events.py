from dataclasses import dataclass


@dataclass(frozen=True)
class ExportRequested:
    """A user requested an export of their data."""

    export_id: int
