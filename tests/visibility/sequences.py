"""State machines of Hypothesis that change the database: their base class, and running a number of sequences."""

from __future__ import annotations

import os

from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from accounts.models import User


class DatabaseMachine(RuleBasedStateMachine):
    """A state machine whose sequences each run in a transaction that is rolled back."""

    steps = 0
    """The number of steps of all sequences that changed something."""

    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.has_changed = True
        """Whether the last step may have changed something; invariants reset it."""

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)


def make_people(count: int) -> list[User]:
    """Create person0, person1 and so on, who cannot sign in with a password."""
    return [
        User.objects.create(username=f"person{number}", email=f"person{number}@example.org", password="!")
        for number in range(count)
    ]


def run_sequences(machine: type[RuleBasedStateMachine], *, examples: int, steps: int, variable: str) -> None:
    """Run `examples` sequences of up to `steps` steps, the same ones each time.

    If the environment has `variable`, its value is the number of sequences, and they are new ones.
    """
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=int(os.environ.get(variable, examples)),
            stateful_step_count=steps,
            derandomize=variable not in os.environ,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
