"""What can go wrong between a question and its answer. Messages say what happened and what to do.

The arguments of every error are its attributes, so that it can cross from the model worker to the server.
"""


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


class ModelLoadError(RagError):
    """The model file exists but cannot be loaded."""

    def __init__(self, *, model: str, detail: str) -> None:
        self.model = model
        self.detail = detail
        super().__init__(f"the model {model!r} cannot be loaded: {detail}")


class ModelLoadingError(RagError):
    """The model is on its way into memory, which takes longer than a request waits."""

    def __init__(self, *, model: str, retry_after_seconds: int = 5) -> None:
        self.model = model
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"the model {model!r} is still loading; try again in {retry_after_seconds} seconds")


class NoRoomForModelError(RagError):
    """Models that are answering leave too little memory to load another one."""

    def __init__(self, *, model: str, retry_after_seconds: int = 5) -> None:
        self.model = model
        self.retry_after_seconds = retry_after_seconds
        super().__init__(
            f"the model {model!r} does not fit into memory beside those that are answering now; try again in "
            f"{retry_after_seconds} seconds"
        )


class ModelInUseError(RagError):
    """The model is answering somebody and stays in memory."""

    def __init__(self, *, model: str) -> None:
        self.model = model
        super().__init__(f"the model {model!r} is answering; unload it when it has finished")


class RerankerNotFoundError(RagError):
    """The model that ranks results again is not where the setting says."""

    def __init__(self, *, name: str) -> None:
        self.name = name
        super().__init__(
            f"there is no cross-encoder {name!r}; PINCITE_RERANKER is a folder, or the name of a model in the Hugging "
            "Face cache. Where there is a network, `hf download NAME --local-dir FOLDER` gets one, for instance "
            "cross-encoder/ms-marco-MiniLM-L6-v2; then name its folder"
        )


class RerankerUnfitError(RagError):
    """The model exists but cannot rank results again."""

    def __init__(self, *, name: str, detail: str) -> None:
        self.name = name
        self.detail = detail
        super().__init__(
            f"the model {name!r} cannot rank results again: {detail}; name another one in PINCITE_RERANKER, or none"
        )


class EntailmentModelNotFoundError(RagError):
    """The model that checks sentences against quotes is not where the setting says."""

    def __init__(self, *, name: str) -> None:
        self.name = name
        super().__init__(
            f"there is no entailment model {name!r}; PINCITE_ENTAILMENT_MODEL is a folder, or the name of a model in "
            "the Hugging Face cache. Where there is a network, `hf download NAME --local-dir FOLDER` gets one, for "
            "instance cross-encoder/nli-MiniLM2-L6-H768; then name its folder"
        )


class EntailmentModelUnfitError(RagError):
    """The model exists but cannot say whether a quote implies a sentence."""

    def __init__(self, *, name: str, detail: str) -> None:
        self.name = name
        self.detail = detail
        super().__init__(
            f"the model {name!r} cannot check sentences: {detail}; name another one in PINCITE_ENTAILMENT_MODEL, or "
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
    """The model's chat template does not accept these messages."""

    def __init__(self, *, detail: str) -> None:
        self.detail = detail
        super().__init__(f"the model's chat template refuses these messages: {detail}")


class SchemaError(RagError):
    """The JSON Schema of a request is not one that an answer can be kept to."""

    def __init__(self, *, path: str, detail: str) -> None:
        self.path = path
        self.detail = detail
        super().__init__(f"the JSON Schema cannot be used: {path}: {detail}")


class EngineBusyError(RagError):
    """Too many requests wait for the model."""

    def __init__(self, *, waiting: int, retry_after_seconds: int) -> None:
        self.waiting = waiting
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"{waiting} requests wait for the model already; try again in {retry_after_seconds} seconds")


class EngineCrashedError(RagError):
    """The model's process ended during the request."""

    def __init__(self, *, model: str, how: str) -> None:
        self.model = model
        self.how = how
        super().__init__(
            f"the model {model!r} stopped unexpectedly ({how}). It is started again; send the request once more."
        )


class QuestionError(RagError):
    """The chat cannot be answered as it stands."""

    def __init__(self, *, detail: str) -> None:
        self.detail = detail
        super().__init__(detail)
