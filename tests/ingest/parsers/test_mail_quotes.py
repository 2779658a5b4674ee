"""Quoted text in mail: whose it is, in the languages and the markup of many mail programs."""

from email.message import EmailMessage
from pathlib import Path

import pytest

from ingest.chunking.chunker import find_heading_path
from ingest.parsers.mail.attributions import find_date, name_author
from ingest.parsers.mail.parser import parse_eml, parse_mbox
from ingest.parsers.mail.quotes import Line, read_flowed_lines
from ingest.parsers.source import Source
from ingest.text.pieces import join_pieces
from ingest.types import ParsedDocument

OWN = "The date is moved to 18 June."
OLD = "The offsite is on 11 June."


def read(tmp_path: Path, plain: str = "", html: str = "") -> ParsedDocument:
    message = EmailMessage()
    message["From"] = "Tom <tom@example.org>"
    message["Subject"] = "Offsite"
    message["Date"] = "Tue, 05 May 2026 16:45:00 +0200"
    if plain:
        message.set_content(plain)
    if html and plain:
        message.add_alternative(html, subtype="html")
    elif html:
        message.set_content(html, subtype="html")
    return read_source(tmp_path, message.as_bytes())


def read_source(tmp_path: Path, content: bytes) -> ParsedDocument:
    path = tmp_path / "content"
    path.write_bytes(content)
    return join_pieces(parse_eml(Source(path, "note.eml")))


def read_mailbox(tmp_path: Path, *messages: tuple[str, str]) -> ParsedDocument:
    parts = [
        f"From x@example.org Mon May  4 09:00:00 2026\nFrom: {name} <x@example.org>\nSubject: Offsite\n"
        f"Date: Mon, 0{day} May 2026 09:00:00 +0200\n\n{text}\n\n"
        for day, (name, text) in enumerate(messages, 4)
    ]
    path = tmp_path / "content"
    path.write_text("".join(parts), encoding="utf-8")
    return join_pieces(parse_mbox(Source(path, "team.mbox")))


def find_section(document: ParsedDocument, text: str) -> str:
    """Return the innermost heading over a text."""
    return find_heading_path(document.headings, document.text.index(text))[-1]


ATTRIBUTIONS = [
    ("On Mon, May 4, 2026 at 9:00 AM Ann Lee <ann@example.org> wrote:", "Ann Lee, 4 May 2026"),
    ("On 4 May 2026, at 10:00, Ann Lee <ann@example.org> wrote:", "Ann Lee, 4 May 2026"),
    ("On 2026-05-04 09:00, Ann Lee wrote:", "Ann Lee, 4 May 2026"),
    ("Ann Lee <ann@example.org> writes:", "Ann Lee"),
    ("Am 04.05.2026 um 10:00 schrieb Ann Lee:", "Ann Lee, 4 May 2026"),
    ("Am Mo., 4. Mai 2026 um 10:00 Uhr schrieb Ann Lee <ann@example.org>:", "Ann Lee, 4 May 2026"),
    ("Ann Lee <ann@example.org> schrieb am Mo., 4. Mai 2026, 09:00:", "Ann Lee, 4 May 2026"),
    ("Le lun. 4 mai 2026 à 09:00, Ann Lee <ann@example.org> a écrit :", "Ann Lee, 4 May 2026"),
    ("Le 04/05/2026 à 09:00, Ann Lee a écrit\u00a0:", "Ann Lee, 04/05/2026"),
    ("El lun, 4 may 2026 a las 9:00, Ann Lee (<ann@example.org>) escribió:", "Ann Lee, 4 May 2026"),
    ("Il giorno lun 4 mag 2026 alle ore 09:00 Ann Lee <ann@example.org> ha scritto:", "Ann Lee, 4 May 2026"),
    ("Op ma 4 mei 2026 om 09:00 schreef Ann Lee <ann@example.org>:", "Ann Lee, 4 May 2026"),
    ("Em seg., 4 de mai. de 2026 às 09:00, Ann Lee <ann@example.org> escreveu:", "Ann Lee, 4 May 2026"),
    ("4 мая 2026 г., в 9:00, Ann Lee <ann@example.org> написал(а):", "Ann Lee, 4 May 2026"),
    ("пн, 4 трав. 2026 р. о 09:00 Ann Lee <ann@example.org> пише:", "Ann Lee, 4 May 2026"),
    ("W dniu 4.05.2026 o 09:00, Ann Lee pisze:", "Ann Lee, 4 May 2026"),
    ("po 4. 5. 2026 v 9:00 odesílatel Ann Lee <ann@example.org> napsal:", "Ann Lee, 4 May 2026"),
    ("Den mån 4 maj 2026 kl 09:00 skrev Ann Lee <ann@example.org>:", "Ann Lee, 4 May 2026"),
    ("man. 4. mai 2026 kl. 09:00 skrev Ann Lee <ann@example.org>:", "Ann Lee, 4 May 2026"),
    ("ma 4.5.2026 klo 9.00 Ann Lee (ann@example.org) kirjoitti:", "Ann Lee, 4 May 2026"),
    ("Ann Lee <ann@example.org>, 4 May 2026 Pzt, 09:00 tarihinde şunu yazdı:", "Ann Lee, 4 May 2026"),
    ("Ann Lee <ann@example.org> ezt írta (időpont: 2026. máj. 4., H, 9:00):", "Ann Lee, 4 May 2026"),
    ("În lun., 4 mai 2026 la 09:00, Ann Lee <ann@example.org> a scris:", "Ann Lee, 4 May 2026"),
    ("Στις Δευ 4 Μαΐ 2026 στις 9:00 π.μ., ο/η Ann Lee <ann@example.org> έγραψε:", "Ann Lee, 4 May 2026"),
    ("Ann Lee <ann@example.org> 于2026年5月4日周一 09:00写道：", "Ann Lee, 4 May 2026"),
    ("2026年5月4日(月) 9:00 Ann Lee <ann@example.org>:", "Ann Lee, 4 May 2026"),
    ("2026년 5월 4일 (월) 오전 9:00, Ann Lee <ann@example.org>님이 작성:", "Ann Lee, 4 May 2026"),
]


