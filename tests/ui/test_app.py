"""The page as a user meets it, run by Streamlit's own test harness against the fake API."""

import time

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.ui.fake_api import QUOTE, FakeApi, annotation, basis, chunk, scripted_answer, span
from tests.ui.markdown_reader import active_parts
from tests.ui.page import PAGE, ask, button, run_until_visible, visible_text

ANSWER = "It weighs 15.9 kg [1]."


def test_an_empty_collection_invites_to_add_documents(api: FakeApi, page: AppTest) -> None:
    api.documents.clear()
    page.run()
    assert page.header[0].value == "Ask your own documents"
    assert page.chat_input[0].disabled
    assert len(page.file_uploader) == 1


def test_a_server_without_collections_gets_one(api: FakeApi, page: AppTest) -> None:
    api.stores.clear()
    api.documents.clear()
    page.run()
    assert list(api.stores.values()) == ["default"]


def test_several_files_are_uploaded_at_once_and_a_refused_one_is_named(api: FakeApi, page: AppTest) -> None:
    page.run()
    files = [("a.pdf", b"%PDF", "application/pdf"), ("b.md", b"# B", "text/markdown"), ("empty.txt", b"", "text/plain")]
    page.file_uploader[0].set_value(files).run()
    assert {entry["filename"] for entry in api.documents.values()} == {"handbook.pdf", "a.pdf", "b.md"}
    assert [error.value for error in page.error] == [r"empty\.txt\: Empty\.txt is an empty file \(0 bytes\)"]
    assert not page.exception


def test_an_upload_of_a_name_that_is_taken_is_kept_beside_it_or_replaces_it(api: FakeApi, page: AppTest) -> None:
    page.run()
    page.file_uploader[0].set_value([("handbook.pdf", b"%PDF 2", "application/pdf")]).run()
    (note,) = page.info
    assert note.value.replace("\\", "").endswith("this one is called handbook (2).pdf, and both are kept.")
    assert "handbook (2).pdf" in visible_text(page).replace("\\", "")
    page.toggle(key="replace-uploads").set_value(True).run()
    page.file_uploader[0].set_value([("handbook.pdf", b"%PDF 3", "application/pdf")]).run()
    (note,) = page.info
    assert note.value.replace("\\", "") == "handbook.pdf replaces the one that was here, as soon as it is read."
    assert not page.exception


def test_documents_show_their_size_their_warning_and_their_failure(api: FakeApi, page: AppTest) -> None:
    api.add_document("file-2", "notes.docx", warning="Page 3 has no text")
    failure = {"code": "invalid_file", "message": "scan.pdf has no usable text"}
    api.add_document("file-3", "scan.pdf", status="failed", last_error=failure)
    page.run()
    words = visible_text(page)
    assert "15 pages, 42 chunks, 81.2 kB" in words
    assert "Page 3 has no text" in words
    assert r"Not readable: scan\.pdf has no usable text" in words


def test_a_protected_document_is_unlocked_with_its_password(api: FakeApi, page: AppTest) -> None:
    failure = {"code": "invalid_file", "message": "pay.pdf is encrypted and needs a password"}
    api.add_document("file-2", "pay.pdf", status="failed", last_error=failure, needs_password=True)
    page.run()
    page.text_input[0].input("open sesame")
    next(button for button in page.button if button.label == "Unlock").click().run()
    assert api.passwords == ["open sesame"]
    assert "Not readable" not in visible_text(page)


def test_a_document_is_paused_resumed_cancelled_and_retried(api: FakeApi, page: AppTest) -> None:
    progress = {"stage": "reading", "done": 12, "total": 40, "status": "reading"}
    api.add_document("file-2", "big.pdf", status="in_progress", progress=progress)
    entry = api.documents["vs-1", "file-2"]
    page.run()
    page.button(key="pause-file-2").click().run()
    assert entry["progress"]["status"] == "paused"
    assert [bar.proto.text for bar in page.get("progress")] == ["Paused: 12 of 40"]
    page.button(key="resume-file-2").click().run()
    assert entry["progress"]["status"] == "queued"
    page.button(key="cancel-file-2").click().run()
    assert "Cancelled before it was read." in visible_text(page)
    page.button(key="retry-file-2").click().run()
    assert entry["status"] == "completed"
    assert not page.exception


