"""What is logged, as an operator's tools read it."""

import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from api.observability.json_lines import JsonHandler, LineWriter
from api.observability.request_log import current_request_id


@contextmanager
def recorded_lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Read what has been logged meanwhile, by way of a pipe."""
    reader, writer = os.pipe()
    handler = JsonHandler(LineWriter(writer), current_request_id)
    logging.getLogger().addHandler(handler)
    try:
        yield lambda: [json.loads(line) for line in os.read(reader, 1 << 20).splitlines()]
    finally:
        logging.getLogger().removeHandler(handler)
        os.close(reader)
        os.close(writer)
