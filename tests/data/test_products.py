import os
import pickle
import struct
import subprocess
import sys
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from drawing import draw_product, photo_bytes, write_files, write_product_set
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecomgen.data.products import Limits, read_products
from ecomgen.errors import DataError
from ecomgen.schema import default_schema

PHOTO = photo_bytes(draw_product("handbags", "red", (24, 32)))
SHARED = Path(os.environ.get("ECOMGEN_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))


def read(path, files, **limits):
    return read_products(write_files(path, files), limits=Limits(**limits))


def values(found, attribute):
    return {p.name: p.attributes[attribute] for p in found.products}


def reasons(found):
    return {r.name: r.reason for r in found.refused}


def table(*lines, header="file_name,category"):
    return "\n".join((header, *lines)).encode()


# What a set says


@pytest.mark.parametrize("metadata", ["csv", "jsonl", ""])
@pytest.mark.parametrize("name", ["set", "set.zip"])
def test_conventions(tmp_path, name, metadata):
    found = read_products(write_product_set(tmp_path / name, 9, metadata=metadata))
    assert len(found) == 9
    assert not found.refused
    assert found.counts("category") == {"casual shoes": 3, "handbags": 3, "watches": 3}
    assert found.counts("colour") == ({"red": 3, "blue": 3, "green": 3} if metadata else {})
    assert found.counts("pattern") == ({"solid": 9} if metadata else {})  # from the titles
    assert found.schema == default_schema()
    first = found.products[0]
    assert set(first.attributes) == set(found.schema.names)
    assert first.image().mode == "RGB"
    assert first.image().size == (60, 80)
    assert first.side() == 80
    assert first.split == "train"
    assert first.title == ("Solid red casual shoes" if metadata else "")


def test_class_folders_and_splits(tmp_path):
    names = ["train/shoes/1.jpg", "train/Running_Shoes/2.jpg", "validation/shoes/3.jpg", "test/shoes/4.jpg"]
    found = read(tmp_path / "set.zip", dict.fromkeys(names, PHOTO))
    assert {p.name: p.split for p in found.products} == dict(
        zip(names, ("train", "train", "val", "test"), strict=True)
    )
    categories = values(found, "category")
    assert categories["train/Running_Shoes/2.jpg"] == "sports shoes"  # a synonym that the schema knows
    shoes = categories["train/shoes/1.jpg"]
    assert shoes is not None
    assert found.schema["category"].find("shoes").name == shoes


@pytest.mark.parametrize("prefix", ["", "myset/", "a/b/"])
def test_wrapping_folders_mean_nothing(tmp_path, prefix):
    files = {f"{prefix}train/gizmo/1.jpg": PHOTO, f"{prefix}test/gadget/1.jpg": PHOTO}
    found = read(tmp_path / "set.zip", files)
    assert [(p.split, p.attributes["category"]) for p in found.products] == [
        ("test", "gadget"),
        ("train", "gizmo"),
    ]
    files = {f"{prefix}metadata.csv": table("images/1.jpg,belt"), f"{prefix}images/1.jpg": PHOTO}
    assert [*values(read(tmp_path / "flat.zip", files), "category").values()] == ["belts"]


def test_one_folder_of_photos_is_a_class_only_if_the_schema_knows_it(tmp_path):
    assert values(read(tmp_path / "a.zip", {"my upload/1.jpg": PHOTO}), "category") == {
        "my upload/1.jpg": None
    }
    assert values(read(tmp_path / "b.zip", {"backpack/1.jpg": PHOTO}), "category") == {
        "backpack/1.jpg": "backpacks"
    }


def test_metadata_beside_each_split(tmp_path):
    files = {f"{split}/1.jpg": PHOTO for split in ("train", "val")}
    files |= {
        "train/metadata.csv": table("1.jpg,wallet"),
        "val/metadata.jsonl": b'{"file_name": "1.jpg", "category": "tie"}',
    }
    found = read(tmp_path / "set", files)
    assert [(p.split, p.attributes["category"]) for p in found.products] == [
        ("train", "wallets"),
        ("val", "ties"),
    ]


def test_titles_give_what_columns_leave_out(tmp_path):
    lines = [
        "1.jpg,Acme Men Striped Faux-Leather Belt,",
        "2.jpg,Women's blueprinted scarf,",  # "printed" and "men" are parts of words here
        "3.jpg,女款碎花真皮手提包,",
        "4.jpg,Acme Men Striped Belt,silk",
        "5.jpg,Acme Non-Leather Solid Belt,",
    ]
    files = {f"{i}.jpg": PHOTO for i in range(1, 6)}
    files["metadata.csv"] = table(*lines, header="file_name,title,material")
    found = read(tmp_path / "set.zip", files)
    got = [tuple(p.attributes[a] for a in ("pattern", "material", "audience")) for p in found.products]
    assert got == [
        ("striped", "faux leather", "men"),
        (None, None, "women"),
        ("floral", "leather", "women"),
        ("striped", "silk", "men"),
        ("solid", None, None),
    ]
    assert not any(found.counts("category"))  # categories are not guessed from titles


def test_new_values_and_new_attributes(tmp_path):
    header = "file_name,articleType,heel_height,brand,sub_category,price,sku,maker_name,year"
    lines = [
        f"{i}.jpg,{('Hoodie', 'Yoga mat')[i % 2]},{('high', 'low')[i % 2]},Acme,x{i % 2},{i}.99,K{i},"
        f"{('Nike', 'Acme')[i % 2]},{2010 + i % 2}"
        for i in range(8)
    ]
    files = {f"{i}.jpg": PHOTO for i in range(8)} | {"metadata.csv": table(*lines, header=header)}
    found = read(tmp_path / "set.zip", files)
    assert found.schema.names == (*default_schema().names, "heel height")
    assert found.counts("category") == {"sweatshirts": 4, "yoga mat": 4}
    assert found.counts("heel height") == {"high": 4, "low": 4}
    assert not found.counts("price")
    assert {v.name for v in found.schema["category"].values} - {
        v.name for v in default_schema()["category"].values
    } == {"yoga mat"}


def test_no_trademark_becomes_a_value(tmp_path):
    lines = ["1.jpg,Nike shoes,Gucci red", "2.jpg,耐克鞋,red", "3.jpg,belts,red"]
    files = {f"{i}.jpg": PHOTO for i in (1, 2, 3)}
    files["metadata.csv"] = table(*lines, header="file_name,category,colour")
    found = read(tmp_path / "set.zip", files)
    assert [*values(found, "category").values()] == [None, None, "belts"]
    assert not any(found.schema.has_trademark(v.name) for attribute in found.schema for v in attribute.values)
    assert found.schema == default_schema()


def test_rare_values_extend_no_schema_of_a_large_set(tmp_path):
    new = dict.fromkeys(range(3), "gizmo") | dict.fromkeys(range(3, 5), "gadget")
    files = {f"{i}.jpg": PHOTO for i in range(1002)}
    files["metadata.csv"] = table(*(f"{i}.jpg,{new.get(i, 'belt')}" for i in range(1002)))
    assert read(tmp_path / "set.zip", files).counts("category") == {"belts": 997, "gizmo": 3}


def test_metadata_as_people_write_it(tmp_path):
    files = {"1.jpg": PHOTO, "图 2.jpg": PHOTO}
    text = '\ufefffile_name;Category\r\n./1.jpg;钱包\r\n图 2.jpg;"belt"\r\n'
    for i, encoding in enumerate(("utf-8", "utf-16", "gb18030")):
        metadata = text.removeprefix("\ufeff") if encoding != "utf-8" else text
        found = read(tmp_path / f"{i}.zip", files | {"metadata.csv": metadata.encode(encoding)})
        assert values(found, "category") == {"1.jpg": "wallets", "图 2.jpg": "belts"}
        assert not found.refused


def test_what_computers_leave_behind_is_passed_over(tmp_path):
    clutter = ("__MACOSX/._1.jpg", ".DS_Store", "a/.DS_Store", "Thumbs.db", ".git/x.jpg")
    for name in ("set", "set.zip"):
        found = read(tmp_path / name, {"a/1.jpg": PHOTO} | dict.fromkeys(clutter, b"x"))
        assert [p.name for p in found.products] == ["a/1.jpg"]
        assert not found.refused


def test_chinese_names_of_old_zips(tmp_path):
    path = write_files(tmp_path / "set.zip", {"abcd/1.jpg": PHOTO, "belt/1.jpg": PHOTO})
    path.write_bytes(path.read_bytes().replace(b"abcd/", "钱包/".encode("gbk")))
    assert [*values(read_products(path), "category").values()] == ["belts", "wallets"]


def test_products_are_read_in_threads_and_processes(product_zip):
    products = read_products(product_zip).products
    alone = [p.image().tobytes() for p in products]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda p: p.image().tobytes(), products * 5)) == alone * 5
    assert [p.image().tobytes() for p in pickle.loads(pickle.dumps(products))] == alone


