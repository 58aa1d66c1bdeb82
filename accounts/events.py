from dataclasses import dataclass


@dataclass(frozen=True)
class AvatarSubmitted:
    """A user uploaded a new avatar; the original is stored and not rendered yet."""

    user_id: int
