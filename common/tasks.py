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
    """Fold the deltas of every counter into their columns; return how many.

    Runs every two seconds. A late or lost run only makes reads slower, because they add the deltas to the column.
    """
    return sum(counter.fold() for counter in _counters)


@shared_task(name="common.sweep_files")
def sweep_files() -> int:
    """Delete files that a killed process left without a row; return how many. Safe to run twice and to interrupt."""
    return sweep()


@shared_task(name="common.delete_expired_rate_limits")
def delete_expired_rate_limits() -> int:
    """Delete expired rate limit windows in PostgreSQL; return how many. Safe to run twice."""
    return delete_expired_windows()
