"""A graph of follows whose degrees follow power laws in both directions, or one from a file."""

from __future__ import annotations

import csv
import gzip
import random
from array import array
from collections.abc import Iterator
from pathlib import Path

FEW = 1.6
"""Exponent of the Pareto distribution of followees: most people follow few, and some follow thousands."""
MAX_FOLLOWEES = 7_500
POPULARITY = 3.0
"""Skew of followers: the most followed of a million people has 1 % of all follows, like rank^(-2/3)."""


class GraphError(Exception):
    """Raised with a message for the reader of a file that is not a list of edges."""


def pareto_counts(rng: random.Random, *, number: int, total: int, most: int, exponent: float = FEW) -> array[int]:
    """Return `number` counts from a Pareto distribution, each at most `most`, with the sum `total`.

    `total` must be at most half of `number` × `most`.
    """
    raw = [rng.paretovariate(exponent) for _ in range(number)]
    scale = total / sum(raw)
    counts = array("l", (min(most, int(value * scale)) for value in raw))
    missing = total - sum(counts)
    while missing > 0:
        at = rng.randrange(number)
        if counts[at] < most:
            counts[at] += 1
            missing -= 1
    return counts


def skewed(rng: random.Random, number: int, skew: float) -> int:
    """Return a random element of range(number); small numbers are drawn most often."""
    return int(number * rng.random() ** skew)


def distinct(rng: random.Random, count: int, *, of: int, without: int = -1, skew: float = 1.0) -> set[int]:
    """Return `count` different numbers of range(of), other than `without`. `count` must be at most half of `of`."""
    found: set[int] = set()
    for _ in range(8 * count):
        if len(found) == count:
            return found
        if (one := skewed(rng, of, skew)) != without:
            found.add(one)
    while len(found) < count:  # The most popular numbers are all taken.
        if (one := rng.randrange(of)) != without:
            found.add(one)
    return found


def edges(rng: random.Random, *, people: int, follows: int) -> Iterator[tuple[int, int]]:
    """Yield `follows` different pairs of (follower, followee), numbers in range(people), grouped by follower."""
    counts = pareto_counts(rng, number=people, total=follows, most=min(MAX_FOLLOWEES, people // 2))
    for follower, count in enumerate(counts):
        for followee in distinct(rng, count, of=people, without=follower, skew=POPULARITY):
            yield follower, followee


def edges_of_file(path: Path) -> tuple[array[int], int]:
    """Read a CSV file of edges, compressed if its name ends in .gz; return the edges and the number of people.

    Each line has two numbers, follower and followee, whatever they are; people are numbered in the order in which they
    appear. The result is flat: follower, followee, follower, …. Repeated edges and edges to oneself are left out. Holds
    all edges in memory, about 100 bytes each. Raises GraphError with the line.
    """
    numbers: dict[str, int] = {}
    seen: set[int] = set()
    flat = array("l")
    try:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
            for line, row in enumerate(csv.reader(file), start=1):
                if not row or row[0].startswith("#"):
                    continue
                if len(row) < 2 or not (row[0].strip().isdigit() and row[1].strip().isdigit()):
                    if line == 1:
                        continue  # A heading.
                    raise GraphError(f"{path}, line {line}: {','.join(row)[:60]!r} is not a pair of numbers.")
                follower, followee = (numbers.setdefault(cell.strip(), len(numbers)) for cell in row[:2])
                edge = follower << 32 | followee
                if follower != followee and edge not in seen:
                    seen.add(edge)
                    flat.extend((follower, followee))
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise GraphError(f"{path} can't be read: {error}") from error
    if not flat:
        raise GraphError(f"{path} has no edges.")
    return flat, len(numbers)
