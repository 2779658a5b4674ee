"""Remove the words that only ask for an answer ("Could you tell me …") from a question, in seven languages. Pure.

They name no subject, but are rare in documents: search takes them for the rarest words of the question.
"""

import re

_PLEASE = r"please|kindly|bitte|s['’]il (?:te|vous) pla[iî]t|por favor|per favore|per piacere|alstublieft|alsjeblieft"
_GREETING = r"hi|hello|hey|dear \w+|hallo|guten tag|bonjour|hola|buenos días|ciao|buongiorno|olá|bom dia|goedendag"
_REQUESTS = (
    r"(?:(?:can|could|would|will) you (?:please |kindly )?)?(?:tell|inform|advise|remind) (?:me|us)(?: please)?"
    r"|(?:can|could) (?:i|we|you) (?:please )?(?:find out|know)",
    r"(?:i|we)(?: would|['’]d| should)? (?:like|want|need|wish|love) to (?:know|find out|ask|learn)|(?:i|we) wonder"
    r"|(?:i am|i['’]m|we are) wondering|do you (?:happen to )?know",
    r"(?:sag(?:e|en sie)?|verrat(?:e|en sie)|nenn(?:e|en sie)) (?:mir|uns)(?: bitte)?(?:,? (?:mal|doch))?"
    r"|(?:kannst|könntest) du (?:mir|uns) (?:bitte )?(?:sagen|verraten|erklären)"
    r"|(?:können|könnten) sie (?:mir|uns) (?:bitte )?(?:sagen|verraten|mitteilen)"
    r"|ich (?:möchte|würde) (?:gerne? )?wissen|ich wüsste gerne?|(?:weißt du|wissen sie)",
    r"(?:dis|dites)-(?:moi|nous)|(?:peux-tu|pouvez-vous|pourrais-tu|pourriez-vous) (?:me|nous) dire"
    r"|(?:j['’]aimerais|je voudrais|je veux) savoir|(?:sais-tu|savez-vous)",
    r"(?:dime|dígame|díganos)|(?:puedes|puede|podrías|podría) decirme"
    r"|(?:me gustaría|quisiera|quiero|querría) saber|(?:sabes|sabe usted)",
    r"(?:dimmi|mi dica)|(?:puoi|può|potresti|potrebbe) dirmi|(?:vorrei|voglio) sapere|(?:sai|sa) dirmi",
    r"(?:diga-me|me diga|diz-me)|(?:você )?(?:pode|podes|poderia|podia) (?:me )?dizer(?:-me)?"
    r"|(?:gostaria de|queria|quero) saber|(?:você sabe|sabes)",
    r"(?:vertel|zeg) (?:me|mij|ons)(?: eens)?"
    r"|(?:kun je|kunt u|kan je|zou u|zou je) (?:me|mij|ons) (?:kunnen )?(?:vertellen|zeggen)"
    r"|ik (?:wil|zou) (?:graag )?(?:willen )?weten|(?:weet je|weet u)",
)
_OPENING = re.compile(
    rf"[\s¿¡]*(?:(?:{_GREETING})\b[\s,!.]*)?(?:(?:{_PLEASE})\b[\s,]*)?(?:(?:{'|'.join(_REQUESTS)})\b[\s,:]*)?"
    rf"(?:(?:{_PLEASE})\b[\s,:]*)?",
    re.IGNORECASE,
)
_ENDING = re.compile(rf"[\s,]*\b(?:{_PLEASE})(?=[\s.!?]*$)", re.IGNORECASE)


def strip_request(question: str) -> str:
    """Return the question without a greeting and a request at its beginning and a "please" at its end.

    Unchanged if nothing but these would be left; the other words stay as they are.
    """
    start = _OPENING.match(question)
    core = _ENDING.sub("", question[start.end() if start else 0 :])
    return core if re.search(r"\w", core) else question
