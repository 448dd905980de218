"""Fine-tuning a checkpoint to a product set: checks what is asked, stops on a signal, and leaves the teaching to training/finetune.py."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecomgen.errors import InvalidRequest
from ecomgen.services.evaluation import find_checkpoint
from ecomgen.services.gain_report import keep_pairs, told
from ecomgen.services.guard import Guard
from ecomgen.services.training import Progress, StopOnSignal
from ecomgen.settings import Settings

METHODS = ("full", "freeze", "adapter")
"""Everything learns; or the early layers of the discriminator stay as they are, which suits a few hundred photos; or only a small
adapter over the base learns, a file of under a megabyte."""

MOST_MINUTES = 24 * 60.0
GAIN = "gain.json"
"""Beside a fine-tuned checkpoint: what the fine-tuning brought."""

MAX_TITLE = 80
LEAST_PHOTOS = 24

_JOINED = "learnt-from"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,47}")


@dataclass(frozen=True)
class FinetuneRequest:
    """`out` is the name of the new checkpoint, or a folder; `minutes` are those of this machine.

    `liked`: shortlists, or "all", of pictures that are learnt from too, or without `data` alone. `base_data`: the base's own
    photos, where they are at hand, to measure what was forgotten.
    """

    data: Path | None
    out: str
    base: str = "default"
    method: str = "full"
    minutes: float = 20.0
    title: str = ""
    resume: bool = False
    liked: tuple[str, ...] = ()
    base_data: Path | None = None

    def command(self) -> list[str]:
        """The same as arguments of `ecomgen`."""
        words = ["finetune", *(["--data", str(self.data)] if self.data else [])]
        words += [word for name in self.liked for word in ("--liked", name)]
        words += ["--base", self.base, "--out", self.out]
        words += ["--method", self.method, "--minutes", f"{self.minutes:g}"]
        words += ["--title", self.title] if self.title else []
        words += ["--base-data", str(self.base_data)] if self.base_data else []
        return words + (["--resume"] if self.resume else [])

    def command_line(self) -> str:
        """The same as it is typed in a shell."""
        return shlex.join(["ecomgen", *self.command()])


def finetune(request: FinetuneRequest, settings: Settings, progress: Progress) -> Path | None:
    """Teach the base the product set; the new checkpoint's folder, or None when Ctrl-C or SIGTERM stopped it early.

    Raises InvalidRequest, CheckpointError, DataError, TrainingError.
    """
    base, out = check(request, settings)
    if request.resume and (out / GAIN).exists():
        return out
    import torch

    from ecomgen.training import finetune as training
    from ecomgen.training import processes
    from ecomgen.training.pace import PACE, Pace

    if settings.threads:
        torch.set_num_threads(settings.threads)
    progress = Pace(progress, out / PACE)
    data = _data(request, settings, out)
    with StopOnSignal() as stop:
        done = training.finetune(
            base, data, out, request.method, request.minutes, request.title, request.resume,
            stop.is_set, progress,
        )  # fmt: skip
    if not done:
        return None
    if not processes.is_main():
        return out
    gain = _gain(base, out, data, request, progress)
    _write(out / "README.md", _card(out, request, gain))
    _write(out / GAIN, json.dumps(gain, ensure_ascii=False, indent=1) + "\n")
    for name in ("state", _JOINED):
        shutil.rmtree(out / name, ignore_errors=True)  # nothing is left to resume
    return out


def check(request: FinetuneRequest, settings: Settings) -> tuple[Path, Path]:
    """The folders of the base and of the new checkpoint. Raises InvalidRequest, PolicyRefusal, CheckpointError."""
    if request.method not in METHODS:
        raise InvalidRequest(f"The method is one of: {', '.join(METHODS)}.")
    if not 0 < request.minutes <= MOST_MINUTES:  # also false for NaN
        raise InvalidRequest("The minutes have to be more than 0 and at most 1440.")
    if not request.data and not request.liked:
        raise InvalidRequest("Please name a product set, or pictures that people liked.")
    if len(request.title) > MAX_TITLE or not request.title.isprintable():
        raise InvalidRequest(f"The title is one line of at most {MAX_TITLE} characters.")
    Guard(settings).check_note(request.title)
    base = find_checkpoint(settings, request.base)
    if request.method == "adapter" and (base / "adapter.safetensors").exists():
        raise InvalidRequest("An adapter goes over a whole checkpoint, not over another adapter.")
    if os.sep in request.out:
        out = Path(request.out)
    else:
        out = settings.own_checkpoints / checked_name(request.out, settings, request.resume)
    if out.resolve() == base.resolve():
        raise InvalidRequest("The new checkpoint needs a name of its own.")
    return base, out


def checked_name(name: str, settings: Settings, taken: bool = False) -> str:
    """A name that a new checkpoint may have. Raises InvalidRequest, PolicyRefusal."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidRequest("The name of a checkpoint is letters, digits, - and _, at most 48 of them.")
    Guard(settings).check_note(name)
    if (settings.checkpoints / name).exists():
        raise InvalidRequest(f"There is a checkpoint “{name}” already; please choose another name.")
    if not taken and (settings.own_checkpoints / name / "config.json").exists():
        raise InvalidRequest(f"There is a checkpoint “{name}” already; please choose another name.")
    return name


