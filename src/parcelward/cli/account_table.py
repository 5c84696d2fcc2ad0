"""Accounts of couriers' days, as people read them."""

from collections.abc import Iterator, Sequence

import typer

from parcelward.cli.tables import show_table
from parcelward.contract.accounts import Account

LINES = {
    "screened": "screened",
    "scan_only": "scans that wait for their parcel",
    "duplicate": "duplicates",
    "heartbeats": "heartbeats",
    "refused": "refused",
    "pending": "not worked off yet",
    "undecided": "duplicate or lost: undecided",
    "unaccounted": "without a trace: lost",
}
"""What became of a record, by the fields of an account."""
ALWAYS = ("screened", "duplicate", "refused")


def print_accounts(accounts: Sequence[Account], title: str, by: str, *, as_json: bool) -> None:
    """Print accounts as `show_accounts` does and each in words, or each as a line of JSON."""
    if as_json:
        for account in accounts:
            typer.echo(account.model_dump_json())
        return
    show_accounts(accounts, title, by)
    for account in accounts:
        typer.echo(in_words(account))


def show_accounts(accounts: Sequence[Account], title: str, by: str) -> None:
    """Print accounts side by side; `by` is the field that heads each column."""
    show_table(("", *(getattr(account, by) for account in accounts)), _rows(accounts), title)


def _rows(accounts: Sequence[Account]) -> Iterator[list[str]]:
    yield _row("sent", [account.sent for account in accounts])
    for name, words in LINES.items():
        counted = [getattr(account, name) for account in accounts]
        if name in ALWAYS or any(counted):
            yield _row(f"  {words}", counted)
        if name == "refused":
            for reason in sorted({reason for account in accounts for reason in account.refused_for}):
                yield _row(f"    {reason.value}", [account.refused_for.get(reason, 0) for account in accounts])
    if any(account.twice for account in accounts):
        yield _row("judged or refused twice", [account.twice for account in accounts])
    yield _row("corrections", [account.corrections for account in accounts])
    yield _row("late", [account.late for account in accounts])
    for duty in ("real_name", "inspection", "security_scan"):
        counted = [getattr(account.overdue, duty) for account in accounts]
        if any(counted) or duty != "security_scan":
            yield _row(f"overdue: {duty}", counted)


def _row(words: str, counted: Sequence[int]) -> list[str]:
    return [words, *(f"{count:,}" for count in counted)]


def in_words(account: Account) -> str:
    """Say whether an account adds up, or by how much it does not.

    >>> from parcelward.contract.accounts import Account, Overdue
    >>> none = {name: 0 for name in Account.model_fields if name not in ("courier", "date", "refused_for", "overdue")}
    >>> overdue = Overdue(real_name=0, inspection=0, security_scan=0)
    >>> said = none | {"final": True, "complete": True, "adds_up": True, "sent": 5, "screened": 4, "refused": 1}
    >>> in_words(Account(courier="swift", date="2026-11-23", refused_for={}, overdue=overdue, **said))
    'swift 2026-11-23: 5 sent = 4 screened + 0 duplicates + 1 refused; adds up to the last event'
    """
    parts = [
        f"{getattr(account, name):,} {words}"
        for name, words in LINES.items()
        if name in ALWAYS or getattr(account, name)
    ]
    wrong = []
    if not account.complete:
        wrong.append("records of this day were deleted before they were counted")
    wrong += [f"{account.unaccounted:,} lost"] * bool(account.unaccounted)
    wrong += [f"{account.undecided:,} duplicate or lost"] * bool(account.undecided)
    wrong += [f"{account.twice:,} judged or refused twice"] * bool(account.twice)
    so_far = "" if account.final else "so far, "
    answer = f"does NOT add up: {', '.join(wrong)}" if wrong else f"{so_far}adds up to the last event"
    return f"{account.courier} {account.date}: {account.sent:,} sent = {' + '.join(parts)}; {answer}"
