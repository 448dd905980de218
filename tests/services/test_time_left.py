"""The time that is left, of things one after the other and of parts of one whole."""

import pytest

from ecomgen.services.time_left import TimeLeft


def test_of_one_thing_and_of_the_next() -> None:
    left = TimeLeft()
    assert left("Reading", 0.0, 0.0) is None
    assert left("Reading", 0.5, 10.0) == pytest.approx(10)
    assert left("Reading", 1.0, 20.0) == 0.0
    assert left("Learning", 0.0, 21.0) is None
    assert left("Learning", 0.1, 51.0) == pytest.approx(270)


def test_parts_of_a_whole_are_told_together_and_a_jump_to_where_it_was_stopped_is_not_speed() -> None:
    left = TimeLeft()
    left("Reading", 0.0, 0.0)
    assert left("Learning", 0.6, 30.0) is None
    assert left("Learning", 0.7, 40.0) == pytest.approx(30)
    assert left("Measuring", 0.8, 60.0) == pytest.approx(20)
    assert left("Measuring", 0.9, 70.0) == pytest.approx(10)
