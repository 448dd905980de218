"""The market's table: what is taken, what is left out and why, and how far pictures are from it."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecomgen.errors import InvalidRequest
from ecomgen.services.trends import EXAMPLE, MOST_BYTES, MOST_ROWS, Trends, Upload
from ecomgen.settings import Settings

HEAD = "date,attribute,value,share\n"


@pytest.fixture
def trends(tmp_path) -> Trends:
    return Trends(Settings(home=tmp_path / "home"))


def test_the_example_is_taken_whole_and_survives_a_restart(trends, tmp_path):
    assert trends.shares() == {}
    assert trends.drift({"colour": {"red": 1}}) == {}
    assert trends.upload(EXAMPLE.encode("utf-8-sig")) == Upload(9, 0, ())
    again = Trends(Settings(home=tmp_path / "home"))
    assert again.shares()["category"]["watches"] == pytest.approx(0.27)
    assert again.shares()["colour"] == pytest.approx({"black": 0.18, "white": 0.21, "red": 0.11})
    assert again.shares(date(2026, 9, 30)) == {
        "colour": pytest.approx({"black": 0.24, "white": 0.18, "red": 0.07})
    }
    assert again.shares(date(2026, 8, 31)) == {}


def test_words_of_both_languages_are_one_value(trends):
    table = HEAD + "2026/10/01,颜色,黑色,0.2\n2026-10-01,color,black,0.2\n2026-10-01,Colour,WHITE,0.6\n"
    assert trends.upload(table.encode()).taken == 3
    assert trends.shares()["colour"] == pytest.approx({"black": 0.4, "white": 0.6})


def test_a_faulty_row_is_left_out_and_named(trends):
    rows = [
        "2026-13-01,colour,red,1", "2026-10-01,flavour,red,1", "2026-10-01,colour,sour,1", "2026-10-01,colour,red,nan",
        "2026-10-01,colour,red,-1", "2026-10-01,colour,red,inf", "2026-10-01,colour,red,101 %", "2026-10-01,colour",
        "", "2026-10-01,colour,red,30 %", "2026-10-01,colour,red,40 %",
    ]  # fmt: skip
    told = trends.upload((HEAD + "\n".join(rows)).encode())
    assert (told.taken, told.left_out) == (1, 9)
    faults = ["date", "attribute", "value", *["share"] * 4, "short", "twice"]
    assert [(p.line, p.fault) for p in told.problems] == list(zip([*range(2, 10), 12], faults, strict=True))
    assert str(told.problems[0]) == "Line 2: “2026-13-01” is not a date like 2026-11-24."
    assert trends.shares() == {"colour": {"red": 0.3}}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"x" * (MOST_BYTES + 1), "larger than 1 MB"),
        ("date,attribute,value,share\n2026-10-01,颜色,红色,1".encode("gbk"), "UTF-8"),
        (b"day,attribute,value,share\n", "needs the columns"),
        (b"", "needs the columns"),
        (HEAD.encode(), "no row"),
        ((HEAD + "2026-10-01,colour,sour,1").encode(), "no row that can be used. Line 2: “sour”"),
        ((HEAD + "2026-10-01,colour,red,1\n" * (MOST_ROWS + 1)).encode(), "more than"),
        ((HEAD + '"' + "x" * 200_000).encode(), "not a CSV"),
    ],
)
def test_a_bad_table_is_refused_and_the_last_one_stays(trends, content, sentence):
    trends.upload(EXAMPLE.encode())
    before = trends.shares()
    with pytest.raises(InvalidRequest, match=sentence):
        trends.upload(content)
    assert trends.shares() == before


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=400),
        st.text(max_size=200).map(lambda text: (HEAD + text).encode("utf-8", "ignore")),
    )
)
def test_whatever_is_uploaded_is_taken_or_refused(trends, content):
    try:
        trends.upload(content)
    except InvalidRequest:
        return
    for shares in trends.shares().values():
        assert sum(shares.values()) <= 1 + 1e-6


def test_drift_is_market_against_pictures(trends):
    trends.upload((HEAD + "2026-10-01,colour,black,75 %\n2026-10-01,colour,white,25 %\n").encode())
    drift = trends.drift({"colour": {"black": 1, "red": 3}}, {"colour": {"red": 2}})["colour"]
    assert (drift.day, drift.pictures, drift.distance) == (date(2026, 10, 1), 4, pytest.approx(0.75))
    assert [(v.value, v.market, v.made, v.liked) for v in drift.values] == [
        ("black", 0.75, 0.25, 0.0),
        ("white", 0.25, 0.0, 0.0),
        ("", 0.0, 0.75, 1.0),
    ]
    trends.upload((HEAD + "2026-10-01,colour,black,18\n2026-10-01,colour,white,42").encode())
    told = [(v.value, v.market) for v in trends.drift({"colour": {"black": 1}})["colour"].values]
    assert told == [("white", 0.42), ("black", 0.18), ("", pytest.approx(0.4))]
    nothing = trends.drift({})["colour"]
    assert (nothing.distance, nothing.values[0].made, nothing.values[0].liked) == (None, None, None)
    trends.upload((HEAD + "2026-10-01,colour,black,0.9\n2026-10-01,colour,white,0.3").encode())
    assert trends.drift({"colour": {"black": 3, "white": 1}})["colour"].distance == 0
