"""The supported formats, and the signatures (magic numbers, names) that identify them. Data only."""

import re
from enum import StrEnum


class Format(StrEnum):
    """The formats that Pincite reads."""

    PDF = "pdf"
    DOCX = "docx"
    PPTX = "pptx"
    XLSX = "xlsx"
    ODT = "odt"
    ODS = "ods"
    ODP = "odp"
    PROTECTED_OFFICE = "protected office"
    RTF = "rtf"
    EPUB = "epub"
    EML = "eml"
    MBOX = "mbox"
    HTML = "html"
    MARKDOWN = "markdown"
    DELIMITED = "delimited"
    JSON = "json"
    JSON_LINES = "json lines"
    NOTEBOOK = "notebook"
    PARQUET = "parquet"
    CODE = "code"
    IMAGE = "image"
    TEXT = "text"


SUPPORTED = (
    "PDF, Word (DOCX), PowerPoint (PPTX), Excel (XLSX), OpenDocument (ODT, ODS, ODP), RTF, EPUB, e-mail (EML, MBOX), "
    "HTML, Markdown, CSV, TSV, JSON, JSONL, Jupyter notebooks, Parquet, source code, pictures (PNG, JPEG, TIFF, BMP, "
    "WebP, GIF) and plain text"
)

BY_CONTENT = (
    (re.compile(rb"\s*\{\\rtf"), Format.RTF),
    (re.compile(rb"PAR1[\x00-\x1f]"), Format.PARQUET),
    (re.compile(rb"\x89PNG\r\n"), Format.IMAGE),
    (re.compile(rb"\xff\xd8\xff"), Format.IMAGE),
    (re.compile(rb"GIF8[79]a"), Format.IMAGE),
    (re.compile(rb"II\*\x00|MM\x00\*"), Format.IMAGE),
    (re.compile(rb"BM.{4}\x00{4}", re.S), Format.IMAGE),
    (re.compile(rb"RIFF.{4}WEBP", re.S), Format.IMAGE),
)
REFUSED_BY_CONTENT = (
    (re.compile(rb".{4}ftyp(?:heic|heix|mif1|avif)", re.S), "picture (HEIC)"),
    (re.compile(rb"(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?(?:<!DOCTYPE svg[^>]*>\s*)?<svg\b", re.S), "drawing (SVG)"),
    (re.compile(rb"AT&TFORM"), "scanned document (DjVu)"),
    (re.compile(rb".{60}(?:BOOKMOBI|TEXtREAd)", re.S), "e-book (MOBI)"),
    (re.compile(rb"%!PS"), "PostScript document (PS)"),
    (re.compile(rb"\x1f\x8b"), "compressed archive (GZIP)"),
    (re.compile(rb"BZh[1-9]1AY"), "compressed archive (BZIP2)"),
    (re.compile(rb"\xfd7zXZ\x00"), "compressed archive (XZ)"),
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), "compressed archive (7Z)"),
    (re.compile(rb"Rar!\x1a\x07"), "compressed archive (RAR)"),
    (re.compile(rb"SQLite format 3\x00"), "SQLite database"),
    (re.compile(rb"\x7fELF|MZ.{58}\x00{4}", re.S), "program"),
    (re.compile(rb"ID3[\x02-\x04]|OggS|fLaC|RIFF.{4}WAVE", re.S), "sound recording"),
    (re.compile(rb".{4}ftyp|\x1aE\xdf\xa3|RIFF.{4}AVI ", re.S), "video or sound recording"),
)

