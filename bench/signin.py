"""Compare the times of sign-in and sign-up for people with an account and for people without one.

Prints the median of each kind in milliseconds, and the difference between kinds that must be indistinguishable.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from bench.scratch import scratch_site

PASSWORD = "lantern-over-water-7"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=25, help="attempts of each kind (25)")
    times = parser.parse_args().times
    variables = {"RATE_LIMITS": "off", "REQUIRE_EMAIL_CONFIRMATION": "1", "EMAIL_URL": "dummymail://"}
    with scratch_site(with_valkey=True, **variables):
        from django.core.management import call_command

        from accounts.actions.users import create_user

        call_command("collectstatic", interactive=False, verbosity=0)
        create_user(username="anna", email="anna@example.org", password=PASSWORD)
        _compare("sign-in by username", times, known=lambda _: _sign_in("anna"), unknown=lambda n: _sign_in(f"no{n}"))
        _compare(
            "sign-in by e-mail",
            times,
            known=lambda _: _sign_in("anna@example.org"),
            unknown=lambda n: _sign_in(f"no{n}@example.org"),
        )
        _compare(
            "sign-up",
            times,
            known=lambda n: _sign_up(f"taken{n}", "anna@example.org"),
            unknown=lambda n: _sign_up(f"free{n}", f"free{n}@example.org"),
        )
        _compare(
            "reset", times, known=lambda _: _reset("anna@example.org"), unknown=lambda n: _reset(f"no{n}@example.org")
        )


def _compare(name: str, times: int, *, known: Callable[[int], None], unknown: Callable[[int], None]) -> None:
    """Alternate between the two kinds, so that other load on the machine affects both."""
    took: dict[str, list[float]] = {"known": [], "unknown": []}
    for number in range(times):
        for kind, attempt in (("known", known), ("unknown", unknown)):
            begun = time.perf_counter()
            attempt(number)
            took[kind].append((time.perf_counter() - begun) * 1000)
    medians = {kind: statistics.median(each) for kind, each in took.items()}
    gap = abs(medians["known"] - medians["unknown"])
    print(f"{name:<20} known {medians['known']:6.1f} ms   unknown {medians['unknown']:6.1f} ms   gap {gap:5.1f} ms")


def _sign_in(login: str) -> None:
    _post("/accounts/login/", login=login, password="not-the-password", status=200)


def _sign_up(username: str, email: str) -> None:
    _post("/accounts/signup/", username=username, email=email, password1=PASSWORD, status=302)


def _reset(email: str) -> None:
    _post("/accounts/password/reset/", email=email, status=302)


def _post(path: str, *, status: int, **fields: str) -> None:
    from django.test import Client

    answer = Client(headers={"host": "localhost"}).post(path, fields)
    assert answer.status_code == status, answer.status_code


if __name__ == "__main__":
    main()
