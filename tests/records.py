"""Log lines, parsed from JSON as an operator's tools would."""

import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from api.observability.json_lines import JsonHandler, LineWriter
from api.observability.request_log import current_request_id

COMMON_MEMBERS = ["time", "level", "logger", "message", "requestId"]
"""The first members of every log line."""


@contextmanager
def recorded_lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Yield a function that reads, through a pipe, what was logged inside the block."""
    reader, writer = os.pipe()
    handler = JsonHandler(LineWriter(writer), current_request_id)
    logging.getLogger().addHandler(handler)
    try:
        yield lambda: [json.loads(line) for line in os.read(reader, 1 << 20).splitlines()]
    finally:
        logging.getLogger().removeHandler(handler)
        os.close(reader)
        os.close(writer)
