"""An answer in the terminal: its words as they come, then what each sentence is pinned to."""

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from api.commands.output import messages, printable, results, styled
from rag.types import Answer, AnswerDelta, AnswerEvent, AnswerProgress, AnswerStarted, Citation, Conflict, Quote

QUOTE_CHARS = 240


class AnswerView:
    """Shows an answer while it is made: its words on `console`, what it is made from beside them."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._is_quoted = False

    def show(self, event: AnswerEvent) -> None:
        """Show what has come. What an overview finds on its way is left out where the answer will quote it."""
        if isinstance(event, AnswerStarted):
            self._is_quoted = event.style == "quoted"
            messages().print(Text(f"[{printable(event.reason)}]", style="dim"))
            for quote in event.evidence:
                messages().print(Text(f"{printable(quote.location)}: {shortened(quote.quote)}", style="dim"))
        elif isinstance(event, AnswerProgress):
            found = f"\n{printable(event.found)}" if event.found and not self._is_quoted else ""
            messages().print(Text(f"[{event.done} of {event.total}] {event.doing}{found}", style="dim"))
        elif isinstance(event, AnswerDelta):
            self._console.print(Text(printable(event.text)), end="")


def show_pins(answer: Answer) -> None:
    """Show the sources of a finished answer, what is not supported, and what the documents disagree about."""
    console = results()
    console.print()
    written = {(each.number, each.quote, each.verdict): each for each in answer.citations if each.origin != "quote"}
    for citation in written.values():
        _show_citation(citation, console)
    quoted = {(each.number, each.quote.location): None for each in answer.citations if each.origin == "quote"}
    for number, where in quoted:  # their words are the answer's
        console.print(Text.assemble((f"[{number}] ", "bold cyan"), printable(where)))
    for sentence in answer.sentences:
        if sentence.verdict == "unsupported":
            said = shortened(answer.text[sentence.start : sentence.end])
            console.print(Text.assemble("\n", styled("unsupported"), f"  {said}"))
    for disagreement in answer.disagreements:
        _show_disagreement(disagreement, console)
    if not answer.citations and answer.evidence:
        console.print(Text("\nNo sentence could be pinned. The nearest places in the documents:", style="bold"))
        for quote in answer.evidence:
            console.print(Text(f"- {printable(quote.location)}", style="bold"))
            _show_quote(quote, console)


def _show_citation(citation: Citation, console: Console) -> None:
    console.print()
    console.print(
        Text.assemble(
            (f"[{citation.number}] ", "bold cyan"),
            (f"{printable(citation.quote.location)}  ", "bold"),
            styled(citation.verdict),
            (f"  {printable('; '.join(citation.reasons))}", "dim"),
        )
    )
    _show_quote(citation.quote, console)


def _show_disagreement(disagreement: Conflict, console: Console) -> None:
    console.print(Text("\nYour documents disagree:", style="bold yellow"))
    for stated in disagreement.values:
        console.print(Text.assemble((f"  {printable(stated.value)}", "bold"), f"  {printable(stated.quote.location)}"))
        _show_quote(stated.quote, console)


def _show_quote(quote: Quote, console: Console) -> None:
    text = Text(shortened(quote.quote), style="italic")
    console.print(Padding(text, (0, 0, 0, 4), expand=False), soft_wrap=False)


def shortened(text: str) -> str:
    """Return a quote on one line, cut where it is too long to show."""
    line = " ".join(printable(text).split())
    return line if len(line) <= QUOTE_CHARS else f"{line[:QUOTE_CHARS]}…"
