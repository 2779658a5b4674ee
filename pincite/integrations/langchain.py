# pyright: basic, reportMissingImports=false
"""A retriever for LangChain: `pip install 'pincite[langchain]'`."""

from typing import Any

try:
    from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever
except ImportError as error:
    raise ImportError("LangChain is not installed: pip install 'pincite[langchain]'") from error

from pincite.async_client import AsyncClient
from pincite.calls import DEFAULT_COLLECTION, DEFAULT_URL
from pincite.client import Client
from pincite.integrations.pins import pin_of


class PinciteRetriever(BaseRetriever):
    """Returns the passages of a collection that fit a query best; the metadata of each say its exact place."""

    url: str = DEFAULT_URL
    api_key: str | None = None
    collection: str = DEFAULT_COLLECTION
    top_k: int = 8
    filters: dict[str, Any] | None = None

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        with Client(self.url, api_key=self.api_key) as client:
            found = client.search(query, self.collection, top_k=self.top_k, filters=self.filters)
        return [Document(result.content[0].text, metadata=pin_of(result)) for result in found]

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun
    ) -> list[Document]:
        async with AsyncClient(self.url, api_key=self.api_key) as client:
            found = await client.search(query, self.collection, top_k=self.top_k, filters=self.filters)
        return [Document(result.content[0].text, metadata=pin_of(result)) for result in found]