@pytest.mark.parametrize(("line", "author"), ATTRIBUTIONS)
@pytest.mark.parametrize("mark", ["> ", ">", ""])
def test_quoted_text_is_a_section_of_its_author(tmp_path: Path, line: str, author: str, mark: str) -> None:
    if not mark and "writes" in line:
        pytest.skip("without a date, only quote marks tell that the text is quoted")
    document = read(tmp_path, f"{OWN}\n\n{line}\n\n{mark}Hello,\n{mark}\n{mark}{OLD}\n")
    assert find_section(document, OLD) == f"Quoted from: {author}"
    assert find_section(document, OWN) == "Offsite — Tom <tom@example.org>, 5 May 2026"
    assert line.split("@")[0].replace("\u00a0", " ") in document.text.replace("\u00a0", " ")
    assert f"\n>{OLD}" not in document.text


@pytest.mark.parametrize(
    "attribution",
    [
        "Ann Lee\nschrieb am 4. Mai 2026 um 10:00:",
        "Ann Lee <ann@example.org>\nschrieb am 04.05.2026 um 10:00 Uhr:",
        "Ann Lee\n<ann@example.org>\nwrote on 4 May 2026:",
        "Ann Lee\na écrit le 4 mai 2026 :",
        "Ann Lee\nescribió el 4 de mayo de 2026 a las 10:00:",
        "Ann Lee\nha scritto il 4 maggio 2026:",
        "Ann Lee\nschreef op 4 mei 2026:",
        "Ann Lee\n<ann@example.org> escreveu no dia 4 de maio de 2026 às 10:00:",
    ],
)
@pytest.mark.parametrize("mark", ["> ", ""])
def test_an_attribution_may_go_on_below_the_name(tmp_path: Path, attribution: str, mark: str) -> None:
    document = read(tmp_path, f"{OWN}\n\n{attribution}\n\n{mark}{OLD}\n")
    assert find_section(document, OLD) == "Quoted from: Ann Lee, 4 May 2026"
    assert find_section(document, OWN).startswith("Offsite — Tom")


