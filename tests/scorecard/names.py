"""File names that lead elsewhere, or that a system, a header or a page takes for something else."""

import unicodedata
from collections.abc import Iterator

TARGETS = ("etc/passwd", "pincite-was-here.txt", "home/library.db", "x.txt")
DEEP = ("../", "..\\", "%2e%2e%2f", "....//")
LED = (
    *("/{}", "//{}", "C:\\{}", "\\\\host\\{}", "file:///{}", "~/{}", "./{}", "a/../../{}"),
    *("%00{}", "{}%00.pdf", "{}\x00.pdf"),
)
CONTROLS = (*range(1, 32), 127, 0x85, 0x2028, 0x202E, 0x2066, 0x200B, 0xFEFF, 0xE0041)
RESERVED = (
    *("CON", "PRN", "AUX", "NUL", "COM1", "LPT1", "CLOCK$", ".", "..", "...", "~", "-rf", "*", "?", "|", "$HOME"),
    *("library.db", "server.lock", "files", "index"),
)
TWINS = ("Ångström.txt", "é.txt", "ﬁ.txt", "ﷺ.txt", "한글.txt")
LENGTHS = (199, 200, 201, 255, 256, 1_000, 4_096)
SPOKEN = (
    *("a\r\nX-Evil: 1.txt", 'a"; filename="b.txt', "a;b.txt", "<script>.txt", "{{7*7}}.txt", "' OR 1=1 --.txt"),
    *(" ", "", "\t", " a.txt ", "a.txt.", "a.txt ", "a..txt"),
)


def hostile() -> Iterator[str]:
    """Yield about 300 names; some are the same."""
    for target in TARGETS:
        for depth in range(1, 9):
            yield from (step * depth + target for step in DEEP)
        yield from (form.format(target) for form in LED)
    yield from (f"a{chr(code)}b.txt" for code in CONTROLS)
    for word in RESERVED:
        yield from (word, f"{word}.txt")
    for name in TWINS:
        yield from (unicodedata.normalize(form, name) for form in ("NFC", "NFD", "NFKC", "NFKD"))
    for length in LENGTHS:
        yield from ("x" * length + ".txt", "ü" * length + ".txt")
    yield from SPOKEN
    yield from ("a/" * number + f"b{number}.txt" for number in range(1, 41))
