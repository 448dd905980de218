"""The commands that make pictures: from a prompt, from a photo, from pictures that were made before."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecomgen.cli.opening import open_generation
from ecomgen.cli.options import Format, Made, Model, Out, Prompt, Psi, read_assignment
from ecomgen.cli.output import print_json
from ecomgen.settings import read_settings

if TYPE_CHECKING:
    from ecomgen.services.control import Control
    from ecomgen.services.records import Picture


def generate(
    prompt: Prompt,
    count: Annotated[int, typer.Option(help="How many pictures.")] = 8,
    seed: Annotated[int | None, typer.Option(help="First seed; the next picture takes the next one.")] = None,
    out: Out = Path("pictures"),
    model: Model = None,
    psi: Psi = 0.8,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="ATTR=VALUE", help="Fix an attribute; ATTR= leaves it open. Repeatable."
        ),
    ] = None,
    format: Format = "png",
    variation: Annotated[float, typer.Option(help="Vary the picture of one seed: 0 (same) to 1.")] = 0.0,
    variation_seed: Annotated[int, typer.Option(help="First seed of the variations.")] = 0,
    retry: Annotated[
        bool, typer.Option(help="Draw a picture that looks failed again, from another seed.")
    ] = True,
    best: Annotated[
        bool, typer.Option(help="Draw four times as many and keep those that reviewers will like.")
    ] = False,
    latent: Annotated[str, typer.Option(help="Draw just this latent, from a picture's details.")] = "",
    origin: Annotated[str, typer.Option(help="What the latent's picture was made from.")] = "",
) -> None:
    """Make pictures from a prompt; one JSON line each."""
    edits = dict(read_assignment(text) for text in set_ or [])
    settings = read_settings()

    from ecomgen.services.pictures import check_format
    from ecomgen.services.records import GenerationRequest

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
    generation = open_generation(settings)
    if best:
        from ecomgen.services.favourites import Favourites
        from ecomgen.services.recognition import Recognition
        from ecomgen.services.review import Review

        favourites = Favourites(generation, Review(settings), Recognition(settings))
        return _save(favourites.generate(request), out, format)
    _save(generation.generate(request), out, format)


def from_photo(
    photo: Annotated[Path, typer.Argument(help="A photo of a product: a PNG, JPEG or WebP file.")],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="ATTR=VALUE", help="Change this about it. Repeatable."),
    ] = None,
    count: Annotated[int, typer.Option(help="How many pictures; after the first, the shape varies.")] = 1,
    seed: Annotated[int, typer.Option(help="First seed of those variations.")] = 0,
    model: Model = None,
    out: Out = Path("pictures"),
    format: Format = "png",
) -> None:
    """Make pictures of the product in a photo, with other attributes where --set says so; one JSON line each."""
    edits = dict(read_assignment(text) for text in set_ or [])
    settings = read_settings()

    from ecomgen.services.control import Control
    from ecomgen.services.recognition import Recognition, read_file

    recognition = Recognition(settings)
    image = recognition.open(read_file(photo))
    seen = {name: reading.value for name, reading in recognition.recognise(image).items()}
    control = Control(open_generation(settings))
    start = control.photo(image, seen, model)
    if start.unlike:
        print(
            "This photo is unlike anything that the checkpoint learnt: expect a poor likeness.",
            file=sys.stderr,
        )
    wanted = {**start.recipe.attributes, **edits}
    _save(control.edit(start.recipe, wanted, count, seed, model=model), out, format)


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


def mix(shape: Made, look: Made, out: Out = Path("pictures"), format: Format = "png") -> None:
    """Make the shape of one picture with the colour, pattern and material of another; one JSON line."""
    control, made = _sources(shape, look)
    _save(control.mix(made[0], made[1]), out, format)


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
    return Control(open_generation(read_settings())), made


def _save(pictures: "Iterator[Picture]", out: Path, format: str) -> None:
    """Write the pictures as they are made, and print a line for each."""
    from ecomgen.services.pictures import check_format, save_picture

    check_format(format)
    for picture in pictures:
        path = save_picture(picture, out / f"{picture.seed}-{picture.id[:8]}", format)
        print_json({"file": str(path), **picture.parameters()})