def test_a_control_that_comes_too_late_shows_the_servers_reason(api: FakeApi, page: AppTest) -> None:
    api.add_document("file-2", "big.pdf", status="in_progress", progress={"stage": "waiting"})
    api.control_refusal = "big.pdf is not being read"
    page.run()
    page.button(key="pause-file-2").click().run()
    assert [error.value for error in page.error] == [r"Big\.pdf is not being read"]


def test_places_are_named_by_what_they_are(api: FakeApi, page: AppTest) -> None:
    api.add_document("file-2", "talk.pptx", pages=12, page_unit="slide")
    api.add_document("file-3", "notes.txt", pages=1, page_unit="line")
    page.run()
    words = visible_text(page)
    assert "12 slides, 42 chunks, 81.2 kB" in words
    assert "\n42 chunks, 81.2 kB" in f"\n{words}"


def test_a_document_that_is_indexed_shows_its_progress(api: FakeApi, page: AppTest) -> None:
    progress = {"stage": "embedding", "done": 12, "total": 40}
    api.add_document("file-2", "big.pdf", status="in_progress", progress=progress)
    page.run()
    (bar,) = page.get("progress")
    assert (bar.proto.text, bar.proto.value) == ("Making it searchable: 12 of 40", 30)


def test_deleting_asks_first(api: FakeApi, page: AppTest) -> None:
    page.run()
    button(page, "Delete handbook")()
    assert ("vs-1", "file-1") in api.documents
    button(page, "Keep it")()
    assert ("vs-1", "file-1") in api.documents
    button(page, "Delete handbook")()
    button(page, "Delete")()
    assert ("vs-1", "file-1") in api.documents, "the first button is the one beside the document"


def test_a_confirmed_deletion_deletes(api: FakeApi, page: AppTest) -> None:
    page.run()
    button(page, "Delete handbook")()
    next(element for element in page.button if element.label == "Delete").click().run()
    assert api.documents == {}
    assert api.files == {}


def test_an_answer_has_numbered_sources_with_verdicts_in_words(api: FakeApi, page: AppTest) -> None:
    ask(page.run(), "How heavy?")
    words = visible_text(page)
    assert "It weighs 15\\.9 kg\\.\u00a0:green-badge[\\[1\\]]" in words
    assert "supported" in words
    assert "The Finch weighs 15.9 kg without battery." in words
    assert any(element.label == r"\[1\] handbook\.pdf\, page 5" for element in page.button)


def test_a_click_on_a_source_opens_its_page_as_a_picture(api: FakeApi, page: AppTest) -> None:
    ask(page.run(), "How heavy?")
    button(page, r"\[1\]")()
    (picture,) = page.get("image")
    assert "quoted words highlighted" in str(picture.proto)


def test_a_source_without_layout_opens_as_text_with_the_span_marked(api: FakeApi, page: AppTest) -> None:
    api.script[-1]["choices"][0]["delta"]["annotations"] = [annotation(ANSWER, boxes=[], filename="notes.md")]
    ask(page.run(), "How heavy?")
    button(page, r"\[1\]")()
    assert r":orange-background[The Finch weighs 15\.9 kg without battery\.]" in visible_text(page)


def test_evidence_is_shown_while_the_model_writes_and_stop_ends_the_stream(api: FakeApi, page: AppTest) -> None:
    api.script = [chunk({"role": "assistant"}, pincite=basis()), chunk({"content": "It weighs"}), 30.0]
    page.run()
    page.chat_input[0].set_value("How heavy?").run()
    run_until_visible(page, "It weighs")
    assert "Based on 1 passage from 1 document" in visible_text(page)
    assert "The Finch weighs 15.9 kg without battery." in visible_text(page)
    assert page.chat_input[0].disabled
    button(page, "Stop")()
    assert api.client_left.wait(2)
    assert "It weighs" in visible_text(page.run())
    assert "Stopped." in visible_text(page)
    assert not page.chat_input[0].disabled


