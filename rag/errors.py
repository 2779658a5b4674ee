"""Errors of models, engines and answers. Messages say what happened and what to do next.

The arguments of every error are its attributes, so that a model worker can send it to the server.
"""

from functools import cached_property


class RagError(Exception):
    """Base of all errors of this package."""


class ModelNotFoundError(RagError):
    """No model has that id."""

    def __init__(self, *, model: str) -> None:
        self.model = model
        super().__init__(
            f"there is no model {model!r}; `pincite models ls` lists the models, "
            "`pincite collections ls` the collections behind `docs/…`"
        )


class TokenizerOutOfReachError(RagError):
    """The tokenizer and the chat template of a remote model are on its server."""

    def __init__(self, *, model: str) -> None:
        self.model = model
        super().__init__(
            f"the tokenizer of {model!r} is on the server that has the model; ask for tokens there, or name a model "
            "that runs here"
        )


class ModelLoadError(RagError):
    """The model file exists but cannot be loaded."""

    def __init__(self, *, model: str, detail: str) -> None:
        self.model = model
        self.detail = detail
        super().__init__(f"the model {model!r} cannot be loaded: {detail}")


class ModelLoadingError(RagError):
    """The model is still loading, and the request has waited long enough."""

    def __init__(self, *, model: str, retry_after_seconds: int = 5) -> None:
        self.model = model
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"the model {model!r} is still loading; try again in {retry_after_seconds} seconds")


class NoRoomForModelError(RagError):
    """Busy models leave too little memory to load another one."""

    def __init__(self, *, model: str, retry_after_seconds: int = 5) -> None:
        self.model = model
        self.retry_after_seconds = retry_after_seconds
        super().__init__(
            f"the model {model!r} does not fit into memory beside the models that are busy; try again in "
            f"{retry_after_seconds} seconds"
        )


class ModelInUseError(RagError):
    """The model is busy and cannot be unloaded."""

    def __init__(self, *, model: str) -> None:
        self.model = model
        super().__init__(f"the model {model!r} is busy; unload it when its answers are complete")


class RerankerNotFoundError(RagError):
    """The setting names no cross-encoder that exists."""

    def __init__(self, *, name: str) -> None:
        self.name = name
        super().__init__(
            f"there is no cross-encoder {name!r}; PINCITE_RERANKER is a folder, or the name of a model in the Hugging "
            "Face cache. `hf download NAME --local-dir FOLDER` downloads one, for instance "
            "cross-encoder/ms-marco-MiniLM-L6-v2; then name its folder"
        )


class RerankerUnfitError(RagError):
    """The model exists but is no cross-encoder for reranking."""

    def __init__(self, *, name: str, detail: str) -> None:
        self.name = name
        self.detail = detail
        super().__init__(
            f"the model {name!r} cannot rerank results: {detail}; name another one in PINCITE_RERANKER, or none"
        )


class EntailmentModelNotFoundError(RagError):
    """The setting names no NLI model that exists."""

    def __init__(self, *, name: str) -> None:
        self.name = name
        super().__init__(
            f"there is no NLI model {name!r}; PINCITE_ENTAILMENT_MODEL is a folder, or the name of a model in "
            "the Hugging Face cache. `hf download NAME --local-dir FOLDER` downloads one, for "
            "instance cross-encoder/nli-MiniLM2-L6-H768; then name its folder"
        )


class EntailmentModelUnfitError(RagError):
    """The model exists but does not classify entailment."""

    def __init__(self, *, name: str, detail: str) -> None:
        self.name = name
        self.detail = detail
        super().__init__(
            f"the model {name!r} cannot verify sentences: {detail}; name another one in PINCITE_ENTAILMENT_MODEL, or "
            "none"
        )


class PromptTooLongError(RagError):
    """The prompt leaves no room for an answer in the model's context window."""

    def __init__(self, *, prompt_tokens: int, context_window: int) -> None:
        self.prompt_tokens = prompt_tokens
        self.context_window = context_window
        super().__init__(
            f"the prompt has {prompt_tokens} tokens; the context window holds {context_window}. "
            "Shorten the message, or start a new conversation."
        )


class ChatTemplateError(RagError):
    """The model's chat template makes no prompt of these messages: it refuses them, or it was stopped."""

    def __init__(self, *, model: str, detail: str) -> None:
        self.model = model
        self.detail = detail
        super().__init__(f"the chat template of the model {model!r} makes no prompt of these messages: {detail}")


TOOLS_PATH = "tools"
"""The path of a `SchemaError` about all tools of a request together."""


class SchemaError(RagError):
    """The engine cannot constrain an answer to the JSON Schema of the request, or calls to those of its tools."""

    def __init__(self, *, path: str, detail: str) -> None:
        self.path = path
        self.detail = detail
        super().__init__(f"the JSON Schema cannot be used: {path}: {detail}")

    @cached_property
    def param(self) -> str | None:
        """The field at fault, if it is none that the route knows; no attribute, because those travel as arguments."""
        return self.path if self.path == TOOLS_PATH else None


class EngineBusyError(RagError):
    """The queue of the model is full."""

    def __init__(self, *, waiting: int, retry_after_seconds: int) -> None:
        self.waiting = waiting
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"{waiting} requests already wait for the model; try again in {retry_after_seconds} seconds")


class EngineCrashedError(RagError):
    """The model's process ended during the request."""

    def __init__(self, *, model: str, how: str) -> None:
        self.model = model
        self.how = how
        super().__init__(f"the model {model!r} stopped unexpectedly ({how}). It restarts; send the request again.")


class QuestionError(RagError):
    """The messages of a chat cannot be answered."""

    def __init__(self, *, detail: str) -> None:
        self.detail = detail
        super().__init__(detail)
