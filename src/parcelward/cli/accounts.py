"""`parcelward accounts`: a courier reads the accounts of its days."""

from typing import Annotated

import typer
from pydantic import ValidationError

from parcelward.cli.account_table import print_accounts
from parcelward.cli.options import Kafka, courier_code, settings_with
from parcelward.cluster.compacted import read_compacted
from parcelward.cluster.reader import TopicAwayError
from parcelward.contract.accounts import Account
from parcelward.errors import UserError
from parcelward.escaping import escaped

SHOWN = 7
NONE_YET = "no account of {} yet; accounts come after midnight, when operations runs `parcelward report --publish`"


def accounts(
    courier: Annotated[str, typer.Argument(help="Courier code.")],
    kafka: Kafka = None,
    day: Annotated[str | None, typer.Option("--date", help="Only this day, as 2026-11-23.", show_default=False)] = None,
    most: Annotated[int, typer.Option("--days", min=1, help="The last so many days.")] = SHOWN,
    json_lines: Annotated[bool, typer.Option("--json", help="One JSON object a day, for machines.")] = False,
) -> None:
    """Read the accounts of a courier's days: what became of every record sent. Exits 1 if one does not add up."""
    settings, code = settings_with(kafka), courier_code("COURIER", courier)
    topic = settings.topics.accounts(code)
    try:
        records = read_compacted(settings, topic)
    except TopicAwayError as error:
        raise UserError(f"{NONE_YET.format(code)}. If there should be one: {error}") from None
    found = [_account(topic, record.value) for key, record in records.items() if day is None or key == day.encode()]
    if not found:
        raise UserError(NONE_YET.format(code if day is None else f"{code} for {escaped(day)}"))
    found = found[-most:]
    print_accounts(found, f"Accounts of {code}", "date", as_json=json_lines)
    raise typer.Exit(0 if all(account.adds_up for account in found) else 1)


def _account(topic: str, value: bytes) -> Account:
    try:
        return Account.model_validate_json(value)
    except ValidationError:
        raise UserError(f"{topic} holds a record that is no account; is it a topic of a later version?") from None
