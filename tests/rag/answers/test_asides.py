"""What a chat about documents is asked beside them: recognised by kind, and never a question to the documents."""

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from rag.answers.asides import EMPTY_TITLE, answer_aside, make_title, perform_task
from rag.engines.types import Message, ModelInfo
from rag.questions.chat_task import ChatTask, find_aside, find_chat_task
from rag.questions.small_talk import SmallTalk, find_small_talk
from rag.types import Answer, AnswerStarted, Question
from tests.fakes import ScriptedEngine

ASKED = "How long is a dropped battery kept in quarantine?"
CHAT = f"USER: {ASKED}\nASSISTANT: For 72 hours."
TITLE_TASK = f"""### Task:
Generate a concise, 3-5 word title with an emoji summarizing the chat history.
### Guidelines:
- The title should clearly represent the main theme or subject of the conversation.
### Output:
JSON format: {{ "title": "your concise title here" }}
### Chat History:
<chat_history>
{CHAT}
</chat_history>"""
TAGS_TASK = f"""### Task:
Generate 1-3 broad tags categorizing the main themes of the chat history, along with 1-3 more specific subtopic tags.
### Output:
JSON format: {{ "tags": ["tag1", "tag2", "tag3"] }}
### Chat History:
{CHAT}"""
FOLLOW_UPS_TASK = f"""### Task:
Suggest 3-5 relevant follow-up questions or prompts that the user might naturally ask next in this conversation.
### Output:
JSON format: {{ "follow_ups": ["Question 1?", "Question 2?"] }}
### Chat History:
{CHAT}"""
QUERIES_TASK = f"""### Task:
Analyze the chat history to determine the necessity of generating search queries, in the given language.
### Output:
{{ "queries": ["query1", "query2"] }}
### Chat History:
{CHAT}"""
TITLES = [
    "Provide a concise, 5-word-or-less title for the conversation, using its same language, with no punctuation.\n"
    f"||>User:\n{ASKED}\n||>Response:\nFor 72 hours.",
    f"Generate a short title for this chat.\n\nUser: {ASKED}\nAssistant: For 72 hours.",
    f"Summarize this conversation in a title of at most five words: the title of this chat.\n\nUser: {ASKED}\nAI: 72.",
    f"Based on the chat history, give this conversation a name.\n\nHuman: {ASKED}\n",
    f"Please write a conversation title.\nUser: {ASKED}\n",
    f"You will generate a short title based on the first message a user begins a conversation with.\nUser: {ASKED}",
    f"Create a name for the following conversation:\n\nuser: {ASKED}\nassistant: 72 hours",
]
QUESTIONS = [
    ASKED,
    "What is the title of the handbook?",
    "Give the title of the report on fire drills.",
    "Give the name of the chat application that the manual recommends.",
    "Who leads the discussion of the annual budget?",
    "Generate a table of all pumps.",
    "Summarize the conversation policy for call centres and its escalation steps.",
    "Which tags does the label printer support?",
    "Write down the follow-up dates of the inspection.",
    "What does the thread size of the screw M8 mean?",
    "Name the threads that are standard for pipes.",
    "What are the follow-up questions in the questionnaire for patients?",
    "Suggest a name for the pump.",
    "Thanks to whom was the bridge finished?",
    "Hello World is printed by which program?",
    "How are you supposed to oil the pump?",
    "help desk phone number",
    "What can you do if the pump leaks?",
]


class AbleEngine(ScriptedEngine):
    """Is large enough to be trusted with a task."""

    def info(self) -> ModelInfo:
        return replace(super().info(), size_bytes=4 << 30)


def chat(*texts: str, system: str = "") -> Sequence[Message]:
    turns = [Message("assistant" if index % 2 else "user", text) for index, text in enumerate(texts)]
    return [Message("system", system), *turns] if system else turns


@pytest.mark.parametrize(
    ("text", "kind"),
    [(TITLE_TASK, "title"), (TAGS_TASK, "tags"), (FOLLOW_UPS_TASK, "follow_ups"), (QUERIES_TASK, "queries")],
    ids=["title", "tags", "follow_ups", "queries"],
)
def test_tasks_that_want_json_are_known_with_the_question_of_their_chat(text: str, kind: str) -> None:
    task = find_chat_task(chat(text))
    assert task == ChatTask(kind, ASKED, kind)  # type: ignore[arg-type]  # the kinds are those of the table above


