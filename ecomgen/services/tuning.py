"""Fine-tuning as a job: started from a prepared set, looked at while it runs, compared and published when it is done."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from PIL import Image

from ecomgen.data.store import Device, JobRow
from ecomgen.errors import EcomgenError, InvalidRequest
from ecomgen.services.estimating import Estimate, Estimating
from ecomgen.services.finetuning import GAIN, LEAST_PHOTOS, FinetuneRequest, check, checked_name
from ecomgen.services.gain_report import PAIRS
from ecomgen.services.job_folder import COMMAND, read_json, write_json
from ecomgen.services.jobs import Jobs
from ecomgen.services.liked import Source, count_liked, liked_sources, named_sources
from ecomgen.services.own_checkpoints import OwnCheckpoints, pack_folder
from ecomgen.services.review import Review
from ecomgen.services.side_by_side import side_by_side
from ecomgen.services.uploads import Uploads
from ecomgen.settings import Settings

_NEW = "new"  # the checkpoint's folder in that of its job
_OUT = f"{{folder}}/{_NEW}"
_SIDES, _PUBLISHED = "sides.json", "published.json"
_CURVE_POINTS = 240
_PICTURE = re.compile(
    r"drawn|reconstructions|sample-[0-9]{10}|side-[0-9]{1,2}-(base|tuned)|pair-[0-9]-(picture|photo)"
)
_PHOTOS = {".png", ".jpg", ".jpeg", ".jfif", ".webp"}


@dataclass(frozen=True)
class Machine:
    """What a fine-tuning would run on."""

    device: Device
    name: str
    minutes: int
    """A good length on it."""


@dataclass(frozen=True)
class Made:
    """What a job has left so far. `curve`: name -> [images, value]; `gain` is empty until it is measured; `best`: the images after
    which it was nearest to the photos, where it was kept as it was then; `pairs`: how many of the nearest pairs can be shown.
    """

    samples: list[str]
    curve: dict[str, list[tuple[float, float]]]
    gain: dict[str, Any]
    best: tuple[float, float] | None
    pairs: int
    usable: bool
    published: str


class Tuning:
    """The jobs that fine-tune. Raises InvalidRequest, CheckpointError, StoreError."""

    def __init__(
        self, settings: Settings, jobs: Jobs, own: OwnCheckpoints, uploads: Uploads, review: Review
    ) -> None:
        self._settings, self._jobs, self._own, self._uploads = settings, jobs, own, uploads
        self._review, self._estimating = review, Estimating(settings)
        self._comparing = threading.Lock()

    def machine(self) -> Machine:
        """The accelerator when there is one, else the processor."""
        import torch

        if torch.cuda.is_available():
            return Machine("cuda", torch.cuda.get_device_name(0), 5)
        return Machine("cpu", f"{self._settings.threads or os.cpu_count() or 1}", 20)

    def free_name(self) -> str:
        """A name for the next checkpoint."""
        taken = {*self._own.names(), *(job.title for job in self.runs())}
        names = ("my-products", *(f"my-products-{n}" for n in range(2, 10_000)))
        return next(name for name in names if name not in taken)

    def liked(self) -> list[Source]:
        """Which pictures that people liked there are to learn from."""
        return liked_sources(self._review)

    def request(
        self, data: Path | None, name: str, base: str, method: str, minutes: float, liked: Sequence[str] = ()
    ) -> FinetuneRequest:
        """What would be done, checked; without `data` it learns from `liked` pictures alone."""
        if not all(isinstance(text, str) for text in (name, base, method)):
            raise InvalidRequest("The name, the checkpoint and the method must be text.")
        if isinstance(minutes, bool) or not isinstance(minutes, int | float):
            raise InvalidRequest("The minutes have to be more than 0 and at most 1440.")
        if os.sep in base or base.startswith("."):  # a folder is for the command line
            raise InvalidRequest("There is no checkpoint of this name.")
        request = FinetuneRequest(
            data,
            checked_name(name, self._settings),
            base,
            method,
            float(minutes),
            liked=named_sources(self._review, liked),
        )
        check(request, self._settings)
        if self._photos(request) < LEAST_PHOTOS:
            raise InvalidRequest(f"At least {LEAST_PHOTOS} photos and pictures are needed to learn from.")
        return request

    def estimate(self, request: FinetuneRequest) -> Estimate | None:
        """How long it would take; None while the machine is measured, which begins when it is first asked."""
        return self._estimating.estimate(request, self._photos(request))

    def _photos(self, request: FinetuneRequest) -> int:
        files = request.data.rglob("*") if request.data else ()
        return sum(path.suffix.lower() in _PHOTOS for path in files) + count_liked(
            self._review, request.liked
        )

    def start(self, request: FinetuneRequest, visitor: str = "") -> JobRow:
        """Put it at the end of the queue."""
        inside = replace(request, out=_OUT, title=request.out)
        return self._jobs.submit(
            ("-m", "ecomgen", *inside.command()), request.out, self.machine().device, visitor
        )

    def runs(self) -> list[JobRow]:
        """All of them that were not cancelled, the newest first."""
        return [job for job in self._jobs.jobs() if job.state != "cancelled"]

    def asked(self, job_id: str) -> dict[str, str]:
        """What a job was started with: data, base, method, minutes; empty for a job of another kind."""
        words = read_json(self._jobs.folder(job_id) / COMMAND).get("command", [])
        if words[2:3] != ["finetune"]:
            return {}
        return {flag.removeprefix("--"): value for flag, value in pairwise(words) if flag[:2] == "--"}

    def sweep(self) -> None:
        """Remove uploads of yesterday and before that no job was started with."""
        told = [self.asked(job.id).get("data", "") for job in self.runs()]
        self._uploads.sweep({part for data in told for part in Path(data).parts})

    def made(self, job_id: str) -> Made:
        """What there is of it by now."""
        out = self._jobs.folder(job_id) / _NEW
        curve = _curves(out / "log.jsonl")
        names = [name for name in ("reconstructions", "drawn") if (out / f"{name}.png").is_file()]
        samples = [f"sample-{path.stem}" for path in sorted((out / "samples").glob("*.png"))]
        return Made(
            samples=[name for name in (samples or names[-1:]) if _PICTURE.fullmatch(name)],
            curve=curve,
            gain=read_json(out / GAIN),
            best=min(curve.get("kid", ()), key=lambda point: point[1], default=None),
            pairs=len(list((out / PAIRS).glob("*-photo.png"))),
            usable=(out / "config.json").is_file(),
            published=self._published(out.parent),
        )

    def _published(self, folder: Path) -> str:
        """The name that it was published under, while there is a checkpoint of this name."""
        name = str(read_json(folder / _PUBLISHED).get("name", ""))
        return name if name in self._own.names() else ""

    def picture(self, job_id: str, name: str) -> Path:
        """A sample grid or a row of the comparison, by its name."""
        folder = self._jobs.folder(job_id)
        if not _PICTURE.fullmatch(name):
            raise InvalidRequest("There is no picture of this name.")
        kind, _, rest = name.partition("-")
        path = (
            folder / _NEW / "samples" / f"{rest}.png"
            if kind == "sample"
            else folder / f"{name}.png"
            if kind == "side"
            else folder / _NEW / PAIRS / f"{rest}.png"
            if kind == "pair"
            else folder / _NEW / f"{name}.png"
        )
        if not path.is_file():
            raise InvalidRequest("There is no picture of this name.")
        return path

    def sides(self, job_id: str) -> list[dict[str, str]]:
        """The words of each row of the comparison; drawn when they are first asked for, with the same seeds on both sides."""
        folder = self._jobs.folder(job_id)
        with self._comparing:
            config = folder / _NEW / "config.json"
            if not config.is_file():
                raise InvalidRequest("There is nothing to compare yet.")
            kept, drawn_from = read_json(folder / _SIDES), config.stat().st_mtime_ns
            if kept.get("of") == drawn_from:  # a job that went on has other pictures
                return list(kept["rows"])
            drawn = side_by_side(
                self._settings, self.asked(job_id).get("base", self._settings.model), folder / _NEW
            )
            try:
                for i, side in enumerate(drawn):
                    _strip(side.base).save(folder / f"side-{i}-base.png")
                    _strip(side.tuned).save(folder / f"side-{i}-tuned.png")
                rows = [dict(side.words) for side in drawn]
                write_json(folder / _SIDES, {"of": drawn_from, "rows": rows})
            except OSError as error:
                raise EcomgenError("The comparison cannot be kept; the disk may be full.") from error
            return rows

    def pack(self, job_id: str, target: Path) -> None:
        """Write what a job made as a zip, published or not."""
        pack_folder(self._jobs.folder(job_id) / _NEW, target)

    def publish(self, job_id: str, name: str) -> str:
        """Copy what a job made among the checkpoints; the job stays until it is discarded."""
        job = self._jobs.job(job_id)
        if job.state in ("queued", "running"):
            raise InvalidRequest("Please wait until the job has ended, or stop it.")
        folder = self._jobs.folder(job_id)
        self._own.publish(folder / _NEW, checked_name(name, self._settings), name)
        write_json(folder / _PUBLISHED, {"name": name})
        return name


def _strip(pictures: Sequence[Image.Image]) -> Image.Image:
    """Pictures in a row."""
    width, height = pictures[0].size
    strip = Image.new("RGB", (width * len(pictures), height))
    for i, picture in enumerate(pictures):
        strip.paste(picture.convert("RGB"), (i * width, 0))
    return strip


def _curves(path: Path) -> dict[str, list[tuple[float, float]]]:
    """Of each phase its loss, and the distance (KID), over images; thinned out."""
    from ecomgen.training.runlog import read_log

    found: dict[str, list[tuple[float, float]]] = {}
    try:
        lines = read_log(path)
    except OSError:
        lines = []
    for line in lines:
        images = line.get("images", line.get("latents"))
        for key in ("loss", "kid"):
            value = line.get(key)
            if isinstance(images, int | float) and isinstance(value, int | float) and value == value:
                name = "kid" if key == "kid" else f"loss {line.get('phase', '')}".strip()
                found.setdefault(name, []).append((float(images), float(value)))
    return {name: points[:: len(points) // _CURVE_POINTS + 1] for name, points in found.items()}
