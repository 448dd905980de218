"""Picture files that say what they are: how to make them again, and that a machine made them."""

from __future__ import annotations

import io
import json
import os
import tempfile
import uuid
from collections.abc import Container
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from PIL import ExifTags, Image, PngImagePlugin

from ecomgen.errors import InvalidRequest, StoreError

if TYPE_CHECKING:
    from ecomgen.services.records import Picture

SUFFIXES: dict[str, str] = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}

_PRODUCER = "ecomgen"
_ASCII = b"ASCII\0\0\0"  # EXIF's name of the character set; the JSON escapes the rest
# IPTC's "made by a trained model" and, in TC260's namespace, the label that China asks for since 2025-09.
_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/">
<xmp:CreatorTool>{producer}</xmp:CreatorTool>
<Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia</Iptc4xmpExt:DigitalSourceType>
<TC260:AIGC>{aigc}</TC260:AIGC>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def save_picture(picture: Picture, path: Path, format: str = "png") -> Path:
    """Write `path` plus the format's suffix, labelled, all at once or not at all; returns the file's path.

    `format` is one of png, jpeg, webp. Missing parent folders are made. Raises InvalidRequest for another
    format and StoreError when the file cannot be written.
    """
    check_format(format)
    target = path.with_name(path.name + SUFFIXES[format])
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        replace_file(target, encode_picture(picture, format))
    except OSError as error:
        reason = error.strerror or error
        raise StoreError(f"The picture cannot be written to {target.parent}: {reason}.") from error
    return target


def check_format(format: str) -> None:
    """Raise InvalidRequest unless `format` is one of `SUFFIXES`."""
    if format not in SUFFIXES:
        raise InvalidRequest(f"The format is one of {', '.join(SUFFIXES)}.")


def encode_picture(picture: Picture, format: str = "png") -> bytes:
    """The labelled picture as the bytes of a file; `format` is one of `SUFFIXES`."""
    parameters, xmp = picture.parameters(), _xmp(picture.id)
    options: dict[str, Any]
    if format == "png":
        info = PngImagePlugin.PngInfo()
        text = json.dumps(parameters, ensure_ascii=False).encode("utf-8", "replace").decode()
        info.add_itxt("parameters", text, lang="", tkey="")
        info.add_itxt("XML:com.adobe.xmp", xmp, lang="", tkey="")  # Pillow ignores xmp= for PNG
        options = {"pnginfo": info}
    else:
        exif = Image.Exif()
        comment = _ASCII + json.dumps(parameters).encode("ascii")
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = comment
        options = {"exif": exif, "xmp": xmp.encode(), "quality": 95}
        if format == "jpeg":
            options["subsampling"] = 0  # small pictures: halved colour would show
    buffer = io.BytesIO()
    picture.image.convert("RGB").save(buffer, format.upper(), **options)
    return buffer.getvalue()


def read_label(path: Path) -> dict[str, Any] | None:
    """The parameters that `save_picture` wrote into a file; None when there are none."""
    try:
        with Image.open(path, formats=("PNG", "JPEG", "WEBP")) as image:
            if isinstance(image, PngImagePlugin.PngImageFile):
                text = str(image.text.get("parameters", ""))
            else:
                comment = image.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.UserComment, b"")
                text = comment.removeprefix(_ASCII).decode("ascii")
        label = json.loads(text)
    except Exception:  # a hostile file can make Pillow raise nearly anything
        return None
    return label if isinstance(label, dict) else None


def read_made(path: Path) -> Picture:
    """The picture in a file of ours, as it was made; its id is new. Raises InvalidRequest for any other file."""
    from ecomgen.services.records import Picture

    label = read_label(path) or {}
    kinds: dict[str, tuple[Any, Any]] = {  # by field: its type, and what stands for a field that is left out
        "prompt": (str, None),
        "attributes": (dict, None),
        "seed": (int, None),
        "psi": (int | float, None),
        "model": (str, None),
        "model_hash": (str, None),
        "variation": (int | float, 0.0),
        "variation_seed": (int, 0),
        "latent": (str, ""),
        "origin": (str, ""),
    }
    told = {name: label.get(name, otherwise) for name, (_, otherwise) in kinds.items()}
    good = all(isinstance(told[name], kind) for name, (kind, _) in kinds.items())
    if not good or not all(isinstance(v, str | None) for v in told["attributes"].values()):
        raise InvalidRequest(f"“{path.name}” is not a picture that ecomgen made.")
    if not (0 <= told["psi"] <= 1 and 0 <= told["variation"] <= 1):
        raise InvalidRequest(f"“{path.name}” is not a picture that ecomgen made.")
    if not all(0 <= told[name] < 2**63 for name in ("seed", "variation_seed")):
        raise InvalidRequest(f"“{path.name}” is not a picture that ecomgen made.")
    return Picture(id=uuid.uuid4().hex, image=Image.new("RGB", (1, 1)), **told)


def prune(folder: Path, keep: int, spared: Container[str]) -> int:
    """Delete the oldest picture files of `folder` beyond `keep`; stems in `spared` do not count.

    Returns how many were deleted. What cannot be deleted is left for the next time.
    """
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                stem, suffix = os.path.splitext(entry.name)
                if suffix in SUFFIXES.values() and stem not in spared:
                    found.append((entry.stat().st_mtime_ns, entry.path))
    except OSError:
        return 0
    deleted = 0
    for _, path in sorted(found, reverse=True)[keep:]:
        try:
            os.unlink(path)
            deleted += 1
        except OSError:
            continue
    return deleted


def _xmp(picture_id: str) -> str:
    aigc = {
        "Label": "1",
        "ContentProducer": _PRODUCER,
        "ProduceID": picture_id,
        "ReservedCode1": "",
        "ContentPropagator": _PRODUCER,
        "PropagateID": picture_id,
        "ReservedCode2": "",
    }
    return _XMP.format(producer=_PRODUCER, aigc=escape(json.dumps(aigc)))


def replace_file(target: Path, content: bytes) -> None:
    """Write a file so that a reader sees the whole of it or nothing."""
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)  # mkstemp makes it private; the shop's other programs read it too
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
