from dataclasses import dataclass


@dataclass(frozen=True)
class AvatarSubmitted:
    """Somebody chose a new picture; it is stored and not rendered yet."""

    user_id: int


@dataclass(frozen=True)
class ExportRequested:
    """Somebody wants an archive of what is theirs."""

    export_id: int
