"""Settings of the webhooks: encrypted but for this machine, no secret in an address, no topic with personal values."""

import pytest
from pydantic import ValidationError

from parcelward.errors import UserError
from parcelward.settings import Settings, load_settings
from parcelward.settings_page import shown_settings
from streams.delivery.command import signer_of, start_of

URL = "https://control.example.cn/hook"
SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDlGS4qZaKRHM="


@pytest.mark.parametrize("url", [URL, "http://127.0.0.1:8080/", "http://localhost/hook", "http://[::1]:80/", ""])
def test_an_address_is_encrypted_or_of_this_machine(url: str) -> None:
    assert Settings(webhook_url=url).webhook_url == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://control.example.cn/", "must begin with https"),
        ("http://127.0.0.1.example.cn/", "must begin with https"),
        ("https://user:secret@control.example.cn/", "no user and no password"),
        ("ftp://control.example.cn/", "must be an address"),
        ("file:///etc/passwd", "must be an address"),
        ("https:///hook", "must be an address"),
        ("https://control.example.cn:99999/", "must be an address"),
    ],
)
def test_another_address_is_refused(url: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Settings(webhook_url=url)


def test_unencrypted_is_possible_when_somebody_says_so() -> None:
    assert Settings(webhook_url="http://control.internal/", webhook_http=True).webhook_http


@pytest.mark.parametrize(
    "topic",
    ["intake.swift", "rejected.swift", "refused.decisions", "screening.outlets", "undelivered", "alerts.", "x"],
)
def test_a_topic_that_is_not_for_others_cannot_be_named(topic: str) -> None:
    with pytest.raises(ValidationError, match="webhook_topics"):
        Settings(webhook_topics=(topic,))


def test_lists_and_secrets_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARCELWARD_WEBHOOK_TOPICS", "alerts, instructions.swift")
    monkeypatch.setenv("PARCELWARD_WEBHOOK_LANES", "red")
    monkeypatch.setenv("PARCELWARD_WEBHOOK_SECRETS", SECRET)
    settings = load_settings()
    assert settings.webhook_topics == ("alerts", "instructions.swift")
    assert settings.webhook_lanes == ("red",)
    assert SECRET not in str(shown_settings(settings))


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (Settings(), "webhook_url .* says not where"),
        (Settings(webhook_url=URL), "webhook_secrets is not set"),
        (Settings(webhook_url=URL, webhook_secrets="open"), "webhook_secrets, number 1"),
    ],
    ids=["no address", "no secret", "a bad secret"],
)
def test_nothing_is_sent_unsigned_or_to_nowhere(settings: Settings, why: str) -> None:
    with pytest.raises(UserError, match=why):
        signer_of(settings)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ((False, None, 1, None), "--partition and --offset go together"),
        ((True, "1d", None, None), "do not go together"),
        ((False, "1d", 1, 5), "do not go together"),
        ((False, "soon", None, None), "--from soon"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    options: tuple[bool, str | None, int | None, int | None], why: str
) -> None:
    with pytest.raises(UserError, match=why):
        start_of(Settings(), *options)


def test_an_offset_is_of_one_topic() -> None:
    with pytest.raises(UserError, match="--offset is of one topic"):
        start_of(Settings(webhook_topics=("alerts", "cases")), False, None, 0, 5)


def test_each_receiver_has_its_own_positions_and_what_is_sent_again_none() -> None:
    settings = Settings(topic_prefix="t.", webhook_name="city")
    assert start_of(settings, False, None, None, None).name == "t.deliver-city"
    assert start_of(settings, True, None, None, None) == (
        ("t.undelivered",),
        "t.deliver-city-undelivered",
        0,
        None,
        None,
    )
    assert start_of(settings, False, "1d", None, None).name is None
