from celery import shared_task

from common.counters import Counter
from common.files import sweep
from common.ratelimit import delete_expired_windows

_counters: set[Counter] = set()


def keep_counters_folded(*counters: Counter) -> None:
    """Register counters for `common.fold_counters`."""
    _counters.update(counters)


@shared_task(name="common.fold_counters")
def fold_counters() -> int:
    """Move the waiting deltas of every counter into their columns; return how many.

    Runs every two seconds. Late or lost runs cost speed only: what people read is column plus deltas.
    """
    return sum(counter.fold() for counter in _counters)


@shared_task(name="common.sweep_files")
def sweep_files() -> int:
    """Delete files that a killed process left without a row; return how many. Safe to run twice and to be killed."""
    return sweep()


@shared_task(name="common.delete_expired_rate_limits")
def delete_expired_rate_limits() -> int:
    """Delete rate limits that were counted in PostgreSQL and have ended; return how many. Safe to run twice."""
    return delete_expired_windows()
