"""Subqueries that Django lacks."""

from __future__ import annotations

from django.db.models import IntegerField, Subquery


class RowCount(Subquery):
    """The number of rows of a subquery, which may have a limit."""

    template = "(SELECT count(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()
