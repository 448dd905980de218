"""Are votes safe when processes are killed, and quick when many vote at once?

    python benchmarks/votes.py [--quick] [--kills N] [--clients N] [--seconds N] [--url sqlalchemy-url]

The last line is one JSON object. First four processes vote as fast as they can and are killed (kill -9) at random
moments, 50 times; each is replaced by one that repeats the votes that had no answer, as a client does. Then every vote
that was acknowledged must be there once, and what pictures are found by must agree with the votes. Then 200 clients
vote over HTTP on a running app (`ecomgen serve`), each about every two seconds, while one asks for pictures all the
time; reported are the milliseconds of a vote, with and without that. --quick: 10 kills, 50 clients, seconds instead of
minutes. Without a usable checkpoint nobody generates, and the result says so.
"""

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import platform
import random
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path

import httpx
from gallery import picture as made_up_picture

from ecomgen.data.store import Filter, PictureRow, Store, VoteRow, standing
from ecomgen.settings import Settings

WRITERS = 4
PICTURES = 200
LIMIT_MS = 600.0
PAUSE = (1.0, 3.0)  # seconds between two votes of a client
START_LIMIT = 120.0


def stock(url: str) -> list[str]:
    """Add pictures to vote on; returns their ids."""
    store, chance = Store(url), random.Random(0)
    rows: list[PictureRow] = [made_up_picture(number, chance) for number in range(PICTURES)]
    store.add_pictures(rows)
    store.close()
    return [row.id for row in rows]


# --- kills ---------------------------------------------------------------------------------------------------------


class Writer:
    """A process that votes until it is killed. It says "s" and the id before each vote, "a" and the id once it is kept."""

    def __init__(self, url: str, ids: list[str], again: list[tuple[str, str]]) -> None:
        self.read, write = os.pipe()
        fork = multiprocessing.get_context(
            "fork"
        )  # a new interpreter for each kill would take the time of all votes
        self.process: BaseProcess = fork.Process(target=_write, args=(url, ids, again, write), daemon=True)
        self.process.start()
        os.close(write)

    def kill(self) -> tuple[list[tuple[str, str]], list[str]]:
        """End it as a power cut does; returns the (vote, picture) ids that had no answer, and the acknowledged votes."""
        if self.process.pid:
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.join()
        with os.fdopen(self.read) as pipe:
            lines = [line.split() for line in pipe.read().splitlines(keepends=True) if line.endswith("\n")]
        kept = [line[1] for line in lines if line[0] == "a"]
        answered = set(kept)
        return [(line[1], line[2]) for line in lines if line[0] == "s" and line[1] not in answered], kept


def _write(url: str, ids: list[str], again: list[tuple[str, str]], pipe: int) -> None:
    store, chance = Store(url), random.Random()
    while True:
        vote_id, picture_id = again.pop() if again else (uuid.uuid4().hex, chance.choice(ids))
        os.write(pipe, f"s {vote_id} {picture_id}\n".encode())
        vote = VoteRow(
            id=vote_id,
            picture_id=picture_id,
            liked=chance.random() < 0.5,
            reasons=(),
            comment="",
            visitor=uuid.UUID(int=chance.randrange(20)).hex,
            created_at=datetime.now(UTC),
        )
        store.add_votes([vote])
        os.write(pipe, f"a {vote_id}\n".encode())


def kill_writers(url: str, kills: int) -> dict[str, int | float | str]:
    """Kill writers at random moments and count what is wrong afterwards."""
    ids, chance = stock(url), random.Random()
    begin = time.monotonic()
    writers = [Writer(url, ids, []) for _ in range(WRITERS)]
    acknowledged: list[str] = []
    repeated = 0
    for _ in range(kills):
        time.sleep(chance.uniform(0.05, 0.5))
        place = chance.randrange(WRITERS)
        unanswered, kept = writers[place].kill()
        acknowledged += kept
        repeated += len(unanswered)
        writers[place] = Writer(url, ids, unanswered)
    for writer in writers:
        acknowledged += writer.kill()[1]
    seconds = time.monotonic() - begin
    return {
        "kills": kills,
        "acknowledged": len(acknowledged),
        "repeated_after_a_kill": repeated,
        "votes_per_s": round(len(acknowledged) / seconds, 1),
        **check(url, ids, acknowledged),
    }