def test_a_question_follows_a_stopped_answer_that_the_server_stores_late(api: FakeApi, page: AppTest) -> None:
    api.script, api.storing_seconds = [*scripted_answer()[:2], 30.0], 2.5
    page.run()
    page.chat_input[0].set_value("How heavy?").run()
    run_until_visible(page, "Evidence found so far")
    button(page, "Stop")()
    api.script = scripted_answer()
    ask(page, "And how long?")
    (chat,) = api.stored.chats
    assert [item["role"] for item in api.stored.path(chat)] == ["user", "assistant"] * 2
    assert "How heavy" in visible_text(page)


def test_an_overview_shows_its_progress_and_its_findings(api: FakeApi, page: AppTest) -> None:
    progress = {
        "done": 2,
        "total": 8,
        "doing": "reading part 2 of 8",
        "found": "E07: clean the magnet\nE21: no battery",
    }
    api.script = [
        chunk({"role": "assistant"}, pincite=basis(mode="overview", evidence=[], passages=[])),
        chunk({}, pincite={"progress": progress}),
        30.0,
    ]
    page.run()
    page.radio[0].set_value("overview")
    page.chat_input[0].set_value("List every code.").run()
    for _ in range(50):
        if page.get("progress"):
            break
        time.sleep(0.05)
        page.run()
    (bar,) = page.get("progress")
    assert (bar.proto.text, bar.proto.value) == ("Reading part 2 of 8", 25)
    assert r"- E07\: clean the magnet" + "\n" + r"- E21\: no battery" in visible_text(page)
    button(page, "Stop")()
    assert api.client_left.wait(2)
    assert api.chats[0]["pincite"]["mode"] == "overview"


def test_documents_that_disagree_are_shown_with_their_places(api: FakeApi, page: AppTest) -> None:
    values = [
        {"value": "15.9 kg", "quote": span(QUOTE)},
        {"value": "16.4 kg", "quote": span(QUOTE, file_id="file-2", filename="old.pdf")},
    ]
    api.script[-1]["pincite"]["disagreements"] = [{"about": "The Finch weighs …", "values": values}]
    ask(page.run(), "How heavy?")
    words = visible_text(page)
    assert "Your documents disagree" in words
    assert r"**16\.4 kg**" in words
    button(page, r"old\.pdf")()
    assert len(page.get("image")) == 1


def test_an_answer_of_quotes_shows_each_with_its_place(api: FakeApi, page: AppTest) -> None:
    text = f"{QUOTE} [1]"
    api.script = scripted_answer(text)
    pin = annotation(text, origin="quote", answer_end=len(QUOTE))
    api.script[-1]["choices"][0]["delta"]["annotations"] = [pin]
    for step in (api.script[0], api.script[-1]):
        step["pincite"]["style"] = "quoted"
    ask(page.run(), "How heavy?")
    words = visible_text(page)
    assert r"The Finch weighs 15\.9 kg without battery\." in words
    assert "Word for word, from 1 passage of 1 document" in [element.label for element in page.expander]
    button(page, r"\[1\] handbook")()
    assert [badge for badge in visible_text(page).splitlines() if "word for word" in badge]


@pytest.mark.parametrize(
    ("verdict", "badge"),
    [("answers", "answers the question"), ("may answer", "may answer the question"), (None, None)],
)
def test_the_page_says_whether_a_quoted_answer_answers(
    api: FakeApi, page: AppTest, verdict: str | None, badge: str | None
) -> None:
    api.script[-1]["pincite"]["answer_verdict"] = verdict
    ask(page.run(), "How heavy?")
    assert [words for words in ("may answer the question", "answers the question") if words in visible_text(page)] == (
        [badge] if badge else []
    )