@pytest.mark.parametrize("text", TITLES)
def test_titles_are_known_however_they_are_asked_for(text: str) -> None:
    assert find_chat_task(chat(text)) == ChatTask("title", ASKED)


def test_a_title_of_the_messages_before_it_is_about_their_first_question() -> None:
    asked = chat(ASKED, "For 72 hours.", "Generate a title for this conversation.")
    assert find_chat_task(asked) == ChatTask("title", ASKED)


@pytest.mark.parametrize(
    "system",
    [
        "You are a title generator. You output ONLY a thread title. Nothing else.",
        "Generate a concise title for the conversation in the language of the user.",
    ],
)
def test_a_program_that_makes_titles_says_so_in_its_instructions(system: str) -> None:
    assert find_chat_task(chat(ASKED, system=system)) == ChatTask("title", ASKED)
    assert find_chat_task([*chat("Generate a title for this conversation:\n", system=system), Message("user", ASKED)])


@pytest.mark.parametrize("text", QUESTIONS)
def test_a_question_is_no_task_and_no_small_talk(text: str) -> None:
    assert find_aside(chat(text)) is None
    assert find_aside(chat(text, system="You are a helpful assistant who answers from documents.")) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("hello", "greeting"),
        ("Hi there!", "greeting"),
        ("Good morning, Pincite.", "greeting"),
        ("👋 hey", "greeting"),
        ("Thanks!", "thanks"),
        ("thank you very much 🙏", "thanks"),
        ("ok thanks", "thanks"),
        ("Bye.", "farewell"),
        ("What can you do?", "about"),
        ("¡Hola!", "greeting"),
        ("Vielen Dank!", "thanks"),
        ("Merci beaucoup", "thanks"),
        ("Buongiorno", "greeting"),
    ],
)
def test_small_talk_is_a_whole_message(text: str, kind: str) -> None:
    talk = find_small_talk(text)
    assert talk is not None
    assert talk.kind == kind
    assert find_small_talk(f"{text} How long is the warranty?") is None


def test_a_courtesy_is_in_the_language_of_the_small_talk() -> None:
    replies = [find_small_talk(text) for text in ("hello", "hallo", "bonjour", "hola", "ciao")]
    assert [reply.reply.split()[0].strip(".") for reply in replies if reply] == [
        "Hello", "Hallo", "Bonjour", "Hola", "Salve",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("question", "title"),
    [
        (ASKED, "Long dropped battery kept quarantine"),
        ("What is the notice period?", "What is the notice period"),
        ("Could you tell me who leads the team?", "Who leads the team"),
        ("  \n", EMPTY_TITLE),
        ("x" * 200, "X" + "x" * 59),
    ],
)
def test_a_title_is_made_of_the_words_of_the_question(question: str, title: str) -> None:
    assert make_title(question) == title


def test_results_have_the_form_that_the_task_asks_for() -> None:
    assert json.loads(perform_task(ChatTask("tags", ASKED, "tags")))["tags"]
    assert json.loads(perform_task(ChatTask("follow_ups", ASKED, "follow_ups"))) == {"follow_ups": []}
    assert json.loads(perform_task(ChatTask("queries", ASKED, "queries"))) == {"queries": [ASKED]}
    assert perform_task(ChatTask("title", "What is the notice period?")) == "What is the notice period"


def test_an_able_model_does_the_task_and_a_small_one_is_spared_it() -> None:
    able, small = AbleEngine(["Battery ", "quarantine"]), ScriptedEngine(["?"])
    question = Question(tuple(chat(TITLES[1])), ("c",))
    task = find_chat_task(question.messages)
    assert task is not None
    *_, written = answer_aside(task, question, lambda _: able)
    *_, made = answer_aside(task, question, lambda _: small)
    assert isinstance(written, Answer)
    assert isinstance(made, Answer)
    assert (written.text, made.text) == ("Battery quarantine", make_title(ASKED))
    assert able.requests[0][0] == question.messages
    assert small.requests == []


def test_small_talk_needs_no_model() -> None:
    def no_engine(_: str | None) -> ScriptedEngine:
        raise AssertionError("a courtesy needs no model")

    talk = find_small_talk("hello")
    assert isinstance(talk, SmallTalk)
    started, *_, answer = answer_aside(talk, Question(tuple(chat("hello")), ("c",)), no_engine)
    assert isinstance(started, AnswerStarted)
    assert isinstance(answer, Answer)
    assert (answer.text, answer.mode, answer.citations) == (talk.reply, "none", ())
