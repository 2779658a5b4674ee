"""Recognise small talk, a message that is nothing else, in five languages, with the courtesy that answers it. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

TalkKind = Literal["greeting", "thanks", "farewell", "about"]

_PHRASES: Mapping[str, Mapping[TalkKind, str]] = {
    "en": {
        "greeting": "hi|hello|hey|hiya|howdy|good (?:morning|afternoon|evening|day)|greetings|hi there|hello there"
        "|(?:hi |hello |hey )?how are you(?: doing)?(?: today)?|what['’]?s up",
        "thanks": "thanks|thank you|thank you very much|thanks a lot|many thanks|thx|ty|cheers|great,? thanks"
        "|ok,? thanks|perfect,? thanks|thanks,? that helps|thank you so much",
        "farewell": "bye|goodbye|bye bye|see you|see you later|good night|that['’]?s all",
        "about": "who are you|what are you|what can you do|what can i ask(?: you)?|how do you work|help"
        "|what do you do|how can you help(?: me)?",
    },
    "de": {
        "greeting": "hallo|guten (?:morgen|tag|abend)|servus|moin|grüezi|grüß gott|wie geht['’]?s",
        "thanks": "danke|danke schön|dankeschön|vielen dank|danke sehr|besten dank",
        "farewell": "tschüss|auf wiedersehen|bis bald|gute nacht",
        "about": "wer bist du|was kannst du|was kann ich fragen|hilfe",
    },
    "fr": {
        "greeting": "bonjour|salut|bonsoir|coucou|ça va",
        "thanks": "merci|merci beaucoup|merci bien",
        "farewell": "au revoir|bonne nuit|à bientôt",
        "about": "qui es-tu|qui êtes-vous|que peux-tu faire|que pouvez-vous faire|aide",
    },
    "es": {
        "greeting": "hola|buenos días|buenas tardes|buenas noches|qué tal|cómo estás",
        "thanks": "gracias|muchas gracias|mil gracias",
        "farewell": "adiós|hasta luego|hasta pronto",
        "about": "quién eres|qué puedes hacer|qué puedo preguntar|ayuda",
    },
    "it": {
        "greeting": "ciao|buongiorno|buonasera|salve|come stai",
        "thanks": "grazie|grazie mille|molte grazie",
        "farewell": "arrivederci|buonanotte|a presto",
        "about": "chi sei|cosa puoi fare|cosa posso chiedere|aiuto",
    },
}
_REPLIES: Mapping[str, Mapping[TalkKind, str]] = {
    "en": {
        "greeting": "Hello. Ask me about the documents of this collection: I answer with their words and cite them.",
        "thanks": "You are welcome. Ask me whatever else the documents may say.",
        "farewell": "Goodbye.",
        "about": "I answer questions about the documents of this collection and cite the place of every sentence. "
        "Ask, for example, how much, how long, who or when; or ask for a summary.",
    },
    "de": {
        "greeting": "Hallo. Fragen Sie nach den Dokumenten dieser Sammlung: Ich antworte mit dem, was darin steht, und "
        "nenne die Stelle.",
        "thanks": "Gern geschehen. Fragen Sie, was die Dokumente sonst noch sagen.",
        "farewell": "Auf Wiedersehen.",
        "about": "Ich beantworte Fragen zu den Dokumenten dieser Sammlung und nenne zu jedem Satz die Stelle. "
        "Fragen Sie zum Beispiel, wie viel, wie lange, wer oder wann; oder nach einer Zusammenfassung.",
    },
    "fr": {
        "greeting": "Bonjour. Interrogez-moi sur les documents de cette collection : je réponds par ce qu’ils disent, "
        "en citant l’endroit.",
        "thanks": "Je vous en prie. Demandez-moi ce que les documents disent d’autre.",
        "farewell": "Au revoir.",
        "about": "Je réponds aux questions sur les documents de cette collection et cite l’endroit de chaque phrase. "
        "Demandez par exemple combien, combien de temps, qui ou quand ; ou un résumé.",
    },
    "es": {
        "greeting": "Hola. Pregúnteme por los documentos de esta colección: respondo con lo que dicen y cito el lugar.",
        "thanks": "De nada. Pregunte qué más dicen los documentos.",
        "farewell": "Adiós.",
        "about": "Respondo a preguntas sobre los documentos de esta colección y cito el lugar de cada frase. Pregunte, "
        "por ejemplo, cuánto, cuánto tiempo, quién o cuándo; o pida un resumen.",
    },
    "it": {
        "greeting": "Salve. Mi chieda dei documenti di questa raccolta: rispondo con ciò che dicono e cito il punto.",
        "thanks": "Prego. Chieda pure che cos’altro dicono i documenti.",
        "farewell": "Arrivederci.",
        "about": "Rispondo a domande sui documenti di questa raccolta e cito il punto di ogni frase. Chieda per "
        "esempio quanto, per quanto tempo, chi o quando; oppure un riassunto.",
    },
}
_ADDRESSEES = r"(?:[ ,]+(?:there|again|all|everyone|everybody|pincite|assistant|bot|team|zusammen))*"
_PATTERNS: list[tuple[str, TalkKind, re.Pattern[str]]] = [
    (language, kind, re.compile(rf"(?:{phrases}){_ADDRESSEES}"))
    for language, kinds in _PHRASES.items()
    for kind, phrases in kinds.items()
]
_AROUND = re.compile(r"^[^\w]+|[^\w]+$")
MAX_CHARS = 60


@dataclass(frozen=True, slots=True)
class SmallTalk:
    """What kind of small talk a message is, and the courtesy that answers it in its language."""

    kind: TalkKind
    reply: str


def find_small_talk(text: str) -> SmallTalk | None:
    """Return the small talk that a message is, as a whole; None for any other."""
    if len(text) > MAX_CHARS:
        return None
    words = " ".join(_AROUND.sub("", text.casefold()).split())
    for language, kind, pattern in _PATTERNS:
        if pattern.fullmatch(words):
            return SmallTalk(kind, _REPLIES[language][kind])
    return None
