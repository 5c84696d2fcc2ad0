"""The bench of the store asks everything that pages ask; here of a few alerts."""

from parcelward.console.store.database import Database
from tests.bench.console_store import Traffic, ask, fill


def test_every_question_of_the_bench_has_an_answer(database: Database) -> None:
    traffic = Traffic(alerts=300, open=60, case_count=20)
    filled = fill(database, traffic)
    assert {topic: one.records for topic, one in filled.items()} == {"alerts": 300, "referrals": 300}
    assert {len(asked.wall) for asked in ask(database, traffic, 5).values()} == {5}
