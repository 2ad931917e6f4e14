"""Counts executed bytecode instructions: the cost of a call, independent of the clock."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

MARGIN = 1 if sys.version_info[:2] == (3, 11) else 1.25
"""Limits are of Python 3.11. Other versions of Python have other bytecode."""


class Steps:
    """Counts the bytecode instructions of this thread, and of threads that start meanwhile."""

    def __init__(self) -> None:
        self.counting, self.count = False, 0

    def trace(self, frame: FrameType, event: str, argument: object) -> Callable[..., Any]:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode" and self.counting:
            self.count += 1
        return self.trace

    def count_steps(self, act: Callable[[], object]) -> int:
        """Return the number of instructions of `act`.

        The count includes those that other threads run for it, until shortly afterwards.
        """
        self.count, self.counting = 0, True
        sys.settrace(self.trace)
        act()
        sys.settrace(None)
        time.sleep(0.05)
        self.counting = False
        return self.count


@contextmanager
def counted() -> Iterator[Steps]:
    """Yield a counter. Threads that start before are not counted, because they can't be traced."""
    counter, before = Steps(), sys.gettrace()
    threading.settrace(counter.trace)
    yield counter
    threading.settrace(None)
    sys.settrace(before)
