import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecomgen.services.job_folder import FileProgress, JobProgress, got_on, log_tail, read_json, read_progress


def test_progress_is_written_twice_a_second_at_most_with_the_seconds_that_are_left(tmp_path):
    times = iter([0.0, 0.1, 10.0, 10.2, 10.3])
    progress = FileProgress(tmp_path / "progress.json", clock=lambda: next(times))
    shares = []
    for share in (0.2, 0.3, 0.4, 0.45, 1.0):
        progress("Learning", share)
        shares.append((read_progress(tmp_path).share, read_progress(tmp_path).seconds_left))
    assert shares == [
        (0.2, None),
        (0.2, None),
        (0.4, pytest.approx(30, abs=5)),  # less what has gone by since
        (0.4, pytest.approx(30, abs=5)),
        (1.0, 0.0),
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["progress.json"]


def test_progress_that_cannot_be_written_ends_nothing(tmp_path):
    FileProgress(tmp_path / "gone" / "progress.json")("Learning", 0.5)
    assert read_progress(tmp_path / "gone") == JobProgress()


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5), st.lists, max_leaves=3
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["what", "share", "seconds_left", "at"]), _JSON) | _JSON)
def test_whatever_stands_in_the_file_progress_is_read(tmp_path, value):
    (tmp_path / "progress.json").write_text(json.dumps(value))
    assert 0 <= read_progress(tmp_path).share <= 1


def test_getting_on_is_told_by_the_furthest_point_of_each_thing(tmp_path):
    told = []
    for what, share in [
        ("Reading", 1.0),
        ("Learning", 0.3),
        ("Reading", 0.9),
        ("Learning", 0.3),
        ("Learning", 0.4),
    ]:
        FileProgress(tmp_path / "progress.json")(what, share)
        told.append(got_on(tmp_path))
    assert told == [True, True, False, False, True]


def test_the_tail_of_a_log_of_any_size(tmp_path):
    assert log_tail(tmp_path, 3) == []
    (tmp_path / "log.txt").write_bytes(b"x" * 10**6 + b"\n10 %\r20 %\n" + "红\n".encode() + b"\xff\n")
    assert log_tail(tmp_path, 3) == ["20 %", "红", "\ufffd"]
    assert len(log_tail(tmp_path, 9)) == 4


def test_half_a_file_says_nothing(tmp_path):
    (tmp_path / "half.json").write_text('{"code": ')
    assert read_json(tmp_path / "half.json") == {}