def check(url: str, ids: list[str], acknowledged: list[str]) -> dict[str, int | str]:
    """Lost and doubled votes, pictures that are filed otherwise than their votes say, and SQLite's own check."""
    store = Store(url)
    votes = {picture_id: store.votes(picture_id) for picture_id in ids}
    stored = Counter(vote.id for those in votes.values() for vote in those)
    filed: dict[str, str] = {}
    for rated in ("liked", "disliked", "unrated"):
        after = ""
        while True:
            found, after = store.page(Filter(rated=rated), after=after, limit=200)
            filed |= {picture.row.id: rated for picture in found}
            if not after:
                break
    name = {True: "liked", False: "disliked", None: "unrated"}
    wrong = 0
    for picture_id, those in votes.items():
        counting = [vote.liked for vote in standing(those) if vote.liked is not None]
        wrong += filed.get(picture_id) != name[counting[-1] if counting else None]
    store.close()
    result: dict[str, int | str] = {
        "lost": sum(vote_id not in stored for vote_id in acknowledged),
        "doubled": sum(count > 1 for count in stored.values()) + len(acknowledged) - len(set(acknowledged)),
        "filed_wrongly": wrong,
    }
    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            result["integrity_check"] = connection.execute("PRAGMA integrity_check").fetchone()[0]
            result["foreign_keys_broken"] = len(connection.execute("PRAGMA foreign_key_check").fetchall())
    return result


# --- many clients --------------------------------------------------------------------------------------------------


class Client:
    """A browser's open connection, as light as can be: the measured machine carries the clients as well."""

    def __init__(self, port: int, visitor: str) -> None:
        self.port, self.visitor = port, visitor
        self.open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def vote(self, picture_id: str, liked: bool) -> bool:
        """One vote over HTTP; whether the app acknowledged it."""
        if self.open is None:
            self.open = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.open
        body = json.dumps(
            {"votes": {uuid.uuid4().hex: picture_id}, "liked": liked, "visitor": self.visitor}
        ).encode()
        head = f"POST /review/votes HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line[15:]) for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:")
        )
        content = await reader.readexactly(length)
        return answer.startswith(b"HTTP/1.1 200") and json.loads(content) == {"new": 1}

    def close(self) -> None:
        if self.open is not None:
            self.open[1].close()


async def crowd(port: int, ids: list[str], clients: int, seconds: float) -> tuple[list[float], int]:
    """The milliseconds of every vote of `clients` clients within `seconds`, and how many votes failed."""
    times: list[float] = []
    failed = 0
    end = time.monotonic() + seconds

    async def one(number: int) -> None:
        nonlocal failed
        chance = random.Random(number)
        client = Client(port, uuid.UUID(int=number + 1).hex)
        await asyncio.sleep(chance.uniform(0, PAUSE[1]))
        while time.monotonic() < end:
            begin = time.perf_counter()
            try:
                kept = await client.vote(chance.choice(ids), chance.random() < 0.5)
            except (OSError, asyncio.IncompleteReadError, ValueError, StopIteration):
                client.close()
                client.open, kept = None, False
            failed += not kept
            times.append(1000 * (time.perf_counter() - begin))
            await asyncio.sleep(chance.uniform(*PAUSE))
        client.close()

    await asyncio.gather(*[one(number) for number in range(clients)])
    return times, failed


async def generating(base: str, stop: asyncio.Event, least: int = 0) -> int:
    """Ask for pictures, one request after the other, until told to stop, and `least` times; how many came."""
    made = 0
    async with httpx.AsyncClient(base_url=base, timeout=120) as client:
        while not stop.is_set() or made < 4 * least:
            call = {"data": [f"red running shoes {made}", 4, None, 0.8, None, None, False, False]}
            event = (await client.post("/gradio_api/call/generate", json=call)).json()["event_id"]
            answer = (await client.get(f"/gradio_api/call/generate/{event}")).text
            if "event: complete" not in answer:
                raise RuntimeError(answer[:300])
            made += 4
    return made


