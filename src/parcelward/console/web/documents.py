"""Documents of the topics, as the store keeps them, read by the contract."""

from collections.abc import Mapping
from typing import Any

import orjson

from parcelward.contract.alerts import Alert


def alert_in(document: Mapping[str, Any]) -> Alert:
    """Read an alert. The contract is strict, and JSON knows no times and no tuples, so it is read as JSON."""
    return Alert.model_validate_json(orjson.dumps(document))
