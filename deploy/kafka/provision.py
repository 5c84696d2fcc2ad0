"""Makes users, topics, access rights and quotas as they should be, and takes back what should not be there any more.

Runs as the administrator, in the worker's image, with every start. Reads the connection from the settings
(`PARCELWARD_*`), quotas and names of groups from access.toml beside it, and the passwords of the others from
KAFKA_WORKER_PASSWORD, KAFKA_PLATFORM_PASSWORD, KAFKA_COURIER_PASSWORDS (`swift=...,orient=...`),
KAFKA_ACCOUNTS_PASSWORD (for who counts the couriers' accounts), KAFKA_DELIVER_PASSWORD (for who delivers webhooks) and
KAFKA_CONSOLE_PASSWORD (for the console; these three may be missing), or from files (KAFKA_WORKER_PASSWORD_FILE and so
on). KAFKA_ADMIN_PASSWORD_OLD is the administrator's former password, for the one run that changes it; several are
separated by commas, for one may have been made anew before it came into force.
"""

import argparse
import os
import re
import sys
from pathlib import Path

from parcelward.cluster.provision import provision, renew_own_password
from parcelward.cluster.rights import ACCOUNTS, CONSOLE, DELIVER, PLATFORM, WORKER, courier_user, read_access
from parcelward.errors import UserError
from parcelward.secret_files import secret
from parcelward.settings import load_settings

ACCESS = Path(__file__).with_name("access.toml")


def passwords(couriers: tuple[str, ...]) -> dict[str, str]:
    """Passwords by user. Raises UserError naming the one that is missing."""
    found = {WORKER: _secret("KAFKA_WORKER_PASSWORD"), PLATFORM: _secret("KAFKA_PLATFORM_PASSWORD")}
    pairs = re.split(r"[,\n]", _secret("KAFKA_COURIER_PASSWORDS"))
    by_courier = dict(pair.strip().split("=", 1) for pair in pairs if "=" in pair)
    for courier in couriers:
        if not by_courier.get(courier):
            raise UserError(f"KAFKA_COURIER_PASSWORDS has no password for courier {courier}; add {courier}=...")
        found[courier_user(courier)] = by_courier[courier]
    # Without a password nobody counts the accounts, or delivers, and there is no console.
    for user in (ACCOUNTS, DELIVER, CONSOLE):
        if password := secret(f"KAFKA_{user.upper()}_PASSWORD", os.environ):
            found[user] = password
    return found


def _secret(name: str) -> str:
    value = secret(name, os.environ)
    if not value:
        raise UserError(f"{name} is not set; run deploy/make-env.sh, or set it as your secret store does")
    return value


def main() -> int:
    """Do it; returns the exit code."""
    parser = argparse.ArgumentParser(prog="provision", description="Make users, topics, rights and quotas.")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and change nothing")
    parser.add_argument("--access", type=Path, default=ACCESS, help="quotas and names of groups (%(default)s)")
    asked = parser.parse_args()
    changes = []

    def say(words: str) -> None:
        print(words)
        if not words.startswith(" "):  # a remark
            changes.append(words)

    try:
        settings = load_settings()
        access = read_access(asked.access, settings.couriers)
        if old := secret("KAFKA_ADMIN_PASSWORD_OLD", os.environ):
            settings = renew_own_password(settings, old.split(","), say, dry=asked.dry_run)
        provision(settings, access, passwords(settings.couriers), say, dry=asked.dry_run)
    except UserError as error:
        print(f"provision: {error}", file=sys.stderr)
        return 2
    count = len(changes)
    print(f"{count} change{'s' * (count != 1)}{', none of them made' * asked.dry_run}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
