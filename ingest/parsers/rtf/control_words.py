"""The control words of RTF 1.9 that matter for text. Data only."""

CHARACTER_SETS = {
    0: "cp1252",
    2: "cp1252",
    77: "mac_roman",
    128: "cp932",
    129: "cp949",
    130: "johab",
    134: "cp936",
    136: "cp950",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
    254: "cp437",
    255: "cp850",
}
"""The code page of a font's `fcharset`."""

CHARACTERS = {
    "tab": "\t",
    "line": "\n",
    "lbr": "\n",
    "emdash": "\u2014",
    "endash": "\u2013",
    "lquote": "\u2018",
    "rquote": "\u2019",
    "ldblquote": "\u201c",
    "rdblquote": "\u201d",
    "bullet": "\u2022",
    "emspace": "\u2003",
    "enspace": "\u2002",
    "~": "\u00a0",
    "_": "-",
    "zwj": "\u200d",
    "zwnj": "\u200c",
    "\\": "\\",
    "{": "{",
    "}": "}",
    "nestcell": " ",
    "nestrow": "; ",
}
PARAGRAPH_ENDS = frozenset({"par", "sect", "page", "\n", "\r"})

_SKIPPED = (
    "xe tc tcn filetbl nonesttables nonshppict datafield objdata objclass bkmkstart "
    "bkmkend atnid atnref atntime atndate atnparent private template comment operator creatim revtim "
    "printim buptim doccomm keywords subject author manager company category hlinkbase ftnsep ftnsepc ftncn aftnsep "
    "aftnsepc aftncn"
)
SKIPPED_DESTINATIONS = frozenset(_SKIPPED.split())
"""Destinations without visible text."""

_READ = (
    "shpinst shptxt annotation footnote fldrslt listtext pntext shprslt shppict picprop fldinst formfield atnauthor "
    "revtbl"
)
READ_IGNORABLE_DESTINATIONS = frozenset(_READ.split())
"""Destinations that are marked as ignorable (`\\*`) and have text that matters."""
DESTINATIONS_WITHOUT_TEXT = frozenset({"skip", "fonttbl", "colortbl", "pict", "sp", "formfield", "revtbl", "upr"})
COLLECTED_DESTINATIONS = frozenset({"title", "fldinst", "atnauthor", "sn", "sv"})
"""Destinations whose text is no text of the document, but says something of it."""

NOTES = {
    "footnote": "Footnote: ",
    "annotation": "",
    "shptxt": "",
    **dict.fromkeys(("header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf"), ""),
}
"""Destinations whose text follows the paragraph that they are in, and the label before it."""