@pytest.mark.parametrize(
    "text",
    [
        "Er fragte, was Anna\nschrieb am 3. Mai 2026: nichts.",
        "We read what she said. Ann\nwrote on 4 May 2026:",
        "Please note:\nwrote on 4 May 2026:",
    ],
)
def test_a_sentence_that_is_wrapped_before_its_verb_is_no_attribution(tmp_path: Path, text: str) -> None:
    document = read(tmp_path, f"{OWN}\n\n{text}\n\n{OLD}\n")
    assert find_section(document, OLD).startswith("Offsite — Tom")


def test_an_attribution_on_two_lines_is_found(tmp_path: Path) -> None:
    plain = f"{OWN}\n\nOn Mon, May 4, 2026 at 9:00 AM Ann Lee\n<ann@example.org> wrote:\n> {OLD}"
    assert find_section(read(tmp_path, plain), OLD) == "Quoted from: Ann Lee, 4 May 2026"


@pytest.mark.parametrize(
    ("sender", "sent", "to", "subject", "date"),
    [
        ("From", "Sent", "To", "Subject", "Monday, May 4, 2026 9:00 AM"),
        ("Von", "Gesendet", "An", "Betreff", "Montag, 4. Mai 2026 09:00"),
        ("De", "Envoyé", "À", "Objet", "lundi 4 mai 2026 09:00"),
        ("De", "Enviado el", "Para", "Asunto", "lunes, 4 de mayo de 2026 9:00"),
        ("Da", "Inviato", "A", "Oggetto", "lunedì 4 maggio 2026 09:00"),
        ("Van", "Verzonden", "Aan", "Onderwerp", "maandag 4 mei 2026 09:00"),
        ("De", "Enviada em", "Para", "Assunto", "segunda-feira, 4 de maio de 2026 09:00"),
    ],
)
@pytest.mark.parametrize("is_bold", [False, True])
def test_the_header_block_of_outlook_names_the_author(
    tmp_path: Path, sender: str, sent: str, to: str, subject: str, date: str, is_bold: bool
) -> None:
    star = "*" if is_bold else ""
    fields = ((sender, "Ann Lee <ann@example.org>"), (sent, date), (to, "Tom"), (subject, "Offsite"))
    block = "\n".join(f"{star}{name}:{star} {value}" for name, value in fields)
    document = read(tmp_path, f"{OWN}\n\n________________________________\n{block}\n\n{OLD}\n")
    assert find_section(document, OLD) == "Quoted from: Ann Lee, 4 May 2026"
    assert "____" not in document.text

    lines = "<br>".join(f"<b>{name}:</b> {value.replace('<', '&lt;')}" for name, value in fields)
    styled = '<div style="border:none;border-top:solid #E1E1E1 1.0pt">'
    page = f"<div><p>{OWN}</p>{styled}<p>{lines}</p></div><p>{OLD}</p></div>"
    document = read(tmp_path, html=page)
    assert find_section(document, OLD) == "Quoted from: Ann Lee, 4 May 2026"
    assert find_section(document, OWN).startswith("Offsite — Tom")


@pytest.mark.parametrize(
    "separator",
    [
        "-----Original Message-----",
        "-----Ursprüngliche Nachricht-----",
        "-----Message d'origine-----",
        "-----Mensaje original-----",
        "-----Messaggio originale-----",
        "-----Oorspronkelijk bericht-----",
        "-----Mensagem original-----",
        "---------- Forwarded message ---------",
        "Begin forwarded message:",
    ],
)
def test_a_separator_ends_the_own_text(tmp_path: Path, separator: str) -> None:
    document = read(tmp_path, f"{OWN}\n\n{separator}\nFrom: Ann Lee\nDate: 4 May 2026\nSubject: Offsite\n\n{OLD}")
    assert find_section(document, OLD) == "Quoted from: Ann Lee, 4 May 2026"
    assert find_section(read(tmp_path, f"{OWN}\n\n{separator}\n\n{OLD}"), OLD) == "Quoted from: an earlier message"
    page = f"<p>{OWN}</p><p>{separator}<br>From: Ann Lee<br>Date: 4 May 2026<br>Subject: Offsite</p><p>{OLD}</p>"
    assert find_section(read(tmp_path, html=page), OLD) == "Quoted from: Ann Lee, 4 May 2026"