async def measure(
    port: int, ids: list[str], clients: int, seconds: float, generate: bool
) -> dict[str, float]:
    stop = asyncio.Event()
    maker = asyncio.create_task(generating(f"http://127.0.0.1:{port}", stop)) if generate else None
    times, failed = await crowd(port, ids, clients, seconds)
    stop.set()
    made = await maker if maker else 0
    cut = statistics.quantiles(times, n=100)
    return {
        "votes": len(times),
        "failed": failed,
        "median_ms": round(cut[49], 1),
        "p95_ms": round(cut[94], 1),
        "worst_ms": round(max(times), 1),
        "votes_per_s": round(len(times) / seconds, 1),
        "pictures_made": made,
    }


@contextlib.contextmanager
def app(home: str, url: str) -> Iterator[int]:
    """`ecomgen serve` in a process of its own; yields its port once it answers and has tried to load the checkpoint."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "ECOMGEN_HOME": home,
        "ECOMGEN_DATABASE": url,
        "GRADIO_ANALYTICS_ENABLED": "False",
    }
    command = [sys.executable, "-m", "ecomgen", "serve", "--port", str(port)]
    with open(Path(home) / "log", "wb") as log:
        running = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + START_LIMIT
        while True:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"http://127.0.0.1:{port}/healthz").json()["ready"]:
                    break
            if time.monotonic() > deadline or running.poll() is not None:
                raise SystemExit(f"The app did not start:\n{Path(log.name).read_text(errors='replace')}")
            time.sleep(0.2)
        yield port
    finally:
        running.terminate()
        running.wait(20)


def vote_over_http(url: str, clients: int, seconds: float) -> dict[str, object]:
    ids = stock(url)
    with tempfile.TemporaryDirectory() as home, app(home, url) as port:
        asyncio.run(crowd(port, ids, 5, 2))  # the first requests open the database and compile the queries
        alone = asyncio.run(measure(port, ids, clients, seconds, generate=False))
        try:
            stop = asyncio.Event()
            stop.set()
            asyncio.run(
                generating(f"http://127.0.0.1:{port}", stop, least=1)
            )  # the first request imports and compiles
            busy = asyncio.run(measure(port, ids, clients, seconds, generate=True))
        except RuntimeError as error:
            print(f"Nobody generated: {error}", file=sys.stderr)
            busy = None
    return {"clients": clients, "seconds": seconds, "votes_only": alone, "while_generating": busy}


def main() -> None:
    parser = argparse.ArgumentParser(description="Kill voting processes; then let many clients vote at once.")
    parser.add_argument("--quick", action="store_true", help="under a minute")
    parser.add_argument("--kills", type=int, help="default 50, quick 10")
    parser.add_argument("--clients", type=int, help="default 200, quick 50")
    parser.add_argument("--seconds", type=float, help="of each of the two crowds; default 120, quick 4")
    parser.add_argument("--url", help="database (an empty one); default: SQLite in a temporary folder")
    options = parser.parse_args()
    kills = options.kills or (10 if options.quick else 50)
    clients = options.clients or (50 if options.quick else 200)
    seconds = options.seconds or (4.0 if options.quick else 120.0)

    with tempfile.TemporaryDirectory() as folder:
        killed = kill_writers(options.url or f"sqlite:///{folder}/kills.db", kills)
        print(f"{killed}", file=sys.stderr)
        http = vote_over_http(options.url or f"sqlite:///{folder}/http.db", clients, seconds)
    busy = http["while_generating"] or http["votes_only"]
    assert isinstance(busy, dict)
    result = {
        **killed,
        "p95_ms": busy["p95_ms"],
        "failed": busy["failed"],
        "target_ms": LIMIT_MS,
        "met": busy["p95_ms"] <= LIMIT_MS
        and not any((busy["failed"], killed["lost"], killed["doubled"], killed["filed_wrongly"]))
        and killed.get("integrity_check", "ok") == "ok",
        "http": http,
        "conditions": {
            "writers": WRITERS,
            "pause_s": PAUSE,
            "database": (options.url or "sqlite").split(":")[0],
            "checkpoints": str(Settings().checkpoints),
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 2),
            "python": platform.python_version(),
        },
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
