"""An answer in the terminal: its text as it is generated, then its citations."""

from collections.abc import Mapping

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from api.backends.types import BackendEvent, CompleteAnswer, TextDelta
from api.commands.output import messages, results, strip_control_chars, style_status
from api.wire.answers import AnswerBasis, ProgressDetails
from api.wire.citations import CitationObject, DisagreementObject, QuoteObject, StatedValueObject
from rag.types import DatingBasis

QUOTE_CHARS = 240
DATING_NAMES: Mapping[DatingBasis, str] = {
    "message": "message of",
    "section": "section of",
    "document": "document of",
}
"""What dates a statement, before the date."""


class AnswerView:
    """Shows an answer while it is generated: its text on `console`, its basis and progress on stderr."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._is_quoted = False

    def show(self, event: BackendEvent) -> None:
        """Show one event. Findings of an overview are left out if the answer will quote them."""
        if isinstance(event, AnswerBasis):
            self._is_quoted = event.style == "quoted"
            messages().print(Text(f"[{strip_control_chars(event.reason)}]", style="dim"))
            for quote in event.evidence:
                messages().print(Text(f"{_location(quote)}: {shorten(quote.quote)}", style="dim"))
        elif isinstance(event, ProgressDetails):
            findings = f"\n{strip_control_chars(event.found)}" if event.found and not self._is_quoted else ""
            messages().print(Text(f"[{event.done} of {event.total}] {event.doing}{findings}", style="dim"))
        elif isinstance(event, TextDelta):
            self._console.print(Text(strip_control_chars(event.text)), end="")


def print_citations(answer: CompleteAnswer) -> None:
    """Print the citations of a complete answer, its unsupported sentences and the conflicts between documents."""
    console = results()
    console.print()
    distinct = {
        (citation.number, citation.file_id, citation.start, citation.end, citation.verdict): citation
        for citation in answer.citations
        if citation.origin != "quote"
    }
    for citation in distinct.values():
        _show_citation(citation, console)
    quoted = {
        (citation.number, _location(citation), _describe_notes(citation)): None
        for citation in answer.citations
        if citation.origin == "quote"
    }
    for number, location, note in quoted:  # the answer itself is the quote
        console.print(Text.assemble((f"[{number}] ", "bold cyan"), location, (note, "bold yellow")))
    _show_answer_verdict(answer, console)
    for sentence in answer.check.sentences:
        if sentence.verdict == "unsupported":
            text = shorten(answer.text[sentence.start : sentence.end])
            console.print(Text.assemble("\n", style_status("unsupported"), f"  {text}"))
    for disagreement in answer.check.disagreements:
        _show_disagreement(disagreement, console)
    if not answer.citations and answer.check.evidence:
        console.print(Text("\nClosest matches:", style="bold"))
        for quote in answer.check.evidence:
            hidden = f"  [hidden: {quote.hidden}]" if quote.hidden else ""
            console.print(Text.assemble((f"- {_location(quote)}", "bold"), (hidden, "bold yellow")))
            _show_quote(quote.quote, console)


def _show_answer_verdict(answer: CompleteAnswer, console: Console) -> None:
    """Say whether a quoted answer answers; an answer without quotes says so itself."""
    verdict = answer.check.answer_verdict
    if answer.citations and verdict is not None:
        console.print(Text(f"\n{verdict} the question", style="green" if verdict == "answers" else "yellow"))


def _show_citation(citation: CitationObject, console: Console) -> None:
    console.print()
    console.print(
        Text.assemble(
            (f"[{citation.number}] ", "bold cyan"),
            (f"{_location(citation)}  ", "bold"),
            style_status(citation.verdict),
            (f"  {strip_control_chars('; '.join(citation.reasons))}", "dim"),
            (_describe_notes(citation), "bold yellow"),
        )
    )
    _show_quote(citation.quote, console)
    if citation.superseded_by is not None:
        later = citation.superseded_by.quote
        console.print(Text(f"    superseded by {_location(later)}:", style="bold yellow"))
        _show_quote(later.quote, console)


def _describe_notes(citation: CitationObject) -> str:
    """Return that a quote is hidden in its document or gives orders to the model; empty for any other."""
    notes = [f"[hidden: {citation.hidden}]" if citation.hidden else ""]
    notes += ["addresses the model" if citation.addresses_model else ""]
    return "".join(f"  {note}" for note in notes if note)


def _show_disagreement(disagreement: DisagreementObject, console: Console) -> None:
    is_settled = any(stated.is_superseded for stated in disagreement.values)
    title = "A later statement replaces an earlier one:" if is_settled else "Your documents disagree:"
    console.print(Text(f"\n{title}", style="bold yellow"))
    for stated in disagreement.values:
        value = (f"  {strip_control_chars(stated.value)}", "bold")
        console.print(Text.assemble(value, f"  {_location(stated.quote)}", (_describe_stated(stated), "dim")))
        _show_quote(stated.quote.quote, console)


def _describe_stated(stated: StatedValueObject) -> str:
    """Return in words when a value was stated, and whether it is superseded; empty if neither is known."""
    dated = f"{DATING_NAMES[stated.dating.basis]} {stated.dating.day}" if stated.dating else ""
    notes = [note for note in ("superseded" if stated.is_superseded else "", dated) if note]
    return f"  ({', '.join(notes)})" if notes else ""


def _show_quote(quote: str, console: Console) -> None:
    text = Text(shorten(quote), style="italic")
    console.print(Padding(text, (0, 0, 0, 4), expand=False), soft_wrap=False)


def _location(pin: QuoteObject | CitationObject) -> str:
    """Return the file and the page, in words."""
    return strip_control_chars(f"{pin.filename}, {pin.place}" if pin.place else pin.filename)


def shorten(text: str) -> str:
    """Return a quote on one line, cut to QUOTE_CHARS."""
    line = " ".join(strip_control_chars(text).split())
    return line if len(line) <= QUOTE_CHARS else f"{line[:QUOTE_CHARS]}…"