LINE = "On 4 May 2026, at 10:00, Ann Lee &lt;ann@example.org&gt; wrote:"
PAGES = {
    "gmail": f'<div dir="ltr">{OWN}</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" '
    f'class="gmail_attr">{LINE}<br></div><blockquote class="gmail_quote"><div>{OLD}</div></blockquote></div>',
    "apple": f'<p>{OWN}</p><div><blockquote type="cite"><div>{LINE}</div><br><div>{OLD}</div></blockquote></div>',
    "thunderbird": f'<p>{OWN}</p><div class="moz-cite-prefix">{LINE}<br></div><blockquote type="cite" '
    f'cite="mid:1"><p>{OLD}</p></blockquote>',
    "outlook on the web": f'<div>{OWN}</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg" dir="ltr">'
    "<font><b>From:</b> Ann Lee &lt;ann@example.org&gt;<br><b>Sent:</b> 04 May 2026 10:00<br><b>To:</b> Tom<br>"
    f"<b>Subject:</b> Offsite</font></div><div><p>{OLD}</p></div>",
    "yahoo": f'<p>{OWN}</p><div id="ydp1yahoo_quoted_1" class="yahoo_quoted"><div>{LINE}</div><div>{OLD}</div></div>',
    "gmx": f'<div>{OWN}</div><div name="quote"><div>{LINE}</div><div>{OLD}</div></div>',
    "proton": f'<p>{OWN}</p><div class="protonmail_quote">{LINE}<br><blockquote class="protonmail_quote" '
    f'type="cite">{OLD}</blockquote></div>',
    "zimbra": f'<p>{OWN}</p><hr id="zwchr"><p>{LINE}</p><p>{OLD}</p>',
    "plain marks": f"<p>{OWN}</p><p>{LINE}<br>&gt; {OLD}</p>",
    "an unmarked line before it": f"<p>{OWN}</p><p>{LINE}</p><blockquote type=cite><p>{OLD}</p></blockquote>",
    "layout tables": f"<table><tr><td>{OWN}<div id=divRplyFwdMsg><p>{LINE}</p></div><p>{OLD}</p></td></tr></table>",
}


@pytest.mark.parametrize("program", PAGES)
def test_quotes_in_html_are_found_by_their_markup(tmp_path: Path, program: str) -> None:
    document = read(tmp_path, html=f"<html><body>{PAGES[program]}</body></html>")
    assert find_section(document, OLD) == "Quoted from: Ann Lee, 4 May 2026"
    assert find_section(document, OWN) == "Offsite — Tom <tom@example.org>, 5 May 2026"
    assert document.text.count(OLD) == document.text.count(OWN) == 1


def test_a_forward_of_gmail_is_a_section_with_its_table(tmp_path: Path) -> None:
    head = "---------- Forwarded message ---------<br>From: <b>Ann Lee</b><br>Date: 4 May 2026<br>Subject: Prices<br>"
    table = "<table><tr><th>Hall</th><th>Price</th></tr><tr><td>North</td><td>90</td></tr></table>"
    page = f'<p>See below.</p><div class="gmail_quote"><div class="gmail_attr">{head}</div><h1>List</h1>{table}</div>'
    document = read(tmp_path, html=page)
    path = find_heading_path(document.headings, document.text.index("North | 90"))
    assert path[1:] == ("Quoted from: Ann Lee, 4 May 2026", "List")
    assert [document.text[block.start : block.end] for block in document.blocks] == ["Hall | Price\nNorth | 90"]


def test_answers_between_quoted_questions_stay_between_them(tmp_path: Path) -> None:
    plain = "Hi,\n\nAnn wrote:\n> When is it?\n\nOn 18 June.\n\n> Where?\n\nIn Leuven.\n"
    text = read(tmp_path, plain).text
    places = [text.index(part) for part in ("Hi,", "When is it?", "On 18 June.", "Where?", "In Leuven.")]
    assert places == sorted(places)
    document = read(tmp_path, plain)
    assert find_section(document, "In Leuven.") == "Reply from: Tom, 5 May 2026, to “Where?”"
    assert find_section(document, "When is it?") == "Quoted from: Ann"


