"""The contract's `openapi` command, which ends as each operator's command does."""

from api.contract.commands import openapi as _openapi
from api.operator.common import OperatorCommand

openapi = OperatorCommand(
    _openapi.name, callback=_openapi.callback, params=_openapi.params, help=_openapi.help
)
