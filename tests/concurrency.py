"""Run calls at the same time, to test races in the database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connections


def run_concurrently(
    *calls: Callable[[], Any], ignoring: type[Exception] | tuple[type[Exception], ...] = ()
) -> list[Any]:
    """Start all calls together, each in a thread with its own database connection; return their results in order.

    The result of a call that raised an exception to be ignored is None. Any other exception is raised here, after all
    threads have ended. Needs `django_db(transaction=True)`, because other connections do not see uncommitted rows.
    """
    barrier = threading.Barrier(len(calls))
    results: list[Any] = [None] * len(calls)
    errors: list[Exception] = []

    def run(index: int, call: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            results[index] = call()
        except ignoring:
            pass
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(index, call)) for index, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise ExceptionGroup("calls failed", errors)
    return results
