"""The bodies of Hugging Face's task routes. Their servers ignore fields that they do not know, and so does this."""

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, ConfigDict, Field

from api.wire.base import Absent, Number, RequestModel, ResponseModel, Text, Unsupported
from api.wire.citations import CitationObject
from api.wire.sampling import make_sampling
from rag.engines.types import FinishReason, Sampling

DEFAULT_NEW_TOKENS = 100
"""TGI's default."""
MAX_TEXTS = 2048

Texts = Annotated[list[Text], Field(max_length=MAX_TEXTS)]
HubFinishReason = Literal["length", "eos_token"]


class HubModel(RequestModel):
    """Base of the requests."""

    model_config = ConfigDict(extra="ignore")


class GenerationParameters(HubModel):
    """How a text is continued."""

    max_new_tokens: Annotated[int, Field(ge=1, le=10_000_000)] = DEFAULT_NEW_TOKENS
    temperature: Annotated[Number, Field(ge=0, le=100)] | None = None
    top_k: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    top_p: Annotated[Number, Field(gt=0, le=1)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] | None = None
    stop: Annotated[Texts | None, Field(validation_alias=AliasChoices("stop", "stop_sequences"))] = None
    repetition_penalty: Annotated[Number, Field(ge=0.1, le=10)] | None = None
    frequency_penalty: Annotated[Number, Field(ge=-2, le=2)] | None = None
    do_sample: bool | None = None
    return_full_text: bool | None = None
    details: bool | None = None
    adapter_id: Unsupported = None
    best_of: Unsupported = None
    grammar: Unsupported = None

    def sampling(self) -> Sampling:
        """Return how tokens are sampled: greedily unless a temperature or `do_sample` asks for chance."""
        by_chance = 1.0 if self.do_sample else None
        return make_sampling(
            temperature=by_chance if self.temperature is None else self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            seed=self.seed,
            max_tokens=self.max_new_tokens,
            stop=self.stop,
            frequency_penalty=self.frequency_penalty,
            repeat_penalty=self.repetition_penalty,
        )


class QuestionInputs(HubModel):
    """A question about a context; without one, about the documents."""

    question: Annotated[Text, Field(min_length=1)]
    context: Text = ""


class SimilarityInputs(HubModel):
    """A sentence, and those to compare with it."""

    source_sentence: Text
    sentences: Texts


class TaskRequest(HubModel):
    """A task: which one, the inputs and the model say."""

    inputs: Text | Texts | QuestionInputs | SimilarityInputs
    parameters: GenerationParameters = GenerationParameters()
    stream: bool = False
    truncate: bool = False


class TextsRequest(HubModel):
    """Texts to embed, as TEI takes them."""

    inputs: Text | Texts
    normalize: bool = True
    truncate: bool = False


class SimilarityRequest(HubModel):
    """Sentences to compare, as TEI takes them."""

    inputs: SimilarityInputs


class RerankRequest(HubModel):
    """Texts to rank by a query, as TEI takes them."""

    query: Annotated[Text, Field(min_length=1)]
    texts: Annotated[Texts, Field(min_length=1)]
    return_text: bool = False


class TextTaskParameters(GenerationParameters):
    """How a text is summarized or translated; the languages are named as the client likes."""

    src_lang: Text | None = None
    tgt_lang: Text | None = None


class TextTaskRequest(HubModel):
    """A text to summarize or to translate."""

    inputs: Annotated[Text, Field(min_length=1)]
    parameters: TextTaskParameters = TextTaskParameters()


class SummaryText(ResponseModel):
    """A summary."""

    summary_text: str


class TranslationText(ResponseModel):
    """A translation."""

    translation_text: str


class TokenObject(ResponseModel):
    """A token of the embedder, and its place in the text, in characters."""

    id: int
    text: str
    special: Literal[False] = False
    start: int
    stop: int


class HubModelInfo(ResponseModel):
    """A model in the shape of the Hub's own list."""

    id: str
    modelId: str
    pipeline_tag: Literal["text-generation", "feature-extraction", "question-answering"]
    private: Literal[True] = True
    tags: tuple[str, ...] = ()
    siblings: tuple[()] = ()


class GenerationDetails(ResponseModel):
    """How a continuation ended."""

    finish_reason: HubFinishReason
    generated_tokens: int
    seed: int | None = None
    prefill: tuple[()] = ()
    tokens: tuple[()] = ()
    """Always empty: Pincite sends texts, not the ids of tokens."""


class GeneratedText(ResponseModel):
    """A continuation."""

    generated_text: str
    details: GenerationDetails | None = Absent
    citations: list[CitationObject] | None = Absent
    """The citations of an answer from documents; Pincite's own."""


class StreamToken(ResponseModel):
    """The next piece of a continuation. Pincite sends texts, not the ids of tokens."""

    id: int = 0
    text: str
    logprob: float | None = None
    special: bool = False


class StreamPiece(ResponseModel):
    """An event of a stream; the last one has the whole text."""

    index: int
    token: StreamToken
    generated_text: str | None = None
    details: GenerationDetails | None = None


class QuestionAnswer(ResponseModel):
    """The span that answers a question: of its context, or of the document that the first citation names."""

    answer: str
    score: float
    start: int
    end: int
    citations: tuple[CitationObject, ...] = ()
    """Where in the documents the answer stands; Pincite's own."""


class Rank(ResponseModel):
    """A text and how well it fits the query; the best one comes first."""

    index: int
    score: float
    text: str | None = Absent


class ServerInfo(ResponseModel):
    """What answers here, with the fields that clients of TGI and TEI read."""

    model_id: str
    model_sha: str | None = None
    model_type: dict[str, Any]
    max_input_length: int
    max_total_tokens: int
    max_client_batch_size: int = MAX_TEXTS
    version: str


def hub_finish_reason(reason: FinishReason) -> HubFinishReason:
    """Return an engine's finish reason by TGI's name."""
    return "length" if reason == "length" else "eos_token"
