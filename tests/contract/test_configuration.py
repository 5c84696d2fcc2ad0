"""docs/configuration.md is what the settings say, and every setting is documented."""

from pathlib import Path

import pytest

from parcelward.settings_page import SettingDescription, describe_settings, markdown_page

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_configuration_page_is_up_to_date() -> None:
    assert PAGE.read_text() == markdown_page(), "run: parcelward config --markdown > docs/configuration.md"


@pytest.mark.parametrize("setting", describe_settings(), ids=lambda setting: setting.name)
def test_setting_has_a_meaning_and_a_type_in_words(setting: SettingDescription) -> None:
    assert setting.description.endswith(".")
    assert "<" not in setting.takes
    assert "typing" not in setting.takes
