"""`python -m tests.console_store.dictionary`: makes the dictionary by which the console packs documents.

What it makes belongs to a design of the console's tables: count that up, too.
"""

from pathlib import Path

from backports.zstd import train_dict

from parcelward.console.store import packing
from tests.chaos.recorded import SETTINGS, recorded

FILE = Path(packing.__file__).parent / packing.DICTIONARY
SEEDS = range(3, 8)
"""Runs of the simulation; the benches' and the tests' own is another one."""
SIZE = 48 * 1024


def trained() -> bytes:
    """Find what the alerts and referrals of these runs have in common."""
    documents: list[bytes] = []
    for topic in (SETTINGS.topics.alerts, SETTINGS.topics.referrals):
        for seed in SEEDS:
            documents += [one.value for one in recorded(24, seed=seed).records[topic] if one.value]
    return train_dict(documents, SIZE).dict_content


if __name__ == "__main__":
    FILE.write_bytes(trained())
