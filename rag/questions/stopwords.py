"""The words of seven languages that carry no topic: English, German, French, Spanish, Italian, Portuguese, Dutch."""

from collections.abc import Sequence

_ENGLISH_LIST = """
a an the and or but if of at by for with from to in on into onto as is are was were be been being am it its this that
these those he she they them his her their him we us our you your i my me who whom whose which what when where why how
there here then than so such also too do does did done have has had having can could may might must shall should will
would about over under between during after before while each any all some more most other only very just not no nor
yet up out off s t d ll re ve m via per because both through
"""
_FOREIGN_LIST = """
der die das den dem des ein eine einer eines einem einen
und oder aber wenn von zu zum zur mit bei aus nach vor für auf im ins als ist sind waren sein wird werden wurde wurden
haben hatte es er sie ihr ihre ihren sich wir auch nur noch sehr wie wer wo dass durch über unter um dieser diese
dieses diesem nicht kein le la les un une du de et ou mais que qui dans sur pour par avec est sont était étaient être
il elle ils elles se ce cette ces sa ses au aux en ne pas plus aussi l qu n c j el los las lo unos unas y o pero si
con sin del al fue fueron era eran ser su sus por para como más este esta estos estas ha han hay gli uno della dello
dei degli delle nel nella nei sul sulla dal dalla e ed ma è sono fu che chi come anche più suo sua suoi sue questo
questa hanno os uma uns umas da dos na nos nas ao aos à às mas é são foi foram seu com het een van op te dat dit deze
zijn werd wordt worden hij zij ze niet geen ook maar om naar bij uit voor aan
"""
ENGLISH_STOPWORDS = frozenset(_ENGLISH_LIST.split())
FOREIGN_STOPWORDS = frozenset(_FOREIGN_LIST.split())
STOPWORDS = ENGLISH_STOPWORDS | FOREIGN_STOPWORDS

_QUESTION_WORD_LIST = """
who whom whose what which when where why how many much wer wen wem wessen welche welcher welches welchen wann wohin
woher warum weshalb wieso wieviel wieviele viele qui que quoi quel quelle quels quelles quand où pourquoi combien quién
quiénes qué cuál cuáles cuándo dónde cómo cuánto cuánta cuántos cuántas chi che cosa quale quali quando dove perché
quanto quanta quanti quante quem qual quais onde quantos quantas wie wat welk welke wanneer waar waarom hoe hoeveel
"""
_ASKER_WORD_LIST = """
i me my mine we us our ours you your yours do does did please
ich mich mir mein meine meinen meinem meiner wir uns unser unsere unseren unserem unserer du dich dir dein deine
je moi mon ma mes nous notre nos tu toi ton vous votre vos
yo mí nosotros nuestro nuestra nuestros nuestras tú usted ustedes
io noi nostro nostra nostri nostre voi
eu meu minha nós nosso nossa você vocês
ik mij mijn wij ons onze jij jou jouw u uw
"""
ASKER_WORDS = frozenset(_ASKER_WORD_LIST.split())
"""Words for those who ask and are asked, and the auxiliary of English questions: no document has them for an answer."""
QUESTION_WORDS = frozenset(_QUESTION_WORD_LIST.split())
"""Words that ask; `come`, `comment` and `was` are left out, because they mean something else in another language."""


def select_empty_words(words: Sequence[str]) -> frozenset[str]:
    """Return the words that say nothing of the topic of a question, which has these folded words.

    They are words of asking and, unless the question is English, function words: the English ones serve its evidence.
    """
    asking = QUESTION_WORDS | ASKER_WORDS
    return asking if _is_english(words) else asking | STOPWORDS


def _is_english(words: Sequence[str]) -> bool:
    english = sum(word in ENGLISH_STOPWORDS for word in words)
    return english >= sum(word in FOREIGN_STOPWORDS for word in words)