_CODE_SUFFIXES = (
    ".py .pyi .pyx .js .mjs .cjs .jsx .ts .tsx .vue .svelte .java .kt .kts .scala .groovy .clj .cljs .c .cc .cpp .cxx "
    ".h .hh .hpp .hxx .m .mm .rs .go .rb .php .phtml .inc .pl .pm .cs .fs .vb .swift .dart .lua .r .jl .hs .ml .mli "
    ".ex .exs .erl .elm .nim .zig .d .pas .f .f90 .f95 .ada .lisp .el .scm .sh .bash .zsh .fish .ps1 .bat .cmd .sql "
    ".yaml .yml .toml .ini .cfg .conf .properties .env .xml .xsd .xsl .xslt .css .scss .sass .less .tex .bib .sty "
    ".cls .proto .graphql .gradle .cmake .mk .tf .hcl .nix .diff .patch .asm .s .v .vhd .vhdl .sol .cu .glsl .hlsl"
)
CODE_NAMES = frozenset(
    {"makefile", "dockerfile", "jenkinsfile", "vagrantfile", "rakefile", "gemfile", "cmakelists.txt"}
)
BY_SUFFIX = {
    **dict.fromkeys((".html", ".htm", ".xhtml"), Format.HTML),
    **dict.fromkeys((".md", ".markdown", ".mdown", ".mkd"), Format.MARKDOWN),
    **dict.fromkeys((".csv", ".tsv", ".tab"), Format.DELIMITED),
    **dict.fromkeys((".json", ".geojson"), Format.JSON),
    ".ipynb": Format.NOTEBOOK,
    **dict.fromkeys((".jsonl", ".ndjson"), Format.JSON_LINES),
    ".eml": Format.EML,
    **dict.fromkeys((".mbox", ".mbx"), Format.MBOX),
    **dict.fromkeys(_CODE_SUFFIXES.split(), Format.CODE),
}
PLAIN_SUFFIXES = frozenset({".txt", ".text", ".log"})
"""Names of plain text: only HTML and mail are identified by content under them."""

BINARY_SUFFIXES = {
    ".pdf": "PDF",
    ".docx": "Word (DOCX)",
    ".pptx": "PowerPoint (PPTX)",
    ".xlsx": "Excel (XLSX)",
    ".odt": "OpenDocument text (ODT)",
    ".ods": "OpenDocument spreadsheet (ODS)",
    ".odp": "OpenDocument presentation (ODP)",
    ".epub": "EPUB",
    ".rtf": "RTF",
    ".parquet": "Parquet",
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".gif"), "a picture"),
}
"""Names of binary formats, whose content has a signature."""

REFUSED_BY_SUFFIX = {
    ".doc": "legacy Word document (DOC)",
    ".xls": "legacy Excel workbook (XLS)",
    ".ppt": "legacy PowerPoint presentation (PPT)",
    ".msg": "Outlook message (MSG)",
    ".xlsb": "Excel workbook (XLSB)",
}
OLE_STREAMS = (
    ("WordDocument", REFUSED_BY_SUFFIX[".doc"]),
    ("PowerPoint Document", REFUSED_BY_SUFFIX[".ppt"]),
    ("Workbook", REFUSED_BY_SUFFIX[".xls"]),
    ("__substg1.0_", REFUSED_BY_SUFFIX[".msg"]),
)
ZIP_MIME_TYPES = {
    "application/epub+zip": Format.EPUB,
    "application/vnd.oasis.opendocument.text": Format.ODT,
    "application/vnd.oasis.opendocument.text-template": Format.ODT,
    "application/vnd.oasis.opendocument.text-web": Format.ODT,
    "application/vnd.oasis.opendocument.spreadsheet": Format.ODS,
    "application/vnd.oasis.opendocument.spreadsheet-template": Format.ODS,
    "application/vnd.oasis.opendocument.presentation": Format.ODP,
    "application/vnd.oasis.opendocument.presentation-template": Format.ODP,
}
ZIP_MEMBERS = {
    "word/document.xml": Format.DOCX,
    "word/document2.xml": Format.DOCX,
    "ppt/presentation.xml": Format.PPTX,
    "xl/workbook.xml": Format.XLSX,
    "META-INF/container.xml": Format.EPUB,
}
REFUSED_ZIP_MEMBERS = {
    "xl/workbook.bin": REFUSED_BY_SUFFIX[".xlsb"],
    "META-INF/MANIFEST.MF": "Java archive (JAR)",
}