@pytest.mark.parametrize("greeting", ["", "Hi Ann,\n\n"])
@pytest.mark.parametrize("attribution", ["", "On 4 May 2026, Ann Lee wrote:\n"])
def test_an_answer_stands_below_its_question(tmp_path: Path, greeting: str, attribution: str) -> None:
    quotes = "> When is the offsite?\n\nOn 18 June.\n\n> The hall is\n> booked. And the budget?\nEUR 4,800.\n"
    document = read(tmp_path, f"{greeting}{attribution}{quotes}")
    author = "Ann Lee, 4 May 2026" if attribution else "an earlier message"
    assert find_section(document, "On 18 June.") == "Reply from: Tom, 5 May 2026, to “When is the offsite?”"
    assert find_section(document, "EUR 4,800.") == "Reply from: Tom, 5 May 2026, to “And the budget?”"
    assert find_section(document, "When is the offsite?\n") == f"Quoted from: {author}"
    assert find_section(document, "booked.") == f"Quoted from: {author}"


HEADER_BLOCKS = [
    "От: Ann Lee\nОтправлено: 4 мая 2026 г. 9:00\nКому: Tom\nТема: Offsite",
    "Od: Ann Lee\nWysłano: 4 maja 2026\nDo: Tom\nTemat: Offsite",
    "Från: Ann Lee\nSkickat: den 4 maj 2026 09:00\nTill: Tom\nÄmne: Offsite",
    "Fra: Ann Lee\nSendt: 4. maj 2026 09:00\nTil: Tom\nEmne: Offsite",
    "Od: Ann Lee\nOdesláno: 4. května 2026\nKomu: Tom\nPředmět: Offsite",
    "Kimden: Ann Lee\nGönderildi: 4 Mayıs 2026\nKime: Tom\nKonu: Offsite",
    "发件人: Ann Lee\n发送时间: 2026年5月4日 9:00\n收件人: Tom\n主题: Offsite",
    "差出人：Ann Lee\n送信日時：2026年5月4日 9:00\n宛先：Tom\n件名：Offsite",
    "보낸 사람: Ann Lee\n보낸 날짜: 2026년 5월 4일\n받는 사람: Tom\n제목: Offsite",
]


@pytest.mark.parametrize("block", HEADER_BLOCKS)
@pytest.mark.parametrize("is_html", [False, True])
def test_header_blocks_of_many_languages_name_the_author(tmp_path: Path, block: str, is_html: bool) -> None:
    page = f"<p>{OWN}</p><div><p>{block}</p></div><p>{OLD}</p>".replace("\n", "<br>")
    plain = f"{OWN}\n\n________________________________\n{block}\n\n{OLD}\n"
    document = read(tmp_path, html=page) if is_html else read(tmp_path, plain)
    assert find_section(document, OLD) == "Quoted from: Ann Lee, 4 May 2026"
    assert not find_section(document, OWN).startswith("Quoted")


@pytest.mark.parametrize(
    "text",
    [
        "The call is on 4 May 2026 at 09:00, ask Ann Lee (ann@example.org) for:",
        "Invoices go to the office <office@example.org>:",
        "Minutes of 4 May 2026, 09:00:",
        "He wrote:",
    ],
)
def test_own_text_with_dates_and_addresses_stays_own_text(tmp_path: Path, text: str) -> None:
    document = read(tmp_path, f"Hello,\n\n{text}\n\nthe number and the room.")
    assert "Quoted from" not in document.text


def read_reply(tmp_path: Path, subject: str, plain: str) -> ParsedDocument:
    header = f"From: Tom <tom@example.org>\nSubject: {subject}\nDate: Tue, 05 May 2026 16:45:00 +0200\n"
    return read_source(tmp_path, f"{header}Content-Type: text/plain; charset=utf-8\n\n{plain}".encode())


@pytest.mark.parametrize("line", ["Ann Lee wrote:", "Ann Lee schrieb:", "Анна Ли написала:", "Ann a écrit :"])
def test_a_reply_without_marks_and_date_quotes_what_a_name_introduces(tmp_path: Path, line: str) -> None:
    plain = f"{OWN}\n\n{line}\n\n{OLD}\nAnn\n"
    name = line.rsplit(" ", 2 if line.endswith(" :") else 1)[0].removesuffix(" a")
    assert find_section(read_reply(tmp_path, "Re: Offsite", plain), OLD) == f"Quoted from: {name}"
    assert "Quoted from" not in read_reply(tmp_path, "Offsite", plain).text