def test_a_superseded_quote_is_marked_and_leads_to_what_replaces_it(api: FakeApi, page: AppTest) -> None:
    text = f"[superseded: {QUOTE}] [1]"
    api.script = scripted_answer(text)
    later = {"kind": "message", "quote": span(QUOTE, file_id="file-2", filename="later.eml")}
    pin = annotation(text, origin="quote", answer_end=len(text) - len(" [1]"), superseded_by=later)
    api.script[-1]["choices"][0]["delta"]["annotations"] = [pin]
    for step in (api.script[0], api.script[-1]):
        step["pincite"]["style"] = "quoted"
    values = [
        {"value": "16.4 kg", "quote": later["quote"], "dating": {"day": "2026-05-05", "basis": "message"}},
        {"value": "15.9 kg", "quote": span(QUOTE), "is_superseded": True},
    ]
    api.script[-1]["pincite"]["disagreements"] = [{"about": "It weighs …", "values": values}]
    ask(page.run(), "How heavy?")
    words = visible_text(page)
    assert "superseded:" not in words
    assert r"The Finch weighs 15\.9 kg without battery\." in words
    assert "A later statement replaces an earlier one" in words
    assert r"message of 2026\-05\-05" in words
    button(page, r"by later\.eml")()
    assert len(page.get("image")) == 1


@pytest.mark.parametrize("origin", ["quote", "marker"])
@pytest.mark.parametrize("is_flagged", [True, False])
def test_a_quote_that_addresses_the_model_has_a_badge(
    api: FakeApi, page: AppTest, origin: str, *, is_flagged: bool
) -> None:
    text = f"{QUOTE} [1]"
    api.script = scripted_answer(text)
    pin = annotation(text, origin=origin, answer_end=len(QUOTE), addresses_model=is_flagged)
    api.script[-1]["choices"][0]["delta"]["annotations"] = [pin]
    ask(page.run(), "How heavy?")
    assert ("addresses the model" in visible_text(page)) is is_flagged


def test_many_quotes_are_rows_below_the_name_of_their_document(api: FakeApi, page: AppTest) -> None:
    text = "\n\n".join(f"Row {number:02} [1]" for number in range(12))
    api.script = scripted_answer(text)
    places = [text.index(f"Row {number:02}") for number in range(12)]
    api.script[-1]["choices"][0]["delta"]["annotations"] = [
        annotation(text, origin="quote", answer_start=place, answer_end=place + 6, start=place, end=place + 6)
        for place in places
    ]
    ask(page.run(), "List every row.")
    assert [caption.value for caption in page.caption].count(r"handbook\.pdf") == 1
    assert [element.label for element in page.button if element.label.endswith(" page 5")][:12] == [
        rf"\[{number}\] page 5" for number in range(1, 13)
    ]
    button(page, r"\[12\]")()
    assert len(page.get("image")) == 1


def test_nothing_found_shows_the_nearest_places(api: FakeApi, page: AppTest) -> None:
    api.script = scripted_answer("The documents do not say anything about that.")
    api.script[-1]["choices"][0]["delta"]["annotations"] = []
    for step in (api.script[0], api.script[-1]):
        step["pincite"] |= {"mode": "none", "passages": []}
    ask(page.run(), "Who won?")
    nearest = next(element for element in page.expander if element.label == "Closest matches")
    assert nearest.proto.expanded
    assert QUOTE in visible_text(page)


def test_a_question_follows_the_last_answer(api: FakeApi, page: AppTest) -> None:
    ask(page.run(), "How heavy?")
    ask(page, "And how long?")
    (chat,) = api.stored.chats
    assert [(chat["messages"], chat["pincite"]["conversation"], chat["pincite"]["parent"]) for chat in api.chats] == [
        ([{"role": "user", "content": "How heavy?"}], chat, chat),
        ([{"role": "user", "content": "And how long?"}], chat, "msg_2"),
    ]
    assert api.chats[0]["user"] == api.chats[1]["user"] != ""


