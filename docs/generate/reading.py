"""What of each format is read, flagged and not read: judged once against independent readers (`tests/differential`)."""

from dataclasses import dataclass

from ingest.parsers.format_signatures import Format


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a person sees in files of some formats and what becomes of it."""

    formats: tuple[Format, ...]
    read: str
    flagged: str
    not_read: str


COVERAGE = (
    Coverage(
        (Format.PDF,),
        "text in reading order with the box of every word, tables with clear columns, powers and indices of digits, "
        "form fields, typewriter text, embedded files, scans by OCR",
        "struck-out text, notes and remarks, text that is white, transparent, invisible, covered, tiny, off the "
        "page or in a layer that is off, XFA forms, pages without usable text, recognition that is unsure",
        "pictures and drawings beside text; that letters are raised",
    ),
    Coverage(
        (Format.DOCX,),
        "headings and list items with their numbers, tables with merged cells, headers and footers, footnotes and "
        "endnotes, text boxes, formulas, charts, SmartArt, alternative texts",
        "struck-out, deleted, moved-away, hidden and tiny text, text of the colour of its background, comments with "
        "their author, damaged parts",
        "embedded objects, pictures, page numbers, marks of notes",
    ),
    Coverage(
        (Format.PPTX,),
        "shapes in reading order, numbered lists, tables with merged cells, formulas, charts, SmartArt, alternative "
        "texts, speaker notes",
        "hidden slides and shapes, tiny text, text of the colour of its background or off the slide, struck-out text, "
        "comments, slides that are pictures alone",
        "slide numbers, text of layouts and masters, animations, embedded objects",
    ),
    Coverage(
        (Format.XLSX,),
        "cells as shown, merged cells in each row, header paths, text boxes, SmartArt, titles of charts, chart sheets",
        "hidden sheets, rows and columns, tiny text, text of the colour of its cell, struck-out text, comments, "
        "formulas that were computed here or not at all, damaged and missing parts",
        "headers and footers of the print, lists of choices, conditional formats, pivot caches, pictures",
    ),
    Coverage(
        (Format.ODT,),
        "headings and list items with their numbers, tables with merged cells, headers and footers, notes, text boxes, "
        "formulas, charts, alternative texts",
        "struck-out, deleted, hidden and tiny text, text of the colour of its background, comments with their author, "
        "damaged parts",
        "embedded sheets and drawings, pictures, marks of notes",
    ),
    Coverage(
        (Format.ODS,),
        "cells as shown, merged cells in each row, header paths, text of shapes, titles of charts",
        "hidden sheets, rows and columns, tiny text, text of the colour of its cell, struck-out text, comments, "
        "formulas without a result, damaged parts",
        "headers and footers of the print, lists of choices, pictures",
    ),
    Coverage(
        (Format.ODP,),
        "shapes in reading order, numbered lists, tables, formulas, charts, alternative texts, speaker notes",
        "hidden slides and shapes, hidden and tiny text, text of the colour of its background or off the slide, "
        "struck-out text, comments, slides that are pictures alone",
        "text of masters, animations, embedded sheets",
    ),
    Coverage(
        (Format.RTF,),
        "text in any code page, headings, list items with their numbers, tables with merged cells, notes, headers and "
        "footers, text boxes, alternative texts",
        "struck-out, deleted, hidden and tiny text, text of the colour of its background, comments with their author, "
        "a file that is cut short",
        "pictures, embedded objects, formulas as pictures",
    ),
    Coverage(
        (Format.HTML,),
        "the visible text, lists with their numbers, tables with merged cells, formulas (MathML), values of form "
        "fields and menus, alternative texts, text in SVG and shadow roots, text that style sheets add, closed details",
        "struck-out and deleted text, what attributes or style sheets in the file hide: not displayed, transparent, "
        "tiny, off the page, of the colour of its background",
        "menus and navigation beside text, scripts and what they would add, comments in the source, frames",
    ),
    Coverage(
        (Format.EPUB,),
        "chapters in the order of the book with the titles of its contents, all that HTML pages show",
        "struck-out and hidden text, damaged chapters",
        "pictures, scripts, fonts and DRM",
    ),
    Coverage(
        (Format.EML, Format.MBOX),
        "sender, date, subject, the richer of plain text and HTML and what only the other says, attachments 3 deep",
        "quoted text with its author, what HTML hides, attachments that cannot be read",
        "attachments deeper than that",
    ),
    Coverage(
        (Format.DELIMITED,),
        "every row under the header, in any encoding and with any of the usual delimiters",
        "an encoding that was guessed",
        "",
    ),
    Coverage(
        (Format.NOTEBOOK,),
        "text as rendered, code, outputs: text, tables in HTML, Markdown, errors",
        "",
        "pictures, widgets, metadata",
    ),
    Coverage(
        (Format.MARKDOWN,),
        "the rendered text, headings, lists with their numbers, tables, code, HTML inside, front matter, TeX formulas",
        "struck-out text, what HTML inside hides",
        "",
    ),
)


def render_table() -> str:
    """Return the table in Markdown."""
    rows = [
        f"| {', '.join(format_.value for format_ in row.formats)} | {row.read} | {row.flagged} | {row.not_read} |"
        for row in COVERAGE
    ]
    return "\n".join(["| format | read | read and flagged | not read |", "| --- | --- | --- | --- |", *rows])