@pytest.mark.parametrize("introduction", ["", "Ann wrote:\n\n"])
def test_what_an_earlier_message_says_is_quoted_from_it_without_marks(tmp_path: Path, introduction: str) -> None:
    said = "The offsite is on 11 June in the harbour hall."
    document = read_mailbox(tmp_path, ("Ann", said), ("Tom", f"{introduction}{said}\n\nNo, on 18 June."))
    second = document.text.index("No, on 18 June.")
    assert find_heading_path(document.headings, document.text.index(said, second))[-1] == "Quoted from: Ann, 4 May 2026"
    assert "Quoted from" not in find_section(document, "No, on 18 June.")


def test_what_one_sender_repeats_is_no_quote(tmp_path: Path) -> None:
    signature = "Tom Stone, warden of the red store, Quay 7, Brenfield"
    document = read_mailbox(tmp_path, ("Tom", f"One.\n\n{signature}"), ("Tom", f"Two.\n\n{signature}"))
    assert "Quoted from" not in document.text


def test_a_reply_below_the_quote_comes_first(tmp_path: Path) -> None:
    document = read(tmp_path, f"Ann wrote:\n> {OLD}\n\n{OWN}\n")
    assert document.text.index(OWN) < document.text.index("Quoted from: Ann") < document.text.index(OLD)


def test_quotes_in_quotes_have_authors_of_their_own(tmp_path: Path) -> None:
    plain = f"{OWN}\n\nOn 4 May 2026, Bo wrote:\n> It collides.\n>\n> On 3 May 2026, Ann wrote:\n>> {OLD}\n> > Bye\n"
    document = read(tmp_path, plain)
    assert find_section(document, "It collides.") == "Quoted from: Bo, 4 May 2026"
    assert find_section(document, OLD) == find_section(document, "Bye") == "Quoted from: Ann, 3 May 2026"


@pytest.mark.parametrize(
    "text",
    [
        "On page 3 the author wrote: all is well.",
        "From: Berlin\nTo: Paris\nDate: 3 May 2026",
        "-----\nA line and its rule\n-----",
        "x > y and y < z\n",
        "The minutes say what Ann wrote:\n\n- first\n- second",
    ],
)
def test_what_is_no_quote_stays_own_text(tmp_path: Path, text: str) -> None:
    document = read(tmp_path, f"Hello,\n\n{text}\n\nEnd.")
    assert "Quoted from" not in document.text
    assert len(document.headings) == 1


def test_a_quote_that_a_mailbox_has_already_is_shown_but_not_searched(tmp_path: Path) -> None:
    long_line = f"{OLD} We take the early train from Ghent and come back on Friday."
    wrapped = "> The offsite is on 11 June. We take the early\n> train from Ghent and come back on Friday."
    document = read_mailbox(tmp_path, ("Ann", long_line), ("Tom", f"{OWN}\n\n{wrapped}"))
    ((start, end),) = document.skipped
    assert document.text[start:end].strip().startswith("Quoted from: Ann, 4 May 2026\n\nThe offsite is on 11 June.")
    assert OWN not in document.text[start:end]


def test_a_quote_that_was_changed_is_searched(tmp_path: Path) -> None:
    document = read_mailbox(tmp_path, ("Ann", OLD), ("Tom", f"{OWN}\n\nOn 4 May 2026, Ann wrote:\n> {OLD} At noon."))
    assert document.skipped == ()
    assert find_section(document, "At noon.") == "Quoted from: Ann, 4 May 2026"


PRICE_TABLE = "<table><tr><th>Hall</th><th>Rent</th></tr><tr><td>North</td><td>1,250</td></tr></table>"


