"""The gallery's requests, as a browser or a stranger sends them."""

import json
import uuid
import zipfile
from io import BytesIO

import pytest
from fastapi import FastAPI
from PIL import Image
from starlette.testclient import TestClient

from ecomgen.services.records import Picture
from ecomgen.settings import Settings
from ecomgen.ui.context import Services
from ecomgen.ui.review_api import add_review

ME = "a" * 32


@pytest.fixture
def services(tmp_path):
    built = Services.build(Settings(home=tmp_path))
    yield built
    built.review.close()


@pytest.fixture
def ids(services):
    made = [
        Picture(
            uuid.uuid4().hex,
            Image.new("RGB", (300, 300)),
            f"{colour} belt",
            {"colour": colour},
            i,
            0.8,
            "m",
            "h",
        )
        for i, colour in enumerate(["red", "blue"] * 30)
    ]
    return [kept.id for kept in services.review.record(made)]


@pytest.fixture
def client(services):
    server = FastAPI()
    add_review(server, services)
    return TestClient(server, headers={"accept-language": "en"})


def vote(client, *ids, visitor=ME, **given):
    votes = {uuid.uuid4().hex: id for id in ids}
    return votes, client.post(
        "/review/votes", json={"votes": votes, "visitor": visitor, "liked": True} | given
    )


def listed(client, **query):
    return [card["id"] for card in client.get("/review/pictures", params=query).json()["cards"]]


def test_pages_counts_and_filters(client, ids):
    first = client.get("/review/pictures").json()
    assert [card["id"] for card in first["cards"]] == ids[:48]
    assert first["counts"] == {"all": 60, "liked": 0, "disliked": 0, "unrated": 60}
    second = client.get("/review/pictures", params={"after": first["after"]}).json()
    assert [card["id"] for card in second["cards"]] == ids[48:]
    assert second["after"] == ""
    assert listed(client, **{"is.colour": "blue"}) == ids[1::2]
    assert listed(client, search="RED", sort="oldest")[0] == ids[58]
    assert listed(client, until="2020-01-01") == []
    assert client.get("/review/choices").json()["attributes"] == {"colour": ["blue", "red"]}


def test_votes_undo_and_what_others_see(client, ids):
    votes, answer = vote(client, *ids[:2], liked=False, reasons=["other"], comment="no", reviewer="Ann")
    assert answer.json() == {"new": 2}
    assert listed(client, rated="disliked", reviewer="Ann", commented="1") == ids[:2]
    told = {"liked": False, "reasons": ["other"], "comment": "no", "reviewer": "Ann", "own": True}
    (said,) = client.get(f"/review/pictures/{ids[0]}", params={"visitor": ME}).json()["judgements"]
    assert said | told == said
    (said,) = client.get(f"/review/pictures/{ids[0]}", params={"visitor": "b" * 32}).json()["judgements"]
    assert not said["own"]
    assert ME not in json.dumps(client.get(f"/review/pictures/{ids[0]}").json())
    assert client.post("/review/undo", json={"votes": list(votes), "visitor": "b" * 32}).status_code == 400
    assert client.post("/review/undo", json={"votes": list(votes), "visitor": ME}).json() == {"undone": 2}
    assert listed(client, rated="disliked") == []


def test_marks_and_shortlists(client, ids):
    made = client.post("/review/shortlists", json={"name": "Spring", "visitor": ME}).json()
    for kind, value in (("shortlist", made["id"]), ("tag", "hero"), ("deleted", "")):
        mark = {"kind": kind, "value": value, "pictures": ids[:3], "present": True, "visitor": ME}
        assert client.post("/review/marks", json=mark).json() == {"ok": True}
    assert client.get("/review/choices").json()["shortlist"] == [made]
    assert listed(client)[0] == ids[3]
    assert listed(client, deleted="1", tag="hero", shortlist=made["id"]) == ids[:3]


def test_files(client, ids, services):
    shot = client.get(f"/thumbnails/{ids[0]}.webp")
    assert Image.open(BytesIO(shot.content)).size == (256, 256)
    assert shot.headers["x-content-type-options"] == "nosniff"
    assert client.get(f"/pictures/{ids[0]}.png").content.startswith(b"\x89PNG")
    for path in ("pictures/0.png", f"thumbnails/{'f' * 32}.webp", "thumbnails/..%2Ffeedback.db.webp"):
        assert client.get(f"/{path}").status_code == 404


def test_exports(client, ids):
    vote(client, ids[4])
    answer = client.post("/review/export", json={"format": "zip", "filter": {"rated": "liked"}})
    assert "attachment" in answer.headers["content-disposition"]
    assert sorted(zipfile.ZipFile(BytesIO(answer.content)).namelist()) == [
        f"images/{ids[4]}.png",
        "metadata.csv",
    ]
    chosen = client.post("/review/export", json={"format": "jsonl", "pictures": ids[:2]})
    assert [json.loads(line)["id"] for line in chosen.text.splitlines()] == ids[:2]
    refused = client.post("/review/export", json={"format": "zip", "filter": {"rated": "disliked"}})
    assert (refused.status_code, refused.json()) == (400, {"error": "There are no pictures to export."})


HOSTILE = [
    ("votes", {}),
    ("votes", {"votes": {"x": "y"}, "liked": True}),
    ("votes", {"votes": [1], "liked": True}),
    ("votes", {"votes": {"0" * 32: {}}, "liked": True}),
    ("votes", {"votes": {"0" * 32: "0" * 32}, "liked": "yes"}),
    ("undo", {"votes": "x", "visitor": ME}),
    ("undo", {"votes": [None], "visitor": ME}),
    ("undo", {"votes": ["0" * 32], "visitor": {}}),
    ("marks", {"kind": [], "pictures": {}}),
    ("marks", {"kind": "tag", "pictures": ["0" * 32], "value": 7}),
    ("shortlists", {"name": ""}),
    ("shortlists", {"name": {"a": 1}}),
    ("export", {"format": ["zip"]}),
    ("export", {"format": "csv", "filter": {"rated": [1]}}),
    ("export", {"format": "csv", "filter": {"since": {"a": 1}}}),
    ("export", {"format": "csv", "filter": {"is.colour": {"a": 1}}}),
    ("export", {"format": "csv", "pictures": [{}]}),
]


@pytest.mark.parametrize(("path", "body"), HOSTILE, ids=repr)
def test_a_hostile_request_is_refused_in_one_sentence(client, path, body):
    answer = client.post(f"/review/{path}", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"].endswith(".")


@pytest.mark.parametrize(
    "query",
    [{"after": "x"}, {"sort": "best"}, {"rated": "x"}, {"since": "yesterday"}, {"shortlist": "1"}],
    ids=repr,
)
def test_a_hostile_query_is_refused_in_the_visitors_language(client, ids, query):
    answer = client.get("/review/pictures", params=query)
    assert answer.status_code == 400
    answer = client.get("/review/pictures", params={"after": "x"}, headers={"accept-language": "zh"})
    assert answer.json()["error"] == "列表已变化，请从第一页重新开始。"


def test_another_sites_form_changes_nothing(client, ids):
    votes = json.dumps({"votes": {"1" * 32: ids[0]}, "liked": True})
    answer = client.post("/review/votes", content=votes, headers={"content-type": "text/plain"})
    assert answer.status_code == 400
    assert (
        client.post(
            "/review/votes", content=b"[" * 100_000, headers={"content-type": "application/json"}
        ).status_code
        == 400
    )
    assert listed(client, rated="liked") == []
