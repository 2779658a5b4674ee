"""Hugging Face's tasks as generators of response pieces; see `api.http.sse`. An empty piece says that work goes on."""

from collections.abc import Generator, Sequence
from contextlib import closing

import numpy as np
from pydantic import TypeAdapter

from api.chat import AnswerEvents, Chat, answer_question, collect_answer, text_events
from api.dialects.huggingface.wire import (
    GeneratedText,
    GenerationDetails,
    QuestionAnswer,
    QuestionInputs,
    Rank,
    RerankRequest,
    SimilarityInputs,
    StreamPiece,
    StreamToken,
    SummaryText,
    TaskRequest,
    TextTaskRequest,
    TokenObject,
    TranslationText,
    hub_finish_reason,
)
from api.errors import InvalidRequestError
from api.http.metrics import Metrics
from api.http.sse import Pieces, encode_event
from api.services import Services
from api.wire.answers import citations_of
from api.wire.base import DOCS_PREFIX
from ingest.text.sentences import split_sentences
from rag.engines.types import Message
from rag.types import Answer, AnswerDelta

DEFAULT_COLLECTION = f"{DOCS_PREFIX}default"
"""What questions without a context are about."""

_VECTORS = TypeAdapter(list[list[float]])
_SCORES = TypeAdapter(list[float])
_TEXTS = TypeAdapter(list[GeneratedText])
_RANKS = TypeAdapter(list[Rank])
_SUMMARIES = TypeAdapter(list[SummaryText])
_TRANSLATIONS = TypeAdapter(list[TranslationText])
_TOKENS = TypeAdapter(list[list[TokenObject]])


def generate(services: Services, model: str, task: TaskRequest, client: str) -> AnswerEvents:
    """Yield the events of a continuation; of an answer from documents if the model is `docs/<name>`."""
    if not isinstance(task.inputs, str):
        raise InvalidRequestError(detail="a language model continues one text", param="inputs")
    return text_events(services, Chat(model, (Message("user", task.inputs),), task.parameters.sampling(), client))


def collect_generation(events: AnswerEvents, task: TaskRequest, metrics: Metrics, *, in_list: bool) -> Pieces:
    """Yield an empty piece for every event, and at the end the continuation; `in_list` as the inference API has it."""
    answer = yield from _read_answer(events, metrics)
    generated = GeneratedText(
        generated_text=_full_text(task, answer.text),
        details=_details(task, answer) if task.parameters.details else None,
        citations=citations_of(answer) or None,
    )
    yield _TEXTS.dump_json([generated]) if in_list else generated.model_dump_json().encode()


def stream_generation(events: AnswerEvents, task: TaskRequest, metrics: Metrics) -> Pieces:
    """Yield a continuation as TGI streams it; the last event has the whole text."""
    index = 0
    with closing(events):
        for event in events:
            if isinstance(event, AnswerDelta) and event.text:
                index += 1
                yield _encode(StreamPiece(index=index, token=StreamToken(text=event.text)))
            elif isinstance(event, Answer):
                metrics.count_answer(event)
                last = StreamPiece(
                    index=index + 1,
                    token=StreamToken(text="", special=True),
                    generated_text=_full_text(task, event.text),
                    details=_details(task, event),
                )
                yield _encode(last)
            else:
                yield b""


def summarize(services: Services, model: str, asked: TextTaskRequest, metrics: Metrics, client: str) -> Pieces:
    """Yield a summary of a text by a language model, at the end."""
    instruction = "Summarize the text of the user in a few sentences. Say nothing else."
    text = yield from _follow(services, model, asked, instruction, metrics, client)
    yield _SUMMARIES.dump_json([SummaryText(summary_text=text)])


def translate(services: Services, model: str, asked: TextTaskRequest, metrics: Metrics, client: str) -> Pieces:
    """Yield a translation of a text by a language model, at the end."""
    source = f" from {asked.parameters.src_lang}" if asked.parameters.src_lang else ""
    target = asked.parameters.tgt_lang or "English"
    instruction = f"Translate the text of the user{source} to {target}. Say nothing else."
    text = yield from _follow(services, model, asked, instruction, metrics, client)
    yield _TRANSLATIONS.dump_json([TranslationText(translation_text=text)])


