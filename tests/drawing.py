"""Synthetic product photos: coloured shapes on white, for tests that need photos of known content."""

import csv
import io
import json
import random
import zipfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageColor, ImageDraw

CATEGORIES = ("casual shoes", "handbags", "watches", "belts", "caps", "sunglasses")
COLOURS = {
    "red": "#c8202c",
    "blue": "#2450b0",
    "green": "#2c8a3c",
    "black": "#1c1c20",
    "yellow": "#e8c020",
    "pink": "#e880a8",
}
WHITE = (255, 255, 255)


def draw_product(
    category: str,
    colour: str,
    size: tuple[int, int] = (60, 80),
    seed: int = 0,
    background: tuple[int, int, int] = WHITE,
) -> Image.Image:
    """One product on a plain background, in any colour that Pillow knows; the seed moves and resizes it."""
    chance = random.Random(f"{category} {colour} {seed}")
    width, height = size
    scale = 4  # drawn larger and reduced, for smooth edges
    image = Image.new("RGB", (width * scale, height * scale), background)
    draw = ImageDraw.Draw(image)
    side = min(width, height) * scale * chance.uniform(0.7, 0.85)
    left = (width * scale - side) * chance.uniform(0.3, 0.7)
    top = (height * scale - side) * chance.uniform(0.3, 0.7)
    fill = ImageColor.getrgb(COLOURS.get(colour, colour))
    dark = tuple(c // 2 for c in fill)

    def at(*points: tuple[float, float]) -> list[tuple[float, float]]:
        return [(left + x * side, top + y * side) for x, y in points]

    line = max(1, round(side * 0.04))
    match category:
        case "handbags":
            draw.arc(at((0.28, 0.05), (0.72, 0.75)), 180, 360, fill=dark, width=line * 2)
            draw.polygon(at((0.15, 0.4), (0.85, 0.4), (1, 0.95), (0, 0.95)), fill=fill)
            draw.rectangle(at((0.44, 0.4), (0.56, 0.52)), fill=dark)
        case "watches":
            draw.rectangle(at((0.38, 0), (0.62, 1)), fill=dark)
            draw.ellipse(at((0.2, 0.2), (0.8, 0.8)), fill=fill)
            draw.line(at((0.5, 0.3), (0.5, 0.5), (0.62, 0.58)), fill=WHITE, width=line)
        case "belts":
            draw.rectangle(at((0, 0.4), (1, 0.6)), fill=fill)
            draw.rectangle(at((0.06, 0.35), (0.26, 0.65)), outline=dark, width=line)
        case "caps":
            draw.pieslice(at((0.1, 0.2), (0.8, 1.1)), 180, 360, fill=fill)
            draw.ellipse(at((0.55, 0.58), (1, 0.72)), fill=dark)
        case "sunglasses":
            draw.line(at((0, 0.45), (1, 0.45)), fill=dark, width=line)
            draw.ellipse(at((0.03, 0.38), (0.45, 0.66)), fill=fill)
            draw.ellipse(at((0.55, 0.38), (0.97, 0.66)), fill=fill)
        case "t-shirts":
            draw.polygon(
                at((0.25, 0.1), (0.75, 0.1), (1, 0.4), (0.85, 0.5), (0.15, 0.5), (0, 0.4)), fill=fill
            )
            draw.rectangle(at((0.22, 0.3), (0.78, 1)), fill=fill)
        case _:  # shoes, seen from the side
            draw.polygon(
                at((0, 0.3), (0.3, 0.3), (0.62, 0.52), (0.95, 0.58), (1, 0.72), (0, 0.72)), fill=fill
            )
            draw.rectangle(at((0, 0.7), (1, 0.78)), fill=dark)
    return image.resize(size, Image.Resampling.BOX)


def draw_person(skin: str, background: str = "white") -> Image.Image:
    """A shirt with a head and two arms, 180 x 240."""
    image = Image.new("RGB", (180, 240), background)
    draw = ImageDraw.Draw(image)
    draw.ellipse((70, 10, 110, 65), fill=skin)
    draw.rectangle((40, 80, 56, 180), fill=skin)
    draw.rectangle((124, 80, 140, 180), fill=skin)
    draw.rectangle((55, 65, 125, 200), fill=(40, 60, 140))
    return image


def photo_bytes(image: Image.Image, kind: str = "JPEG") -> bytes:
    """The image as a file: "JPEG", "PNG" or "WEBP"."""
    buffer = io.BytesIO()
    image.save(buffer, kind, quality=92)
    return buffer.getvalue()


def write_files(path: Path, files: dict[str, bytes]) -> Path:
    """Write the files into a zip when `path` ends in .zip, else into a folder; returns `path`."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    else:
        for name, content in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)
    return path


def write_product_set(
    path: Path,
    n: int,
    *,
    categories: Sequence[str] = CATEGORIES[:3],
    colours: Sequence[str] = ("red", "blue", "green"),
    size: tuple[int, int] = (60, 80),
    metadata: str = "csv",
    seed: int = 0,
) -> Path:
    """A set of `n` products in the ImageFolder convention, a zip or a folder by the suffix of `path`.

    Every category meets every colour in turn. `metadata` is "csv", "jsonl" (columns file_name, title,
    category, colour) or "" for plain class folders without it.
    """
    files: dict[str, bytes] = {}
    rows: list[dict[str, str]] = []
    for i in range(n):
        category = categories[i % len(categories)]
        colour = colours[i // len(categories) % len(colours)]
        name = f"images/{i:04}.jpg" if metadata else f"{category}/{i:04}.jpg"
        files[name] = photo_bytes(draw_product(category, colour, size, seed + i))
        rows.append(
            {"file_name": name, "title": f"Solid {colour} {category}", "category": category, "colour": colour}
        )
    if metadata == "csv":
        text = io.StringIO()
        table = csv.DictWriter(text, ["file_name", "title", "category", "colour"])
        table.writeheader()
        table.writerows(rows)
        files["metadata.csv"] = text.getvalue().encode()
    elif metadata == "jsonl":
        files["metadata.jsonl"] = "\n".join(json.dumps(row) for row in rows).encode()
    return write_files(path, files)
