"""The backend that is this process: it opens the library and loads models of its own."""

from contextlib import closing

from api.backends.types import BackendEvents, CompleteAnswer, TextDelta
from api.completions import completion_choices
from api.routes import pages, vector_stores
from api.search import search_collection
from api.services import Services
from api.wire.answers import AnswerBasis, AnswerCheck, ProgressDetails, citations_of
from api.wire.chat import ChatRequest
from api.wire.lists import PageRequest
from api.wire.pages import PageText
from api.wire.search import SearchRequest, SearchResults
from api.wire.vector_stores import StoreFileList, StoreFileObject, StoreFilePageRequest, VectorStoreList
from rag.types import Answer, AnswerDelta, AnswerProgress, AnswerStarted


class LocalBackend:
    """A `Backend` over services, which their owner closes; `client` is who asks, for fairness among several."""

    named_model: str | None = None

    def __init__(self, services: Services, *, client: str = "") -> None:
        self._services = services
        self._client = client

    def check_collection(self, name_or_id: str) -> None:
        """Raise `CollectionNotFoundError`, or `PassportMismatchError` if another embedder built it."""
        self._services.searchable(name_or_id)

    def search(self, name_or_id: str, request: SearchRequest) -> SearchResults:
        """Return the chunks of a collection that fit best."""
        return search_collection(self._services, name_or_id, request)

    def list_collections(self, page: PageRequest) -> VectorStoreList:
        """Return a page of the collections."""
        return vector_stores.list_stores(self._services, page)

    def list_documents(self, name_or_id: str, page: StoreFilePageRequest) -> StoreFileList:
        """Return a page of the documents of a collection; raises `CollectionNotFoundError`."""
        return vector_stores.list_store_files(self._services, name_or_id, page)

    def find_document(self, name_or_id: str, file_id: str) -> StoreFileObject:
        """Return a document of a collection; raises `FileNotInLibraryError`."""
        return vector_stores.retrieve_store_file(self._services, name_or_id, file_id)

    def read_page(self, name_or_id: str, file_id: str, number: int) -> PageText:
        """Return the text of a page of a document; raises `PageNotFoundError`."""
        return pages.page_text(self._services, name_or_id, file_id, number)

    def read_text(self, name_or_id: str, file_id: str) -> str:
        """Return the whole text of a document; raises `FileNotInLibraryError`."""
        content = pages.document_text(self._services, name_or_id, file_id)
        return "".join(part.text for part in content.data)

    def answer(self, request: ChatRequest) -> BackendEvents:
        """Yield the events of an answer."""
        with closing(next(completion_choices(self._services, request, client=""))) as events:
            for event in events:
                if isinstance(event, AnswerStarted):
                    yield AnswerBasis.of(event)
                elif isinstance(event, AnswerProgress):
                    yield ProgressDetails.model_validate(event)
                elif isinstance(event, AnswerDelta):
                    yield TextDelta(event.text)
                elif isinstance(event, Answer):
                    yield CompleteAnswer(event.text, tuple(citations_of(event)), AnswerCheck.of(event))

    def create_conversation(self) -> str:
        """Return the id of a new, empty conversation."""
        return self._services.library.create_conversation().id

    def count_items(self, conversation: str) -> int:
        """Return how many items a stored conversation has; raises `ConversationNotFoundError`."""
        return self._services.library.conversation(conversation).turns

    def delete_conversation(self, conversation: str) -> None:
        """Delete a conversation."""
        self._services.library.delete_conversation(conversation)
