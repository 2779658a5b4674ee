"""Stored chats on the page: listed, opened, branched, renamed and deleted."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.fake_api import FakeApi, annotation, scripted_answer
from tests.ui.page import PAGE, ask, button, visible_text, wait_for_answer

SECOND = "About sixteen kilograms [1]."


def only_chat(api: FakeApi) -> str:
    (chat,) = api.stored.chats
    return chat


def listed_chats(page: AppTest) -> list[str]:
    return [element.label for element in page.button if str(element.key).startswith("chat-")]


def new_tab(**parameters: str) -> AppTest:
    tab = AppTest.from_file(str(PAGE), default_timeout=20)
    for name, value in parameters.items():
        tab.query_params[name] = value
    return tab.run()


def test_the_address_names_the_open_chat_and_opens_it_in_another_tab(api: FakeApi, page: AppTest) -> None:
    ask(page.run(), "How heavy?")
    assert page.query_params["chat"] == only_chat(api)
    tab = new_tab(chat=only_chat(api))
    assert "It weighs 15\\.9 kg\\.\u00a0:green-badge[\\[1\\]]" in visible_text(tab)
    assert "How heavy?" in visible_text(tab).replace("\\", "")
    button(tab, r"\[1\]")()
    assert len(tab.get("image")) == 1


def test_a_deleted_chat_in_the_address_shows_a_notice_and_a_new_chat(api: FakeApi, page: AppTest) -> None:
    tab = new_tab(chat="conv_99")
    assert [toast.value for toast in tab.toast] == ["That chat no longer exists."]
    assert "chat" not in tab.query_params
    assert not tab.exception


def test_chats_are_listed_the_newest_first_and_opened_by_a_click(api: FakeApi, page: AppTest) -> None:
    ask(page.run(), "How heavy?")
    button(page, "New chat")()
    assert "How heavy" not in visible_text(page)
    assert "chat" not in page.query_params
    ask(page, "And how long?")
    assert listed_chats(page) == ["**And how long\\?**", "How heavy\\?"]
    button(page, "How heavy")()
    assert "How heavy" in visible_text(page)
    assert "And how long" not in visible_text(page)


def test_opening_a_chat_goes_to_its_collection(api: FakeApi, page: AppTest) -> None:
    api.stores["vs-2"] = "contracts"
    ask(page.run(), "How heavy?")
    page.selectbox[0].set_value("vs-2").run()
    assert "How heavy" not in visible_text(page)
    button(page, "How heavy")()
    assert page.selectbox[0].value == "vs-1"
    assert "It weighs" in visible_text(page)


def test_many_chats_are_searched(api: FakeApi, page: AppTest) -> None:
    for number in range(9):
        api.stored.add(f"Question {number}")
    page.run()
    assert len(listed_chats(page)) == 6
    page.button(key="more-chats").click().run()
    assert len(listed_chats(page)) == 9
    page.text_input[0].set_value("question 4").run()
    assert listed_chats(page) == ["Question 4"]
    page.text_input[0].set_value("nothing like it").run()
    assert "No chat contains these words." in visible_text(page)
    page.text_input[0].set_value("").run()
    assert len(listed_chats(page)) == 9


def test_a_chat_is_renamed(api: FakeApi, page: AppTest) -> None:
    ask(page.run(), "How heavy?")
    button(page, "Rename")()
    page.text_input[0].set_value("Weights")
    next(element for element in page.button if element.label == "Rename" and element.form_id).click().run()
    assert listed_chats(page) == ["**Weights**"]


def test_deleting_a_chat_asks_first(api: FakeApi, page: AppTest) -> None:
    ask(page.run(), "How heavy?")
    page.button(key="delete-chat").click().run()
    button(page, "Keep it")()
    assert len(api.stored.chats) == 1
    page.button(key="delete-chat").click().run()
    page.button(key="delete-chat-now").click().run()
    assert api.stored.chats == {}
    assert "How heavy" not in visible_text(page)


def test_a_chat_is_saved_as_markdown_or_json(api: FakeApi, page: AppTest) -> None:
    ask(page.run(), "How heavy?")
    assert [element.proto.label for element in page.get("download_button")] == ["Save as Markdown", "Save as JSON"]


def test_an_answer_is_regenerated_and_both_versions_stay(api: FakeApi, page: AppTest) -> None:
    ask(page.run(), "How heavy?")
    api.script = scripted_answer(SECOND)
    button(page, "Answer this question again")()
    wait_for_answer(page)
    assert api.chats[1]["pincite"]["parent"] == "msg_1"
    assert api.chats[1]["messages"] == [{"role": "user", "content": "How heavy?"}]
    assert "About sixteen" in visible_text(page)
    assert "2 of 2" in visible_text(page)
    button(page, "Show the previous answer")()
    assert "It weighs" in visible_text(page)
    assert "1 of 2" in visible_text(page)


def test_a_question_is_edited_and_both_versions_stay(api: FakeApi, page: AppTest) -> None:
    ask(page.run(), "How heavy?")
    ask(page, "And how long?")
    page.button(key="edit-msg_1").click().run()
    assert page.text_area[0].value == "How heavy?"
    page.text_area[0].set_value("What does it weigh?")
    button(page, "Ask again")()
    wait_for_answer(page)
    assert api.chats[2]["pincite"]["parent"] == only_chat(api)
    assert "What does it weigh" in visible_text(page)
    assert "And how long" not in visible_text(page)
    button(page, "Show the previous question")()
    assert "And how long" in visible_text(page)


def test_editing_can_be_cancelled(api: FakeApi, page: AppTest) -> None:
    ask(page.run(), "How heavy?")
    page.button(key="edit-msg_1").click().run()
    button(page, "Cancel")()
    assert not page.text_area
    assert len(api.chats) == 1


@pytest.mark.parametrize(("state", "words"), [("changed", "source has changed"), ("removed", "document removed")])
def test_a_changed_or_removed_source_is_marked(api: FakeApi, page: AppTest, state: str, words: str) -> None:
    quote = "" if state == "removed" else annotation("")["quote"]
    pin = annotation("It weighs 15.9 kg [1].", source_state=state) | {"quote": quote}
    api.script[-1]["choices"][0]["delta"]["annotations"] = [pin]
    ask(page.run(), "How heavy?")
    assert words in visible_text(page)
    (source,) = [element for element in page.button if element.label.startswith(r"\[1\]")]
    assert source.disabled == (state == "removed")


def test_a_changed_source_opens_with_the_quoted_text(api: FakeApi, page: AppTest) -> None:
    api.script[-1]["choices"][0]["delta"]["annotations"] = [annotation("It weighs.", source_state="changed")]
    ask(page.run(), "How heavy?")
    button(page, r"\[1\]")()
    assert not page.get("image")
    assert ["has changed since" in note.value for note in page.info] == [True]
    assert "The Finch weighs 15.9 kg without battery." in visible_text(page)
