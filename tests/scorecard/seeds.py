"""Small sound files of every format, and what chance makes of them."""

import csv
import io
import json
import mailbox
import random
import zipfile
from collections.abc import Callable, Iterator, Sequence
from email.message import EmailMessage
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
from PIL import Image, ImageDraw

from tests.files import write_docx, write_pdf, write_table_pdf
from tests.office_files import write_epub, write_opendocument, write_presentation, write_workbook

WORDS = ("pump", "valve", "oil", "harbour", "Ölstand", "3,500 kg", "2026-03-01", "α ≤ β", "報告")
SEEDS_EACH = 20
Maker = Callable[[Path, int], object]


def sentences(number: int, count: int = 6) -> list[str]:
    """Return lines that differ from one number to the next."""
    dice = random.Random(number)
    return [f"Line {line}: the {dice.choice(WORDS)} has {dice.randrange(10_000)} parts." for line in range(count)]


def _html(path: Path, number: int) -> None:
    rows = "".join(f"<tr><td>{line}</td><td>{number}</td></tr>" for line in sentences(number, 3))
    path.write_text(f"<html><head><title>T{number}</title></head><body><h1>H</h1><table>{rows}</table><p>x<b>y</b></p>")


def _mail(number: int) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.org", "b@example.org", f"Übergabe {number}"
    mail.set_content("\n".join(sentences(number)))
    mail.add_attachment(b"a;b\n1;2\n", maintype="text", subtype="csv", filename="t.csv")
    return mail


def _mbox(path: Path, number: int) -> None:
    box = mailbox.mbox(path)
    for each in range(2):
        box.add(_mail(number + each))
    box.close()


def _rtf(path: Path, number: int) -> None:
    body = r"\par ".join(line.encode("ascii", "ignore").decode() for line in sentences(number))
    path.write_text(r"{\rtf1\ansi{\fonttbl{\f0 Arial;}}\f0\b Title\b0\par " + body + r"\trowd\cellx900 a\cell\row}")


def _csv(path: Path, number: int) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter=";").writerows([["name", "count"], *([line, number] for line in sentences(number))])


def _parquet(path: Path, number: int) -> None:
    pyarrow.parquet.write_table(pa.table({"text": sentences(number), "n": list(range(6))}), path)


def _picture(path: Path, number: int) -> None:
    picture = Image.new("RGB", (220, 60), "white")
    ImageDraw.Draw(picture).text((8, 20), f"The pump has {number} parts", fill="black")
    picture.save(path)


def _opendocument(path: Path, number: int) -> None:
    lines = [line.replace("&", "") for line in sentences(number)]
    text = "".join(f"<text:p>{line}</text:p>" for line in lines)
    rows = "".join(
        f"<table:table-row><table:table-cell>{part}</table:table-cell></table:table-row>" for part in _paras(lines)
    )
    frame = f"<draw:frame><draw:text-box>{text}</draw:text-box></draw:frame>"
    kinds = {
        ".odt": ("text", text),
        ".ods": ("spreadsheet", f'<table:table table:name="S">{rows}</table:table>'),
        ".odp": ("presentation", f'<draw:page draw:name="p">{frame}</draw:page>'),
    }
    kind, body = kinds[path.suffix]
    write_opendocument(path, kind, body)


def _paras(lines: Sequence[str]) -> list[str]:
    return [f"<text:p>{line}</text:p>" for line in lines]


