"""The words with which mail programs introduce an earlier message, in many languages. Data only."""

VERBS = (
    r"wrote|writes|schrieb|a écrit|écrivait|escribi[óo]|va escriure|ha scritto|scrisse|schreef|heeft geschreven"
    r"|escreveu|skrev|kirjoitti|kirjutas|napisał(?:\(a\)|a)?|pisze|napsal(?:\(a\)|a)?|píše|napísal(?:\(a\)|a)?"
    r"|(?:ezt )?írta|a scris|yazdı|έγραψε"
    r"|написал(?:\(а\)|а)?|пишет|написав(?:\(ла\)|ла)?|пише|написа|je napisa(?:o|la)|đã viết|menulis"
    r"|כתבה?|كتب"
)
"""Verbs between or behind spaces."""
UNSPACED_VERBS = r"写道|寫道|님이 작성|님이 쓴 글|のメール|さんは書きました"
SMALL_LEADS = r"on|am|le|el|il|op|em|no dia|a|den|w dniu|dne|dňa|în"
LEADS = r"On|Am|Le|El|Il(?: giorno)?|Op|Em|A|No dia|Den|W dniu|Dnia|Dne|Dňa|În|La|Στις|Pada|Vào"
SENDER_LABELS = r"odesílatel|użytkownik|o usuário|el usuario|пользователь|користувач|ο/η|ο χρήστης|на"

FORWARDED = (
    r"Original Message|Forwarded message|Urspr[üu]ngliche Nachricht|Original-?Nachricht|Weitergeleitete Nachricht"
    r"|Message d['’]origine|Message original|Message transf[ée]r[ée]|Message r[ée]exp[ée]di[ée]"
    r"|Mensaje original|Mensaje reenviado|Messaggio originale|Messaggio inoltrato"
    r"|Oorspronkelijk bericht|Doorgestuurd bericht|Mensagem original|Mensagem encaminhada|Mensagem reencaminhada"
    r"|Ursprungligt meddelande|Vidarebefordrat meddelande|Oprindelig meddelelse|Videresendt (?:meddelelse|melding)"
    r"|Opprinnelig melding|Alkuperäinen viesti|Välitetty viesti|Wiadomość oryginalna|Oryginalna wiadomość"
    r"|Wiadomość przekazana dalej|Původní zpráva|Přeposlaná zpráva|Pôvodná správa|Eredeti üzenet|Továbbított üzenet"
    r"|Mesaj original|Mesaj redirecționat|Orijinal (?:Mesaj|İleti)|Αρχικό μήνυμα|Προωθημένο μήνυμα"
    r"|Исходное сообщение|Пересылаемое сообщение|Оригінальне повідомлення|Переслане повідомлення"
    r"|原始邮件|原始郵件|转发的邮件|轉寄郵件|元のメッセージ|転送メッセージ|원본 메일|전달된 메일|Thư gốc"
)
FORWARD_OPENINGS = (
    r"Begin forwarded message|Anfang der weitergeleiteten Nachricht"
    r"|D[ée]but du message (?:transf[ée]r[ée]|r[ée]exp[ée]di[ée])"
    r"|Inicio del mensaje reenviado|Inizio messaggio inoltrato|Begin doorgestuurd bericht"
    r"|In[íi]cio da mensagem (?:reencaminhada|encaminhada)|Vidarebefordrat brev|Videresendt besked|Videresendt melding"
    r"|Välitetty viesti alkaa|Początek przekazywanej wiadomości|Začátek přeposílané zprávy"
    r"|Начало переадресованного письма"
    r"|下面是被转发的邮件|以下は転送されたメールです|전달된 메시지"
)

FROM = (
    r"From|Von|De|Da|Van|Di|Expéditeur|Remitente|Mittente|Afzender|Remetente|Från|Fra|Lähettäjä|Od|Odesílatel|Feladó"
    r"|De la|Kimden|Από|От(?: кого)?|Від|发件人|寄件者|寄件人|差出人|送信者|보낸 ?사람|Từ|Dari"
)
SENT = (
    r"Sent|Date|Gesendet(?: am)?|Datum|Envoyé(?: le)?|Enviado(?: el| em)?|Fecha|Inviato|Data|Verzonden|Enviada em"
    r"|Skickat|Sendt|Dato|Lähetetty|Päivämäärä|Wysłano|Odesláno|Odoslané|Dátum|Elküldve|Küldve|Trimis|Gönderildi|Tarih"
    r"|Στάλθηκε|Ημερομηνία|Отправлено|Дата|Надіслано|发送时间|发送日期|日期|寄件日期|傳送時間|送信日時|日付|日時"
    r"|보낸 ?날짜|날짜|Đã gửi|Ngày|Tanggal|Dikirim"
)
TO = (
    r"To|An|À|A|Para|Aan|Cc|CC|Bcc|Kopie|Reply-To|Antwort an|Till|Kopia|Til|Kopi|Vastaanottaja|Kopio|Do|DW|Komu"
    r"|Címzett|Másolat|Către|Kime|Bilgi|Προς|Κοιν\.?|Кому|Копия|Копія|收件人|收件者|抄送|副本|宛先|받는 ?사람|참조"
    r"|Tới|Kepada"
)
SUBJECT = (
    r"Subject|Betreff|Objet|Asunto|Oggetto|Onderwerp|Assunto|Ämne|Emne|Aihe|Temat|Předmět|Predmet|Tárgy|Subiect|Konu"
    r"|Θέμα|Тема|主题|主題|主旨|件名|제목|Chủ đề|Perihal"
)

_MONTHS = (
    "jan ene gen ian led sty oca янв січ tam ιαν",
    "feb fév fev úno lut şub фев лют hel φεβ",
    "mar mär maa mrt bře már мар бер μαρ μάρ",
    "apr avr abr dub kwi nis ápr апр кві huh απρ",
    "may mai mag mei maj kvě máj мая май тра tou μαΐ μάι μαι",
    "jun juin giu cze červ iun haz jún июн чер kes ιού ιουν ιούν",
    "jul juil lug lip čvc iul tem júl июл лип hei ιουλ ιούλ",
    "aug aoû ago srp sie ağu авг сер elo αυγ αύγ",
    "sep set zář wrz eyl sze сен вер syy σεπ",
    "oct okt ott out říj paź eki окт жов lok οκτ",
    "nov noi lis kas ноя лис marr νοε νοέ",
    "dec dez déc dic pro gru ara дек гру jou δεκ",
)
MONTHS = {beginning: number for number, names in enumerate(_MONTHS, 1) for beginning in names.split()}
"""The beginnings of the names of the months, three letters or four."""
LONG_MONTHS = {"červenec": 7, "července": 7}
"""Months that begin as another one does."""
