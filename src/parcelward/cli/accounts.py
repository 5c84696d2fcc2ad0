"""`parcelward accounts`: a courier reads the accounts of its days."""

from typing import Annotated

import typer
from pydantic import ValidationError

from parcelward.cli.account_table import print_accounts
from parcelward.cli.options import Kafka, settings_with
from parcelward.cluster.compacted import read_compacted
from parcelward.contract.accounts import Account
from parcelward.errors import UserError
from parcelward.escaping import escaped

SHOWN = 7


def accounts(
    courier: Annotated[str, typer.Argument(help="Courier code.")],
    kafka: Kafka = None,
    day: Annotated[str | None, typer.Option("--date", help="Only this day, as 2026-11-23.", show_default=False)] = None,
    most: Annotated[int, typer.Option("--days", min=1, help="The last so many days.")] = SHOWN,
    json_lines: Annotated[bool, typer.Option("--json", help="One JSON object a day, for machines.")] = False,
) -> None:
    """Read the accounts of a courier's days: what became of every record sent. Exits 1 if one does not add up."""
    settings = settings_with(kafka)
    topic = settings.topics.accounts(courier)
    found = [
        _account(topic, record.value)
        for key, record in read_compacted(settings, topic).items()
        if day is None or key == day.encode()
    ][-most:]
    if not found:
        raise UserError(
            f"{topic} has no account{'' if day is None else f' of {escaped(day)}'}; they come after midnight"
        )
    print_accounts(found, f"Accounts of {courier}", "date", as_json=json_lines)
    raise typer.Exit(0 if all(account.adds_up for account in found) else 1)


def _account(topic: str, value: bytes) -> Account:
    try:
        return Account.model_validate_json(value)
    except ValidationError:
        raise UserError(f"{topic} holds a record that is no account; is it a topic of a later version?") from None