def _follow(
    services: Services, model: str, asked: TextTaskRequest, instruction: str, metrics: Metrics, client: str
) -> Generator[bytes, None, str]:
    if model.startswith(DOCS_PREFIX):
        raise InvalidRequestError(detail=f"`{model}` answers questions; name a language model for this", param="model")
    messages = (Message("system", instruction), Message("user", asked.inputs))
    events = answer_question(services, Chat(model, messages, asked.parameters.sampling(), client))
    answer = yield from _read_answer(events, metrics)
    return answer.text.strip()


def tokenize(services: Services, texts: Sequence[str]) -> Pieces:
    """Yield the tokens of texts by the tokenizer of the embedder, at the end."""
    yield b""
    tokenizer = services.embedding_model.tokenizer
    tokens = [
        [
            TokenObject(id=token, text=text[start:end], start=start, stop=end)
            for token, (start, end) in zip(tokenizer.encode(text), tokenizer.token_spans(text), strict=True)
        ]
        for text in texts
    ]
    yield _TOKENS.dump_json(tokens)


def embed(services: Services, texts: Sequence[str], *, truncate: bool) -> Pieces:
    """Yield the vectors of texts, at the end."""
    model = services.embedding_model
    embeddings = yield from model.embed([model.truncate(text) for text in texts] if truncate else texts)
    yield _VECTORS.dump_json(embeddings.vectors.tolist())


def compare(services: Services, inputs: SimilarityInputs) -> Pieces:
    """Yield the cosine of each sentence and the source, at the end."""
    embeddings = yield from services.embedding_model.embed([inputs.source_sentence, *inputs.sentences])
    source, *others = embeddings.vectors
    yield _SCORES.dump_json([float(source @ other) for other in others])


def rerank(services: Services, asked: RerankRequest) -> Pieces:
    """Yield the texts by falling score: that of the configured reranker, else the cosine of query and text."""
    yield b""
    if services.reranker is not None:
        scores = services.reranker.scores(asked.query, asked.texts)
    else:
        query = services.embedder.embed_query(asked.query)
        embeddings = yield from services.embedding_model.embed(asked.texts)
        scores = [float(query @ vector) for vector in embeddings.vectors]
    ranks = [
        Rank(index=index, score=score, text=asked.texts[index] if asked.return_text else None)
        for index, score in sorted(enumerate(scores), key=lambda pair: -pair[1])
    ]
    yield _RANKS.dump_json(ranks)


def answer_from_context(services: Services, inputs: QuestionInputs) -> Pieces:
    """Yield the sentence of the context that is nearest to the question; its score is their cosine."""
    yield b""
    spans = split_sentences(inputs.context)
    query = services.embedder.embed_query(inputs.question)
    embeddings = yield from services.embedding_model.embed([inputs.context[start:end] for start, end in spans])
    scores = embeddings.vectors @ query
    best = int(np.argmax(scores))
    start, end = spans[best]
    answer = QuestionAnswer(answer=inputs.context[start:end], score=float(max(scores[best], 0.0)), start=start, end=end)
    yield answer.model_dump_json().encode()


def answer_from_documents(
    services: Services, model: str, inputs: QuestionInputs, metrics: Metrics, client: str
) -> Pieces:
    """Yield the quote that answers a question about documents, with all citations; empty if they do not say."""
    name = model if model.startswith(DOCS_PREFIX) else DEFAULT_COLLECTION
    chat = Chat(name, (Message("user", inputs.question),), TaskRequest(inputs="").parameters.sampling(), client)
    answer = yield from _read_answer(answer_question(services, chat), metrics)
    found = QuestionAnswer(answer="", score=0.0, start=0, end=0)
    if answer.citations:
        quote = answer.citations[0].quote
        found = QuestionAnswer(
            answer=quote.quote,
            score=min(max(quote.score, 0.0), 1.0),
            start=quote.start,
            end=quote.end,
            citations=tuple(citations_of(answer)),
        )
    yield found.model_dump_json().encode()


def _read_answer(events: AnswerEvents, metrics: Metrics) -> Generator[bytes, None, Answer]:
    whole = yield from collect_answer(events)
    metrics.count_answer(whole.answer)
    return whole.answer


def _full_text(task: TaskRequest, text: str) -> str:
    return f"{task.inputs}{text}" if task.parameters.return_full_text else text


def _details(task: TaskRequest, answer: Answer) -> GenerationDetails:
    return GenerationDetails(
        finish_reason=hub_finish_reason(answer.finish_reason),
        generated_tokens=answer.usage.completion_tokens,
        seed=task.parameters.seed,
    )


def _encode(piece: StreamPiece) -> bytes:
    return encode_event(piece.model_dump_json().encode())