@pytest.mark.parametrize(
    ("plain", "html", "present", "absent"),
    [
        ("This message needs an HTML viewer.", "<p>Visitors park on P4.</p>", ["P4"], ["viewer"]),
        ("Ihr Programm kann kein HTML anzeigen.", "<p>Bitte auf P4 parken.</p>", ["P4"], ["Programm"]),
        ("View it in your browser: https://x.example/1", "<p>Rent: 90</p>", ["Rent: 90"], ["browser"]),
        ("Dear Bo, the rents are below.", f"<p>Dear Bo, the rents are below.</p>{PRICE_TABLE}", ["North | 1,250"], []),
        ("Rent: 1,250 EUR", "<p>Rent: 1,350 EUR</p>", ["1,250", "1,350", "Only in the plain text"], []),
        ("Code 4711 opens the door.\n\nBye", "<p>Bye</p>", ["4711"], []),
        ("See *P4* at https://x.example/a?b=1", "<p>See <b>P4</b> at <a href='#'>x</a></p>", ["*P4*"], ["Only in"]),
        ("Hall\nRent\nNorth\n1,250", PRICE_TABLE, ["North | 1,250"], ["Hall\nRent"]),
        ("Bye, Ann", "<p>Bye, Ann</p><p>Sent by the tool Zephyr Mail of Acme 9</p>", ["Zephyr"], []),
    ],
)
def test_the_form_that_says_more_is_read(
    tmp_path: Path, plain: str, html: str, present: list[str], absent: list[str]
) -> None:
    text = read(tmp_path, plain, html).text
    assert [part for part in present if part not in text] == []
    assert [part for part in absent if part in text] == []


@pytest.mark.parametrize(
    ("text", "delete_space", "lines"),
    [
        ("One line \nof two.", False, [Line(0, "One line of two.")]),
        ("http://x.example/very/ \nlong", True, [Line(0, "http://x.example/very/long")]),
        ("long  \nline", True, [Line(0, "long line")]),
        ("> quoted \n> text\nown", False, [Line(1, "quoted text"), Line(0, "own")]),
        ("> quoted \nown", False, [Line(1, "quoted "), Line(0, "own")]),
        (">> deep \n>> text", False, [Line(2, "deep text")]),
        (" >no quote\n From here", False, [Line(0, ">no quote"), Line(0, "From here")]),
        ("end \n-- \nAnn", False, [Line(0, "end "), Line(0, "-- "), Line(0, "Ann")]),
        ("a \n  indented", False, [Line(0, "a  indented")]),
    ],
)
def test_flowed_text_is_joined(text: str, delete_space: bool, lines: list[Line]) -> None:
    assert read_flowed_lines(text, delete_space=delete_space) == lines


def test_flowed_parameters_are_read_in_any_case(tmp_path: Path) -> None:
    head = "Subject: x\nContent-Type: text/plain; format=Flowed; DelSp=Yes\n\n"
    assert read_source(tmp_path, f"{head}one/ \ntwo\n >three".encode()).text == "x\n\none/two\n>three"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (">From the first day", "From the first day"),
        (">>From quoted", "From quoted"),
        (">>>From deeper", "From deeper"),
        (">Frommage", "Frommage"),
    ],
)
def test_escaped_envelopes_of_a_mailbox_are_text(tmp_path: Path, line: str, shown: str) -> None:
    document = read_mailbox(tmp_path, ("Ann", f"Hello.\n{line}\nBye."))
    assert f"\n{shown}" in document.text
    assert f">{shown}" not in document.text
    is_quoted = "Quoted from" in document.text
    assert is_quoted == (line.count(">") > 1 or line == ">Frommage")


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("4. Mai 2026", "4 May 2026"),
        ("4 juillet 2026", "4 July 2026"),
        ("4 juin 2026", "4 June 2026"),
        ("12 de septiembre de 2026", "12 September 2026"),
        ("1er août 2026", "1 August 2026"),
        ("March 3rd, 2026", "3 March 2026"),
        ("05/04/2026", "05/04/2026"),
        ("99 May 2026", ""),
    ],
)
def test_dates_are_found_in_the_languages_of_mail_programs(text: str, date: str) -> None:
    assert find_date(text) == date


def test_a_line_without_a_name_has_no_author() -> None:
    assert name_author("") == ""


def test_quotes_nested_without_end_are_read(tmp_path: Path) -> None:
    plain = f"{OWN}\n{'>' * 3000} deep\n" + f"On 4 May 2026, Ann wrote:\n{OLD}\n" * 300
    document = read(tmp_path, plain)
    assert "deep" in document.text
    assert document.text.count(OLD) == 300
