"""What the panel is given, without a browser: the photo fills what the prompt and the user leave open."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecomgen.services.attributes import Reading
from ecomgen.settings import Settings
from ecomgen.ui.context import Services
from ecomgen.ui.understanding import beyond_prompt, panel, photo_in

PHOTO = {
    "category": Reading("belts", 0.97),
    "colour": Reading("red", 0.8),
    "usage": Reading("casual", 0.55),
}


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Services:
    built = Services.build(Settings(home=tmp_path_factory.mktemp("home")))
    built.generation.warm_up().join()
    return built


def states(services: Services, prompt: str, edits: dict[str, str | None]) -> dict[str, tuple[str, str]]:
    shown = panel(services, prompt, edits, "default", PHOTO)
    return {row["name"]: (row["value"] or "", row["state"]) for row in shown["rows"]}


def test_words_win_over_the_photo_and_choices_over_both(services: Services) -> None:
    shown = states(services, "in blue", {"audience": "men", "usage": None})
    assert shown["category"] == ("belts", "of_photo")
    assert shown["colour"] == ("blue", "")
    assert shown["audience"] == ("men", "edited")
    assert shown["usage"] == ("", "edited")
    assert states(services, "", {})["usage"] == ("casual", "unsure")
    asked = beyond_prompt(services, "in blue", {"audience": "men", "usage": None}, PHOTO)
    assert asked == {"category": "belts", "audience": "men", "usage": None}
    assert beyond_prompt(services, "", {"colour": "green"}, PHOTO)["colour"] == "green"


def test_what_no_schema_knows_is_left_out(services: Services) -> None:
    photo = {"category": Reading("spaceships", 1.0), "flavour": Reading("sweet", 1.0), **PHOTO}
    photo["category"] = Reading("spaceships", 1.0)
    assert beyond_prompt(services, "", {}, photo) == {"colour": "red", "usage": "casual"}


def test_a_photo_comes_back_from_the_panel_as_it_went_in(services: Services) -> None:
    assert photo_in(panel(services, "", {}, "default", PHOTO)) == PHOTO


_JSON: Any = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=200),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=200), inner, max_size=3),
    max_leaves=10,
)


@given(_JSON | st.fixed_dictionaries({"photo": st.dictionaries(st.text(max_size=200), _JSON, max_size=5)}))
def test_whatever_a_browser_sends_is_read(sent: Any) -> None:
    for name, reading in photo_in(sent).items():
        assert len(name) <= 100
        assert isinstance(reading.value, str)
        assert len(reading.value) <= 100
