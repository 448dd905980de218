"""The command `ecomgen`: the same services as the page, one function a command.

Results go to standard output as JSON, one line each where there are several. What the user can put right is
one sentence on standard error and exit status 2. Heavy imports wait inside the commands: --help is instant.
"""

import io
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from ecomgen import __version__
from ecomgen.errors import EcomgenError, InvalidRequest
from ecomgen.settings import Settings, read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ecomgen.services.attributes import Reading
    from ecomgen.services.control import Control
    from ecomgen.services.generation import Generation, Picture

app = typer.Typer(
    help="Type a prompt, get product photos.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Prompt = Annotated[str, typer.Argument(help="What to picture, in English or Chinese.")]


class OutputError(EcomgenError):
    """Standard output was closed or is full."""


def main() -> None:
    """Run the command line; never returns."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # \u7ea2, as in JSON, where 红 cannot be shown
    try:
        app()
    except EcomgenError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


def _version(asked: bool) -> None:
    if asked:
        _print(f"ecomgen {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


@app.command()
def generate(
    prompt: Prompt,
    count: Annotated[int, typer.Option(help="How many pictures.")] = 8,
    seed: Annotated[int | None, typer.Option(help="First seed; the next picture takes the next one.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the files; made when missing.")] = Path("pictures"),
    model: Annotated[str | None, typer.Option(help="Checkpoint; see `ecomgen models`.")] = None,
    psi: Annotated[float, typer.Option(help="Variety, 0 (alike) to 1 (most varied).")] = 0.8,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="ATTR=VALUE", help="Fix an attribute; ATTR= leaves it open. Repeatable."
        ),
    ] = None,
    format: Annotated[str, typer.Option(help="png, jpeg or webp.")] = "png",
    variation: Annotated[float, typer.Option(help="Vary the picture of one seed: 0 (same) to 1.")] = 0.0,
    variation_seed: Annotated[int, typer.Option(help="First seed of the variations.")] = 0,
    retry: Annotated[
        bool, typer.Option(help="Draw a picture that looks failed again, from another seed.")
    ] = True,
    latent: Annotated[str, typer.Option(help="Draw just this latent, from a picture's details.")] = "",
    origin: Annotated[str, typer.Option(help="What the latent's picture was made from.")] = "",
) -> None:
    """Make pictures from a prompt; one JSON line each."""
    edits = dict(_assignment(text) for text in set_ or [])
    settings = read_settings()

    from ecomgen.services.generation import GenerationRequest
    from ecomgen.services.pictures import check_format

    check_format(format)
    request = GenerationRequest(
        prompt=prompt,
        count=count,
        seed=seed,
        psi=psi,
        model=model,
        attributes=edits,
        variation=variation,
        variation_seed=variation_seed,
        retry=retry,
        latent=latent,
        origin=origin,
    )
    _save(_generation(settings).generate(request), out, format)


Made = Annotated[Path, typer.Argument(help="A picture that ecomgen made (its file).")]
Out = Annotated[Path, typer.Option(help="Folder for the files; made when missing.")]
Format = Annotated[str, typer.Option(help="png, jpeg or webp.")]


@app.command("from-photo")
def from_photo(
    photo: Annotated[Path, typer.Argument(help="A photo of a product: a PNG, JPEG or WebP file.")],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="ATTR=VALUE", help="Change this about it. Repeatable."),
    ] = None,
    count: Annotated[int, typer.Option(help="How many pictures; after the first, the shape varies.")] = 1,
    seed: Annotated[int, typer.Option(help="First seed of those variations.")] = 0,
    model: Annotated[str | None, typer.Option(help="Checkpoint; see `ecomgen models`.")] = None,
    out: Out = Path("pictures"),
    format: Format = "png",
) -> None:
    """Make pictures of the product in a photo, with other attributes where --set says so; one JSON line each."""
    edits = dict(_assignment(text) for text in set_ or [])
    settings = read_settings()

    from ecomgen.services.control import Control
    from ecomgen.services.recognition import Recognition, read_file

    recognition = Recognition(settings)
    image = recognition.open(read_file(photo))
    seen = {name: reading.value for name, reading in recognition.recognise(image).items()}
    control = Control(_generation(settings))
    start = control.photo(image, seen, model)
    if start.unlike:
        print(
            "This photo is unlike anything that the checkpoint learnt: expect a poor likeness.",
            file=sys.stderr,
        )
    wanted = {**start.recipe.attributes, **edits}
    _save(control.edit(start.recipe, wanted, count, seed, model=model), out, format)


@app.command()
def colours(
    picture: Made,
    colour: Annotated[
        list[str] | None, typer.Option(help="A colour; repeatable. Default: the commonest eight.")
    ] = None,
    out: Out = Path("pictures"),
    format: Format = "png",
) -> None:
    """Make the product of a picture in other colours; one JSON line each."""
    control, made = _sources(picture)
    _save(control.colours(made[0], colour), out, format)


@app.command()
def vary(
    picture: Made,
    count: Annotated[int, typer.Option(help="How many pictures.")] = 8,
    variation: Annotated[float, typer.Option(help="How much changes: above 0 (nothing) to 1.")] = 0.25,
    seed: Annotated[int, typer.Option(help="First seed of the variations.")] = 0,
    out: Out = Path("pictures"),
    format: Format = "png",
) -> None:
    """Make more pictures like one, with the same attributes; one JSON line each."""
    control, made = _sources(picture)
    _save(control.vary(made[0], count, variation, seed), out, format)


@app.command()
def mix(shape: Made, look: Made, out: Out = Path("pictures"), format: Format = "png") -> None:
    """Make the shape of one picture with the colour, pattern and material of another; one JSON line."""
    control, made = _sources(shape, look)
    _save(control.mix(made[0], made[1]), out, format)


@app.command()
def between(
    first: Made,
    last: Made,
    count: Annotated[int, typer.Option(help="How many pictures, both ends included.")] = 6,
    out: Out = Path("pictures"),
    format: Format = "png",
) -> None:
    """Make a strip of pictures from one to another; one JSON line each."""
    control, made = _sources(first, last)
    _save(control.between(made[0], made[1], count), out, format)


def _sources(*files: Path) -> "tuple[Control, list[Picture]]":
    """What draws from pictures, and the pictures in these files."""
    from ecomgen.services.control import Control
    from ecomgen.services.pictures import read_made

    made = [read_made(file) for file in files]
    return Control(_generation(read_settings())), made


def _save(pictures: "Iterator[Picture]", out: Path, format: str) -> None:
    """Write the pictures as they are made, and print a line for each."""
    from ecomgen.services.pictures import check_format, save_picture

    check_format(format)
    for picture in pictures:
        path = save_picture(picture, out / f"{picture.seed}-{picture.id[:8]}", format)
        _print_json({"file": str(path), **picture.parameters()})


@app.command()
def attributes(prompt: Prompt) -> None:
    """Show how a prompt is understood.

    One JSON object: each attribute's value (null where the prompt does not say) and confidence."""
    readings = _generation(read_settings()).understand(prompt)
    _print_json(_plain(readings))


@app.command()
def recognise(
    photos: Annotated[list[Path], typer.Argument(help="Photos: PNG, JPEG or WebP files.")],
) -> None:
    """Show what is seen in photos; one JSON line each.

    Each attribute's value (null where it is not sure) and confidence."""
    from ecomgen.services.recognition import Recognition, read_file

    recognition = Recognition(read_settings())
    recognition.load()
    unusable = 0
    for path in photos:
        try:
            seen = recognition.recognise(recognition.open(read_file(path)))
        except InvalidRequest as error:
            print(f"{path}: {error}", file=sys.stderr)
            unusable += 1
            continue
        _print_json({"file": str(path), "attributes": _plain(seen)})
    if unusable:
        raise typer.Exit(2)


@app.command()
def label(
    data: Annotated[Path, typer.Argument(metavar="SET", help="Product set: a zip or a folder.")],
    out: Annotated[Path, typer.Option(help="The table to write; it belongs at the top of the set.")],
    sure: Annotated[float, typer.Option(help="Confidence (0 to 1) from which a guess is taken.")] = 0.9,
    limit: Annotated[int | None, typer.Option(help="Look at no more than so many photos.")] = None,
    first: Annotated[int, typer.Option(help="How many photos to name for labelling by hand.")] = 20,
) -> None:
    """Fill in missing attributes of a product set where the recogniser is sure, marked as guessed.

    Prints one JSON line for each photo that a person should label, the most informative first."""
    from ecomgen.services.labelling import label as fill_in
    from ecomgen.services.recognition import Recognition

    done = fill_in(Recognition(read_settings()), data, out, sure, limit, first, Progress(sys.stderr))
    for photo in done.first:
        _print_json({"file_name": photo.file_name, "unsure": _plain(photo.unsure)})
    counts = ", ".join(f"{name} {count:,}" for name, count in done.guessed.items()) or "nothing"
    print(f"{done.table} lists {done.photos:,} photos; guessed: {counts}.", file=sys.stderr)


@app.command()
def train(
    config: Annotated[Path, typer.Argument(help="A training configuration (TOML), e.g. from configs/.")],
    data: Annotated[Path | None, typer.Option(help="Product set: a zip or a folder.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the run and its checkpoint.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the run in --out stopped.")] = False,
) -> None:
    """Train a model on a product set; Ctrl-C stops it safely."""
    from ecomgen.services import training

    folder = training.train(config, data, out, resume, Progress(sys.stderr))
    _print(f"The checkpoint is in {folder}." if folder else "Stopped; --resume goes on from here.")
    if folder is None:
        raise typer.Exit(130)  # what a shell expects of an interrupted command


@app.command()
def pretrain(
    data: Annotated[
        Path | None,
        typer.Option(help="Photos without labels: a zip or a folder; default: those of the file."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the run and the backbone.")] = Path(
        "checkpoints/backbone"
    ),
    config: Annotated[Path, typer.Option(help="The pretraining's configuration (TOML).")] = Path(
        "configs/pretrain.toml"
    ),
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the run in --out stopped.")] = False,
) -> None:
    """Teach the image backbone from photos alone, without labels; Ctrl-C stops it safely."""
    train(config, data, out, resume)


@app.command()
def evaluate(
    data: Annotated[Path, typer.Option(help="Product set to compare with: a zip or a folder.")],
    model: Annotated[str | None, typer.Option(help="Checkpoint: a name or a folder.")] = None,
    json_: Annotated[Path | None, typer.Option("--json", help="File for the scores.")] = None,
    plot: Annotated[Path | None, typer.Option(help="File for a plot of them (PNG).")] = None,
    readme: Annotated[
        Path | None, typer.Option(help="Markdown file with a place for the scores, which is filled anew.")
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Write metrics.json beside the checkpoint.")] = False,
    pictures: Annotated[int, typer.Option(help="How many pictures are drawn.")] = 2000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same scores.")] = 0,
    psi: Annotated[float, typer.Option(help="Variety, 0 (alike) to 1 (most varied).")] = 0.8,
    judge: Annotated[str, typer.Option(help="Recogniser that judges: a name or a folder.")] = "judge",
    inception: Annotated[bool, typer.Option("--inception", help="Also the FID of papers; slow.")] = False,
) -> None:
    """Measure a checkpoint: what it draws, beside what real photos get. One JSON object."""
    settings = read_settings()

    from ecomgen.services import scoreboard
    from ecomgen.services.evaluation import EvaluationRequest, find_checkpoint
    from ecomgen.services.evaluation import evaluate as measure

    request = EvaluationRequest(
        data=data, model=model, judge=judge, pictures=pictures, seed=seed, psi=psi, inception=inception
    )
    if readme:
        scoreboard.check_table(readme)
    with _progress_bar() as progress:
        result = measure(request, settings, progress)
    files = [json_] if json_ else []
    if write:
        files.append(find_checkpoint(settings, model or settings.model) / "metrics.json")
    for file in files:
        scoreboard.save_json(result, file)
    if readme:
        scoreboard.write_table(result, readme)
    if plot:
        scoreboard.save_plot(result, plot)
    for line in (scoreboard.table(result), *result["notes"]):
        print(line, file=sys.stderr)
    _print_json(result)


@app.command()
def lighten(
    out: Annotated[Path, typer.Option(help="Folder for the new checkpoint.")],
    model: Annotated[str | None, typer.Option(help="Checkpoint: a name or a folder.")] = None,
    minutes: Annotated[float, typer.Option(help="How long it is taught.")] = 10.0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the run in --out stopped.")] = False,
) -> None:
    """Make a lighter checkpoint, taught by the whole one; Ctrl-C stops it safely."""
    from ecomgen.services.light import lighten as make_lighter

    with _progress_bar() as progress:
        done = make_lighter(read_settings(), model, out, minutes, resume, progress)
    _print(f"The checkpoint is in {out}." if done else "Stopped; --resume goes on from here.")
    if not done:
        raise typer.Exit(130)


@app.command()
def gate(
    data: Annotated[
        Path, typer.Option(help="Product set that the checkpoint learnt from: a zip or a folder.")
    ],
    model: Annotated[str | None, typer.Option(help="Checkpoint: a name or a folder.")] = None,
) -> None:
    """Let a checkpoint recognise its failed pictures, by its training photos; new checkpoints can do so already."""
    from ecomgen.services.gate import fit_gate

    settings = read_settings()
    _print(f"{fit_gate(settings, model or settings.model, data)} is written.")


@app.command()
def models(
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
    measure: Annotated[
        bool,
        typer.Option("--measure", help="Find out first how this machine draws fastest, and keep to that."),
    ] = False,
) -> None:
    """List the checkpoints, and how this machine draws with them."""
    generation = _generation(read_settings())
    if measure:
        generation.measure()
    found = generation.models()
    if as_json:
        _print_json([asdict(model) for model in found])
        return
    rows = [("NAME", "SIZE", "CATEGORIES", "TITLE", "DRAWN BY")]
    for m in found:
        drawn_by = "" if m.problem else m.drawn_by or "PyTorch; --measure looks for something faster"
        rows.append((m.name, f"{m.size} px", str(len(m.categories)), m.problem or m.title, drawn_by))
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    for row in rows:
        _print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Start the page (and its HTTP API)."""
    changes = {"host": host, "port": port}
    settings = read_settings(**{name: value for name, value in changes.items() if value is not None})

    from ecomgen.ui.app import serve as serve_page

    serve_page(settings)


class Progress:
    """What is being done, how much of it is done and how long it will take yet, as lines of text.

    On a terminal each stands in the place of the one before; in a file there is one every 10 seconds.
    """

    _EVERY = 10.0

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock = stream, clock
        self._what, self._begun, self._told, self._width = "", (0.0, 0.0), -math.inf, 0

    def __call__(self, what: str, share: float) -> None:
        now = self._clock()
        terminal = self._stream.isatty()
        if what != self._what:
            if terminal and self._what:
                print(file=self._stream)
            self._what, self._begun, self._told, self._width = what, (now, share), -math.inf, 0
        if not terminal and share < 1 and now - self._told < self._EVERY:
            return
        self._told = now
        line = f"{what}: {share:.1%}{self._left(now, share)}"
        print(
            f"\r{line:<{self._width}}" if terminal else line, end="" if terminal else "\n", file=self._stream
        )
        if terminal and share >= 1:
            print(file=self._stream)
            self._what = ""
        self._stream.flush()
        self._width = len(line)

    def _left(self, now: float, share: float) -> str:
        """A run that goes on from where it stopped begins with a share above 0."""
        start, at_start = self._begun
        if share >= 1 or share <= at_start or now - start < 1:
            return ""
        seconds = (now - start) * (1 - share) / (share - at_start)
        if seconds < 90:
            return f", {seconds:.0f} s left"
        hours, minutes = divmod(round(seconds / 60), 60)
        return f", {hours} h {minutes} min left" if hours else f", {minutes} min left"


@contextmanager
def _progress_bar() -> Iterator[Callable[[str, float], None]]:
    """A bar with the time that is left, on standard error; where that is no terminal, only what is being done."""
    steps = 1000
    with ExitStack() as stack:
        shown: list[
            Any
        ] = []  # nothing is shown before there is something to tell: errors in the request come first

        def show(what: str, share: float) -> None:
            if not shown:
                bar = typer.progressbar(length=steps, label=what, file=sys.stderr, show_percent=True)
                shown.append(stack.enter_context(bar))
            shown[0].label = what
            shown[0].update(round(share * steps) - shown[0].pos)

        yield show


def _generation(settings: Settings) -> "Generation":
    from ecomgen.services.attributes import AttributeReader
    from ecomgen.services.generation import Generation

    return Generation(settings, AttributeReader(settings))


def _plain(readings: "Mapping[str, Reading]") -> dict[str, dict[str, Any]]:
    return {name: {"value": r.value, "confidence": round(r.confidence, 4)} for name, r in readings.items()}


def _assignment(text: str) -> tuple[str, str | None]:
    """Read `colour=red`; `colour=` and `colour=unspecified` leave the attribute open."""
    name, equals, value = (part.strip() for part in text.partition("="))
    if not name or not equals:
        raise InvalidRequest("An attribute is set as ATTR=VALUE, for example --set colour=red.")
    return name, None if value in ("", "unspecified") else value


def _print_json(value: Any) -> None:
    _print(json.dumps(value, ensure_ascii=False))


def _print(line: str) -> None:
    """One line of output, at once. Raises OutputError when nobody reads it any more."""
    try:
        print(line, flush=True)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python complains again when it flushes at exit
        raise OutputError(f"The output cannot be written: {error.strerror}.") from error