def _data(request: FinetuneRequest, settings: Settings, out: Path) -> Path:
    """What is learnt from: the set, or one that liked pictures were joined to, which a resumed run finds again as it was."""
    if not request.liked:
        assert request.data
        return request.data
    from ecomgen.services.liked import join_liked, named_sources
    from ecomgen.services.review import Review
    from ecomgen.training import processes

    joined = out / _JOINED
    if processes.is_main() and not (request.resume and joined.is_dir()):
        review = Review(settings)
        try:
            join_liked(review, named_sources(review, request.liked), request.data, joined)
        finally:
            review.close()
    processes.wait()
    return joined


def _gain(base: Path, out: Path, data: Path, request: FinetuneRequest, progress: Progress) -> dict[str, Any]:
    from ecomgen.models.checkpoint import load_checkpoint
    from ecomgen.models.recogniser import load_recogniser
    from ecomgen.settings import bundled
    from ecomgen.training.finetune import PLAN, read_plan
    from ecomgen.training.forgetting import measure_forgotten, read_base_photos
    from ecomgen.training.gain import measure_gain
    from ecomgen.training.photos import read_photos

    judge, _ = load_recogniser(bundled("checkpoints") / "judge")
    photos = read_photos(read_plan(out / PLAN).data, data, judge.size)
    old = load_checkpoint(base, [base.parent])
    tuned = load_checkpoint(out, [base.parent])
    old_photos = read_base_photos(old, request.base_data, judge.size) if request.base_data else None
    return {
        "base": request.base,
        "base_hash": old.hash,
        "tuned_hash": tuned.hash,
        **measure_gain(old, tuned, judge, photos, update_progress=progress, show_pair=keep_pairs(out)),
        "forgotten": measure_forgotten(old, tuned, judge, old_photos, photos, update_progress=progress),
    }


def _card(out: Path, request: FinetuneRequest, gain: dict[str, Any]) -> str:
    config = json.loads((out / "config.json").read_text(encoding="utf-8"))
    known = config["counts"]
    lines = [f"- {name}: {', '.join(values)}" for name, values in known.items()]
    shown = {name: gain[f"kid_{name}"] for name in ("base", "tuned", "photos")}
    values = {
        name: f"{value:.4f} ± {error:.4f}" if value is not None else "not measured"
        for name, (value, error) in shown.items()
    }
    return "\n".join(
        [
            f"# {request.title or out.name}",
            "",
            f"Fine-tuned from `{request.base}` on {gain['photos']:,} photos of a product set ({gain['held_out']:,} more were held "
            f"out), method `{request.method}`, {request.minutes:g} minutes at most.",
            "",
            *_about_adapter(out, config),
            "What it was taught:",
            "",
            *lines,
            "",
            "Kernel distance (KID in the bundled judge's features; 0 is like real photos) to the held-out photos, psi "
            f"{gain['psi']}, {gain['pictures']} pictures: base {values['base']}, this checkpoint {values['tuned']}, its training photos "
            f"{values['photos']}. Pictures as near to a training photo as only 1 % of the held-out photos: "
            f"{gain['near_copies_1']:.1%}.",
            "",
            *told(gain),
            f"Made by `{request.command_line()}`.",
            "",
        ]
    )


def _about_adapter(out: Path, config: dict[str, Any]) -> list[str]:
    """What the card of an adapter says besides."""
    if "adapter" not in config:
        return []
    size, learnt = (out / "adapter.safetensors").stat().st_size, config["training"]
    return [
        f"It is an adapter of {size / 1000:,.0f} kB and works only where its base `{config['adapter']['base']}` "
        f"({config['adapter']['base_hash']}) is: {learnt['adapter_numbers']:,} numbers, {learnt['adapter_share']:.1%} of the "
        "base generator's parameters, besides the embedded words.",
        "",
    ]


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
