# pyright: basic, reportMissingImports=false
"""A retriever for LlamaIndex: `pip install 'pincite[llama-index]'`."""

from typing import Any

try:
    from llama_index.core.retrievers import BaseRetriever
    from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
except ImportError as error:
    raise ImportError("LlamaIndex is not installed: pip install 'pincite[llama-index]'") from error

from api.wire.search import SearchResult
from pincite.async_client import AsyncClient
from pincite.calls import DEFAULT_COLLECTION, DEFAULT_URL
from pincite.client import Client
from pincite.integrations.pins import pin_of


class PinciteRetriever(BaseRetriever):
    """Returns the passages of a collection that fit a query best; the metadata of each say its exact place."""

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        api_key: str | None = None,
        collection: str = DEFAULT_COLLECTION,
        top_k: int = 8,
        filters: dict[str, Any] | None = None,
    ) -> None:
        self._url = url
        self._api_key = api_key
        self._collection = collection
        self._top_k = top_k
        self._filters = filters
        super().__init__()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        with Client(self._url, api_key=self._api_key) as client:
            found = client.search(query_bundle.query_str, self._collection, top_k=self._top_k, filters=self._filters)
        return [_node(result) for result in found]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        async with AsyncClient(self._url, api_key=self._api_key) as client:
            found = await client.search(
                query_bundle.query_str, self._collection, top_k=self._top_k, filters=self._filters
            )
        return [_node(result) for result in found]


def _node(result: SearchResult) -> NodeWithScore:
    pin = pin_of(result)
    node = TextNode(
        id_=f"{result.file_id}:{pin['start']}-{pin['end']}",
        text=result.content[0].text,
        metadata=pin,
        start_char_idx=pin["start"],
        end_char_idx=pin["end"],
        excluded_llm_metadata_keys=[key for key in pin if key not in ("filename", "place")],
        excluded_embed_metadata_keys=list(pin),
    )
    return NodeWithScore(node=node, score=result.score)