def test_folder_and_zip_agree(product_folder, product_zip):
    pair = [
        [(p.name, p.attributes, p.title, p.image().tobytes()) for p in read_products(path).products]
        for path in (product_folder, product_zip)
    ]
    assert pair[0] == pair[1]


def test_reading_needs_no_torch():
    check = "import sys, ecomgen.data.products, ecomgen.data.photos; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], cwd=Path(__file__).parents[2]).returncode == 0


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real packs are not here")
def test_a_real_pack():
    found = read_products(SHARED / "clothing-256.zip")
    assert len(found) == 1435
    assert not found.refused
    assert sum(found.counts("category").values()) == 1435
    assert found.counts("category")["dresses"] == 150
    assert found.schema.names == default_schema().names
    assert min(found.products[0].image().size) == 256


# Sets that mean harm, or are broken


def info(name, **fields):
    entry = zipfile.ZipInfo(name)
    for field, value in fields.items():
        setattr(entry, field, value)
    return entry


def png_header(width, height):
    ihdr = b"IHDR" + struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    idat = b"IDAT" + zlib.compress(b"")
    chunks = (struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (ihdr, idat))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


HOSTILE = {
    "traversal": (info("../../evil.jpg"), PHOTO, "outside"),
    "traversal with backslashes": (info("a\\..\\..\\evil.jpg"), PHOTO, "outside"),
    "traversal in clutter": (info("__MACOSX/../../evil.jpg"), PHOTO, "outside"),
    "absolute": (info("/tmp/evil.jpg"), PHOTO, "outside"),
    "drive": (info("C:/evil.jpg"), PHOTO, "outside"),
    "control characters": (info("evil\x1b[31m\n.jpg"), PHOTO, "control"),
    "symlink": (info("evil.jpg", external_attr=0o120777 << 16), b"/etc/passwd", "link"),
    "device": (info("evil.jpg", external_attr=0o020666 << 16), b"", "device"),
    "bomb": (info("evil.png", compress_type=zipfile.ZIP_DEFLATED), bytes(5_000_000), "unpacks to far more"),
    "huge": (info("evil.png"), bytes(3_000_000), "larger than 1 MB"),
    "nested zip": (info("evil.zip"), b"PK\5\6" + bytes(18), "archive inside"),
    "nested tar": (info("evil.tar.gz"), b"", "archive inside"),
    "lzma": (info("evil.jpg", compress_type=zipfile.ZIP_LZMA), PHOTO, "not supported"),
    "duplicate": (info("good.jpg"), PHOTO, "same name"),
    "text as photo": (info("evil.jpg"), b"hello", "not a PNG"),
    "script": (info("evil.py"), b"print(1)", "not a PNG"),
    "SVG as PNG": (info("evil.png"), b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a PNG"),
    "HTML as PNG": (info("evil.png"), b"<html><script>alert(1)</script>", "not a PNG"),
    "SVG": (info("evil.svg"), b"<svg/>", "not a PNG"),
    "empty": (info("evil.jpg"), b"", "not a PNG"),
    "huge pixels": (info("evil.png"), png_header(60_000, 60_000), "20 million pixels"),
    "many pixels": (info("evil.png"), png_header(5_000, 5_000), "20 million pixels"),
    "bad CSV": (info("metadata.csv"), b"a,b\n1,2", "no column file_name"),
    "binary CSV": (info("metadata.csv"), bytes(range(256)), ""),
    "bad JSON": (info("metadata.jsonl"), b'{"file_name": 1\n[1]\n' + b"[" * 100_000, "cannot be read"),
    "long cell": (info("metadata.csv"), b"file_name,title\n" + b"a" * 200_000, "cannot be read"),
    "no such photo": (info("metadata.csv"), b"file_name,title\n/etc/passwd,x", "not in the set"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_entries_are_refused_and_the_rest_is_used(tmp_path, kind):
    entry, content, reason = HOSTILE[kind]
    home = tmp_path / "inner" / "home"
    home.mkdir(parents=True)
    path = home / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("good.jpg", PHOTO)
        archive.writestr(entry, content)
    found = read_products(path, limits=Limits(entry_bytes=2**20, ratio=100))
    assert [p.name for p in found.products] == ["good.jpg"]
    assert found.products[0].image().size == (24, 32)
    assert len(found.refused) == 1
    assert reason in found.refused[0].reason
    assert found.refused[0].reason.endswith(".")
    assert found.refused[0].name.isprintable()
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [path]  # nothing is ever written


def patched(path, marker, offset, value):
    """The zip with `value` written at `offset` from the last `marker`."""
    content = bytearray(path.read_bytes())
    at = content.rindex(marker) + offset
    content[at : at + len(value)] = value
    path.write_bytes(content)
    return path


CENTRAL = b"PK\1\2"


@pytest.mark.parametrize(
    ("offset", "value", "reason"),
    [
        (8, b"\1", "encrypted"),
        (16, b"\0\0\0\0", "does not match"),  # checksum
        (20, struct.pack("<2I", len(PHOTO) - 9, len(PHOTO) - 9), "does not match"),  # both sizes
        (24, struct.pack("<I", 9), "two sizes differ"),
        (20, struct.pack("<2I", 10**6, 10**6), "not where the zip says"),  # beyond the file
        (42, struct.pack("<I", 7), "not where the zip says"),  # local header
        (46, b"x", "not where the zip says"),  # another name than in the local header
        (38, struct.pack("<I", 0o120777 << 16), "link"),
    ],
)
def test_lying_directories(tmp_path, offset, value, reason):
    path = write_files(tmp_path / "set.zip", {"good.jpg": PHOTO, "evil.jpg": PHOTO})
    found = read_products(patched(path, CENTRAL, offset, value))
    assert [p.name for p in found.products] == ["good.jpg"]
    assert reason in found.refused[0].reason


def test_overlapping_entries_are_refused(tmp_path):
    """As in Fifield's bombs: the first entry's bytes hold the second entry, header and all."""
    path = write_files(tmp_path / "set.zip", {"a.jpg": PHOTO, "b.jpg": PHOTO, "c.jpg": PHOTO})
    content = bytearray(path.read_bytes())
    first = content.index(CENTRAL)
    whole = 30 + len("a.jpg") + 2 * len(PHOTO)
    content[first + 20 : first + 28] = struct.pack("<2I", whole, whole)
    path.write_bytes(content)
    found = read_products(path)
    assert [p.name for p in found.products] == ["c.jpg"]
    assert reasons(found) == dict.fromkeys(("a.jpg", "b.jpg"), "It overlaps another file in the zip.")


def test_links_in_folders_are_refused(tmp_path):
    (tmp_path / "secret.jpg").write_bytes(PHOTO)
    folder = write_files(tmp_path / "set", {"good.jpg": PHOTO})
    (folder / "evil.jpg").symlink_to(tmp_path / "secret.jpg")
    (folder / "evil").symlink_to(tmp_path)
    found = read_products(folder)
    assert [p.name for p in found.products] == ["good.jpg"]
    assert {r.name for r in found.refused} == {"evil", "evil.jpg"}


def test_limits_of_a_whole_set(tmp_path):
    files = {f"{i}.jpg": PHOTO for i in range(9)}
    with pytest.raises(DataError, match="more than 8 files"):
        read(tmp_path / "set.zip", files, entries=8)
    with pytest.raises(DataError, match="more than 8 files"):
        read(tmp_path / "set", files, entries=8)
    found = read(tmp_path / "set.zip", files, total_bytes=5 * len(PHOTO))
    assert len(found) == 5
    assert len(found.refused) == 4
    with pytest.raises(DataError, match="over 0 seconds"):
        read(tmp_path / "set.zip", files, seconds=0)


def test_a_directory_that_claims_to_be_huge(tmp_path):
    path = write_files(tmp_path / "set.zip", {"good.jpg": PHOTO})
    path.write_bytes(bytes(10_000_000) + path.read_bytes())
    patched(path, b"PK\5\6", 12, struct.pack("<I", 9_000_000))
    with pytest.raises(DataError):
        read_products(path, limits=Limits(entries=10))


@pytest.mark.parametrize(
    ("name", "content"),
    [("no.zip", None), ("empty.zip", b""), ("text.zip", b"hello"), ("magic.zip", b"PK\3\4" + bytes(50))],
)
def test_what_is_no_set_at_all(tmp_path, name, content):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=name):
        read_products(tmp_path / name)


def test_sets_without_a_usable_photo(tmp_path):
    with pytest.raises(DataError, match="holds no usable photo"):
        read(tmp_path / "set.zip", {"1.jpg": b"no", "readme.txt": b"hi"})
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no usable photo"):
        read_products(tmp_path / "empty")


WHOLE = 3 * (30 + 5 + len(PHOTO)) + 3 * 51 + 22


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.integers(0, WHOLE - 1), st.integers(0, 255)), max_size=6), st.integers(0, WHOLE))
def test_any_damage_is_a_refusal_or_a_data_error(tmp_path, changes, length):
    path = write_files(tmp_path / "set.zip", {"a.jpg": PHOTO, "b.jpg": PHOTO, "c.jpg": PHOTO})
    content = bytearray(path.read_bytes())
    for at, value in changes:
        content[at] = value
    path.write_bytes(content[: length if length % 2 else None])
    try:
        products = read_products(path).products
    except DataError:
        return
    for product in products:  # whatever is kept matches its checksum
        assert product.image().size == (24, 32)


def test_long_names_are_shortened(tmp_path):
    found = read(tmp_path / "set.zip", {"good.jpg": PHOTO, "x" * 5000 + ".jpg": b"no"})
    assert len(found.refused[0].name) <= 80


@pytest.mark.parametrize(
    ("cell", "weight"), [("3", 3), ("0.5", 0.5), ("", 1), ("nan", 1), ("-2", 1), ("inf", 100), ("much", 1)]
)
def test_a_vote_weight_is_a_sane_number(tmp_path, cell, weight):
    files = {
        "a.jpg": PHOTO,
        "b.jpg": PHOTO,
        "metadata.csv": table(f"a.jpg,handbags,{cell}", header="file_name,category,vote weight"),
    }
    found = read(tmp_path / "set", files)
    assert {p.name: p.vote_weight for p in found.products} == {"a.jpg": weight, "b.jpg": 1}
