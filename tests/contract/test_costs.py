"""The cost of a request that the contract adds, counted in bytecode instructions.

`python -m tests.tools.contract_costs` measures its time.
"""

from collections.abc import Callable

import pytest

from tests.steps import MARGIN, Steps
from tests.tools.contract_costs import VALID, app_of, request_to

WARM = 3


def steps_of(steps: Steps, send: Callable[[], None]) -> int:
    for _ in range(WARM):
        send()
    return steps.count_steps(send)


@pytest.mark.parametrize(
    ("form", "most"), [(VALID, 1.26), (VALID | {"kind": "third"}, 1.17)], ids=["valid", "invalid"]
)
def test_a_request_with_the_gate_takes_few_steps_more_than_without(
    form: dict[str, str], most: float, steps: Steps
) -> None:
    """`most` is the measured ratio plus 3 %."""
    with_it, without = (
        steps_of(steps, request_to(app_of(5, declared=declared), "/things3", form))
        for declared in (True, False)
    )
    assert with_it / without <= most * MARGIN, (with_it, without)


@pytest.mark.parametrize("number", [50, 500])
def test_a_request_takes_as_many_steps_with_many_operations_as_with_few(
    number: int, steps: Steps
) -> None:
    few, many = (
        steps_of(steps, request_to(app_of(n, declared=True), f"/things{n - 1}", VALID))
        for n in (5, number)
    )
    assert many <= few * 1.01, (few, many)
