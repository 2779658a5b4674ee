"""An answer in the terminal: its text as it is generated, then its citations."""

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from api.commands.output import messages, results, strip_control_chars, style_status
from rag.types import Answer, AnswerDelta, AnswerEvent, AnswerProgress, AnswerStarted, Citation, Conflict, Quote

QUOTE_CHARS = 240


class AnswerView:
    """Shows an answer while it is generated: its text on `console`, its basis and progress on stderr."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._is_quoted = False

    def show(self, event: AnswerEvent) -> None:
        """Show one event. Findings of an overview are left out if the answer will quote them."""
        if isinstance(event, AnswerStarted):
            self._is_quoted = event.style == "quoted"
            messages().print(Text(f"[{strip_control_chars(event.reason)}]", style="dim"))
            for quote in event.evidence:
                messages().print(Text(f"{strip_control_chars(quote.location)}: {shorten(quote.quote)}", style="dim"))
        elif isinstance(event, AnswerProgress):
            findings = f"\n{strip_control_chars(event.found)}" if event.found and not self._is_quoted else ""
            messages().print(Text(f"[{event.done} of {event.total}] {event.doing}{findings}", style="dim"))
        elif isinstance(event, AnswerDelta):
            self._console.print(Text(strip_control_chars(event.text)), end="")


def print_citations(answer: Answer) -> None:
    """Print the citations of a complete answer, its unsupported sentences and the conflicts between documents."""
    console = results()
    console.print()
    distinct = {(each.number, each.quote, each.verdict): each for each in answer.citations if each.origin != "quote"}
    for citation in distinct.values():
        _show_citation(citation, console)
    quoted = {(each.number, each.quote.location): None for each in answer.citations if each.origin == "quote"}
    for number, location in quoted:  # the answer itself is the quote
        console.print(Text.assemble((f"[{number}] ", "bold cyan"), strip_control_chars(location)))
    for sentence in answer.sentences:
        if sentence.verdict == "unsupported":
            text = shorten(answer.text[sentence.start : sentence.end])
            console.print(Text.assemble("\n", style_status("unsupported"), f"  {text}"))
    for disagreement in answer.disagreements:
        _show_disagreement(disagreement, console)
    if not answer.citations and answer.evidence:
        console.print(Text("\nClosest matches:", style="bold"))
        for quote in answer.evidence:
            console.print(Text(f"- {strip_control_chars(quote.location)}", style="bold"))
            _show_quote(quote, console)


def _show_citation(citation: Citation, console: Console) -> None:
    console.print()
    console.print(
        Text.assemble(
            (f"[{citation.number}] ", "bold cyan"),
            (f"{strip_control_chars(citation.quote.location)}  ", "bold"),
            style_status(citation.verdict),
            (f"  {strip_control_chars('; '.join(citation.reasons))}", "dim"),
        )
    )
    _show_quote(citation.quote, console)


def _show_disagreement(disagreement: Conflict, console: Console) -> None:
    console.print(Text("\nYour documents disagree:", style="bold yellow"))
    for stated in disagreement.values:
        console.print(
            Text.assemble(
                (f"  {strip_control_chars(stated.value)}", "bold"), f"  {strip_control_chars(stated.quote.location)}"
            )
        )
        _show_quote(stated.quote, console)


def _show_quote(quote: Quote, console: Console) -> None:
    text = Text(shorten(quote.quote), style="italic")
    console.print(Padding(text, (0, 0, 0, 4), expand=False), soft_wrap=False)


def shorten(text: str) -> str:
    """Return a quote on one line, cut to QUOTE_CHARS."""
    line = " ".join(strip_control_chars(text).split())
    return line if len(line) <= QUOTE_CHARS else f"{line[:QUOTE_CHARS]}…"
