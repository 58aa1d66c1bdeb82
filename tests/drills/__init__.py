"""Drills: faults and loads at the sizes that docs/promises.md names.

`make drill` runs them and the other tests of the same promises, and writes docs/reliability.md. As part of `make test`
they run with small sizes, and no figure is judged.
"""
