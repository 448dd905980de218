"""The commands that say what is understood: of a prompt, of photos, of a whole product set."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecomgen.cli.opening import open_generation
from ecomgen.cli.options import Prompt
from ecomgen.cli.output import print_json, write_json
from ecomgen.cli.progress import Progress
from ecomgen.errors import InvalidRequest
from ecomgen.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ecomgen.services.attributes import Reading


def attributes(prompt: Prompt) -> None:
    """Show how a prompt is understood.

    One JSON object: each attribute's value (null where the prompt does not say) and confidence."""
    readings = open_generation(read_settings()).understand(prompt)
    print_json(_plain(readings))


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
        print_json({"file": str(path), "attributes": _plain(seen)})
    if unusable:
        raise typer.Exit(2)


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
        print_json({"file_name": photo.file_name, "unsure": _plain(photo.unsure)})
    counts = ", ".join(f"{name} {count:,}" for name, count in done.guessed.items()) or "nothing"
    print(f"{done.table} lists {done.photos:,} photos; guessed: {counts}.", file=sys.stderr)


def check(
    data: Annotated[Path, typer.Argument(metavar="SET", help="Product set: a zip or a folder.")],
    out: Annotated[
        Path | None, typer.Option(help="Also write the set, cleaned and completed: a new folder, or a zip.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Also write all that was found to this file.")] = None,
    white: Annotated[
        bool, typer.Option("--white", help="With --out: plain backgrounds become white.")
    ] = False,
    denoise: Annotated[bool, typer.Option("--denoise", help="With --out: take out speckles.")] = False,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(help="With --out: leave out photos with this fault, such as duplicate; repeatable."),
    ] = None,
    size: Annotated[int, typer.Option(help="With --out: longer side of the photos, in pixels.")] = 512,
) -> None:
    """Say what is wrong with the photos of a product set: tiny, blurred, busy behind, there twice, people.

    One JSON line for each photo with a fault and each file that cannot be used; nothing of the set is changed."""
    from ecomgen.data.cleaning import Cleaning
    from ecomgen.services.checking import Checking
    from ecomgen.services.preparing import read_kinds, without
    from ecomgen.services.recognition import Recognition

    unwanted = read_kinds(leave_out or ())
    cleaning = Cleaning(white_background=white, denoise=denoise, largest=size)
    settings, progress = read_settings(), Progress(sys.stderr)
    checking = Checking(settings, Recognition(settings))
    checked = checking.check(data, progress)
    found = checked.to_dict()
    for product in found["products"]:
        if product["faults"]:
            print_json({"file_name": product["name"], "faults": product["faults"]})
    for refused in found["refused"]:
        print_json({"file_name": refused["name"], "refused": refused["reason"]})
    counts = ", ".join(f"{kind} {n:,}" for kind, n in checked.fault_counts().items()) or "nothing"
    sizes = checked.sizes
    print(
        f"{len(checked.products):,} photos of {sizes.smallest:,} to {sizes.largest:,} pixels (half of them over "
        f"{sizes.median:,}), {len(checked.refused):,} files refused; found: {counts}.",
        *checked.notes,
        sep="\n",
        file=sys.stderr,
    )
    if json is not None:
        write_json(json, found)
    if out is not None:
        ready = checking.prepare(checked, without(checked, unwanted), cleaning, out, progress)
        print(f"{ready.path} holds {ready.photos:,} photos, ready for training.", file=sys.stderr)


def _plain(readings: "Mapping[str, Reading]") -> dict[str, dict[str, Any]]:
    return {name: {"value": r.value, "confidence": round(r.confidence, 4)} for name, r in readings.items()}
