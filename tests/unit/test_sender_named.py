"""The register needs a name: a person without one, or with a blank one, is asked for; nobody else is."""

import pytest

from tests.builders import feed_all, pipeline, real_name, record, rules_of


@pytest.mark.parametrize("name", [None, " ", "\u3000"])
def test_a_person_without_a_name_is_asked_for_it(name: str | None) -> None:
    assert "R1B" in rules_of(feed_all(pipeline(), [record(real_name(sender={"name": name}))]))


@pytest.mark.parametrize(
    "sender", [{"name": "王"}, {"name": "Ng"}, {"kind": "agreement", "agreement_id": "A1", "name": None}]
)
def test_a_short_name_is_a_name_and_an_agreement_customer_needs_none(sender: dict[str, str | None]) -> None:
    assert "R1B" not in rules_of(feed_all(pipeline(), [record(real_name(sender=sender))]))
