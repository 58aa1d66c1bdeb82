"""Compare rendered HTML without regard to how its template breaks lines."""


def one_line(html: str) -> str:
    """Return `html` with every run of whitespace replaced by a space."""
    return " ".join(html.split())