def test_a_question_that_was_refused_is_not_stored(api: FakeApi, page: AppTest) -> None:
    api.refusal = (400, "the prompt has 9000 tokens; shorten the message", "context_length_exceeded")
    ask(page.run(), "Too long")
    assert "The prompt has 9000 tokens" in visible_text(page)
    api.refusal = None
    ask(page, "Shorter")
    (chat,) = api.stored.chats
    assert [item["role"] for item in api.stored.path(chat)] == ["user", "assistant"]
    assert "Too long" not in visible_text(page)


def test_a_model_that_is_still_loading_is_a_note_and_no_error(api: FakeApi, page: AppTest) -> None:
    api.refusal = (503, "the model 'big' is still loading; try again in 5 seconds", "model_loading")
    ask(page.run(), "How heavy?")
    assert ["is still loading" in note.value for note in page.info] == [True]
    assert not page.error
    api.refusal = None
    ask(page, "How heavy?")
    assert "It weighs" in visible_text(page)


def test_model_mode_and_style_go_with_the_question(api: FakeApi, page: AppTest) -> None:
    page.run()
    page.selectbox[1].set_value("smollm2-135m-instruct")
    page.radio[0].set_value("whole")
    page.radio[1].set_value("quoted")
    ask(page, "How heavy?")
    options = api.chats[0]["pincite"]
    assert (options["model"], options["mode"], options["style"]) == ("smollm2-135m-instruct", "whole", "quoted")


def test_other_collections_are_asked_too(api: FakeApi, page: AppTest) -> None:
    api.stores["vs-2"] = "contracts"
    page.run()
    page.multiselect[0].set_value(["contracts"])
    ask(page, "How heavy?")
    assert api.chats[0]["pincite"]["collections"] == ["contracts"]


def test_a_new_collection_is_chosen_and_its_name_goes_into_the_model(api: FakeApi, page: AppTest) -> None:
    page.run()
    button(page, "New")()
    page.text_input[0].set_value("contracts")
    button(page, "Create")()
    assert api.stores["vs-2"] == "contracts"
    assert page.selectbox[0].value == "vs-2"
    api.add_document("file-9", "lease.pdf", "vs-2")
    ask(page.run(), "Who signed?")
    assert api.chats[0]["model"] == "docs/contracts"


def test_a_name_that_is_taken_is_refused_with_the_reason(api: FakeApi, page: AppTest) -> None:
    page.run()
    button(page, "New")()
    page.text_input[0].set_value("default")
    button(page, "Create")()
    assert "There is a collection named" in page.error[0].value


def test_a_server_that_is_away_is_a_clear_page_with_a_retry(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINCITE_API_URL", "http://127.0.0.1:9")
    page = AppTest.from_file(str(PAGE), default_timeout=20).run()
    assert page.header[0].value == "The Pincite server does not answer"
    assert page.code[0].value == "pincite serve"
    monkeypatch.setenv("PINCITE_API_URL", api.url)
    button(page, "Try again")()
    assert page.header[0].value == "Ask your own documents"
    st.cache_resource.clear()


@pytest.mark.parametrize("name", ["![x](http://evil.example/a.png).pdf", "<img src=x>.pdf", ":red[a]$x$.pdf"])
def test_a_file_name_is_shown_as_written_and_nothing_else(api: FakeApi, page: AppTest, name: str) -> None:
    api.add_document("file-2", name)
    page.run()
    texts = [element.value for element in page.markdown] + [element.help for element in page.button]
    assert [part for text in texts if text for part in active_parts(text)] == []
    assert not any(":red[a" in text or "$x$" in text for text in texts if text)


def test_an_answer_full_of_attacks_is_shown_without_links_and_pictures(api: FakeApi, page: AppTest) -> None:
    api.script = scripted_answer(
        "Look ![x][r] <script>alert(1)</script> [y](javascript:alert(1))\n\n[r]: http://e.example/p"
    )
    ask(page.run(), "How heavy?")
    texts = [element.value for element in page.markdown]
    assert [part for text in texts for part in active_parts(text)] == []