MAKERS: dict[str, Maker] = {
    "pdf": lambda path, number: write_pdf(path, sentences(number), title=f"T{number}"),
    "table.pdf": lambda path, number: write_table_pdf(path, [[line, str(number)] for line in sentences(number)]),
    "docx": lambda path, number: write_docx(path),
    "pptx": lambda path, number: write_presentation(path),
    "xlsx": lambda path, number: write_workbook(
        path, {"S": [["a", "b"], *([line, number] for line in sentences(number))]}
    ),
    "odt": _opendocument,
    "ods": _opendocument,
    "odp": _opendocument,
    "epub": lambda path, number: write_epub(path, {"c1.xhtml": f"<body><p>{sentences(number)[0]}</p></body>"}, ""),
    "html": _html,
    "md": lambda path, number: path.write_text(
        "# H\n\n- " + "\n- ".join(sentences(number)) + "\n\n| a |\n| - |\n| b |\n"
    ),
    "rtf": _rtf,
    "eml": lambda path, number: path.write_bytes(bytes(_mail(number))),
    "mbox": _mbox,
    "csv": _csv,
    "json": lambda path, number: path.write_text(json.dumps({"n": number, "list": sentences(number)})),
    "jsonl": lambda path, number: path.write_text("\n".join(json.dumps({"t": t}) for t in sentences(number))),
    "parquet": _parquet,
    "py": lambda path, number: path.write_text(f"def f{number}(x):\n    '''{sentences(number)[0]}'''\n    return x\n"),
    "png": _picture,
    "jpg": _picture,
    "txt": lambda path, number: path.write_text("\n".join(sentences(number)), "utf-16"),
}


def make_seeds(folder: Path, count: int = SEEDS_EACH) -> dict[str, list[bytes]]:
    """Return so many sound files of every format."""
    folder.mkdir(parents=True, exist_ok=True)
    seeds: dict[str, list[bytes]] = {}
    for suffix, make in MAKERS.items():
        bodies = []
        for number in range(count):
            path = folder / f"{number}.{suffix}"
            make(path, number)
            bodies.append(path.read_bytes())
        seeds.setdefault(suffix.rsplit(".", 1)[-1], []).extend(bodies)
    return seeds


def mutants(seeds: Sequence[bytes], count: int, dice: random.Random) -> Iterator[bytes]:
    """Yield so many damaged copies. Of a container, every other one is sound outside and damaged in a member."""
    for number in range(count):
        body = seeds[number % len(seeds)]
        if body.startswith(b"PK") and number % 2:
            yield _in_a_member(body, dice)
        else:
            yield mutate(body, dice)


def mutate(body: bytes, dice: random.Random) -> bytes:
    """Flip, cut, repeat, swap or splice; some a little, some a lot."""
    changed = body or b"\0"
    for _ in range(dice.choice((1, 1, 2, 5, 30))):
        changed = dice.choice(CHANGES)(changed, dice.randrange(len(changed)), dice) or b"\0"
    return changed


def _flip(body: bytes, at: int, dice: random.Random) -> bytes:
    return body[:at] + bytes([body[at] ^ 1 << dice.randrange(8)]) + body[at + 1 :]


def _overwrite(body: bytes, at: int, dice: random.Random) -> bytes:
    return body[:at] + dice.randbytes(dice.randrange(1, 9)) + body[at + dice.randrange(1, 9) :]


def _drop(body: bytes, at: int, dice: random.Random) -> bytes:
    return body[:at] + body[at + dice.randrange(1, max(2, len(body) // 4)) :]


def _repeat(body: bytes, at: int, dice: random.Random) -> bytes:
    return body[:at] + body[at : at + dice.randrange(1, 200)] * dice.randrange(1, 8) + body[at:]


def _insert(body: bytes, at: int, dice: random.Random) -> bytes:
    return body[:at] + dice.choice((b"\0", b"\xff" * 4, b"-1", b"9" * 12, b"<", b"%", b"(", b"\\", b"\r\n")) + body[at:]


def _cut(body: bytes, at: int, dice: random.Random) -> bytes:
    return body[:at]


def _move(body: bytes, at: int, dice: random.Random) -> bytes:
    rest, to = body[:at] + body[at + 16 :], dice.randrange(len(body))
    return rest[:to] + body[at : at + 16] + rest[to:]


CHANGES = (_flip, _overwrite, _drop, _repeat, _insert, _cut, _move)


def _in_a_member(body: bytes, dice: random.Random) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        names = source.namelist()
        hurt = set(dice.sample(names, min(2, len(names))))
        for name in names:
            content = source.read(name)
            target.writestr(name, mutate(content, dice) if name in hurt else content)
    return out.getvalue()
