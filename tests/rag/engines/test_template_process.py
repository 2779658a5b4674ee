"""A chat template that takes too much costs its own request, in its own process."""

from collections.abc import Generator
from contextlib import closing

import pytest

from rag.engines.serving import template_process
from rag.engines.serving.chat_template import ChatTemplate, SpecialTokens
from rag.engines.serving.template_process import TemplateProcess, start_chat_template
from rag.engines.types import Message
from rag.errors import ChatTemplateError

LOOP = "{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}"
PLAIN = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
ASK = [Message("user", "Why?")]


def asked_to(source: str) -> str:
    """Return a template that renders `source` if the question says so, and is harmless otherwise."""
    return f"{{% if 'stress' in messages[0].content %}}{source}{{% endif %}}{PLAIN}"


@pytest.fixture
def template(request: pytest.FixtureRequest) -> Generator[ChatTemplate]:
    with closing(TemplateProcess("tiny.gguf", asked_to(request.param))) as process:
        yield ChatTemplate("tiny.gguf", process, SpecialTokens())


@pytest.mark.parametrize(
    ("template", "detail"),
    [
        (LOOP, "it was stopped after 1 seconds"),
        ("{% set x = 'x' * 700000000 %}", "it was stopped at 512 MB of memory"),
        ("{{ 'x' * 300000 }}", "it adds more than 200,000 characters to the messages"),
        ("{{ raise_exception('not today') }}", "not today"),
    ],
    indirect=["template"],
)
def test_a_template_that_takes_too_much_is_stopped_and_the_next_request_is_answered(
    template: ChatTemplate, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(template_process, "RENDER_SECONDS", 1.0)
    with pytest.raises(ChatTemplateError) as caught:
        template.render([Message("user", "stress")])
    assert caught.value.detail == detail
    assert "'tiny.gguf'" in str(caught.value)
    monkeypatch.undo()
    assert template.render(ASK) == "[user]Why?"


@pytest.mark.parametrize("template", [""], indirect=True)
def test_long_messages_are_no_excess_of_the_template(template: ChatTemplate) -> None:
    words = "word " * 100_000
    assert template.render([Message("user", words)]) == f"[user]{words}"


def test_a_template_with_broken_syntax_is_refused_when_it_is_compiled() -> None:
    with closing(TemplateProcess("tiny.gguf", "{% for %}")) as process, pytest.raises(ChatTemplateError) as caught:
        process.compile()
    assert "has an error" in caught.value.detail


def test_a_model_without_a_template_gets_a_plain_one_that_stops_before_the_next_question() -> None:
    template = start_chat_template("tiny.gguf", None, SpecialTokens())
    assert template.render(ASK) == "User: Why?\nAssistant:"
    assert template.stop_strings == ("\nUser:",)
    assert start_chat_template("tiny.gguf", PLAIN, SpecialTokens()).stop_strings == ()
