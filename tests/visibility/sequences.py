"""Running a state machine of Hypothesis for a number of sequences."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test


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
