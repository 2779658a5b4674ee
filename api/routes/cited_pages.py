"""The page of a citation, which its link opens in a browser. Pincite's own."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse

from api.citing.page import find_cited_page
from api.citing.page_html import POLICY, render, render_message
from api.citing.page_links import LINK_PREFIX
from api.errors import PageLinkError
from api.openapi import error_responses
from api.routes.dependencies import AppServices, StoreName
from ingest.errors import CollectionNotFoundError, FileNotInLibraryError, PageNotFoundError
from rag.types import Verdict

router = APIRouter(tags=["pages"])

HEADERS = {"Content-Security-Policy": POLICY, "Cache-Control": "private, no-store"}
GONE = "This is no longer in the library: the document was removed or replaced since the answer was written."

Offset = Annotated[int, Query(ge=0, le=2**31, description="Offset in the document's text.")]
Signed = Annotated[str, Query(max_length=200, description="A part of a signed link, which is checked before.")]


@router.get(
    f"{LINK_PREFIX}{{store}}/{{file_id}}/{{number}}",
    response_class=HTMLResponse,
    responses={
        403: error_responses(PageLinkError)[403],
        404: {"description": GONE, "content": {"text/html": {"schema": {"type": "string"}}}},
    },
)
def show_cited_page(
    services: AppServices,
    store: StoreName,
    file_id: str,
    number: Annotated[int, Path(ge=1, le=1_000_000, description="The page on which the quote begins, from 1.")],
    start: Offset,
    end: Offset,
    verdict: Annotated[Verdict | None, Query(description="What was found of the sentence that cites it.")] = None,
    owner: Signed = "",
    expires: Signed = "",
    signature: Signed = "",
) -> HTMLResponse:
    """Show the page of a citation with its quote marked, as HTML for people. Pincite's own.

    An answer's `url_citation.url` is such a link. If the server asks for keys, the link is signed and expires; it opens
    this page alone, without a key.
    """
    try:
        document = services.library.document(services.library.collection(store).id, file_id)
        page = find_cited_page(services, document, number, start=start, end=end, verdict=verdict)
    except (CollectionNotFoundError, FileNotInLibraryError, PageNotFoundError):
        return HTMLResponse(render_message("Not in the library", GONE), 404, HEADERS)
    return HTMLResponse(render(page), headers=HEADERS)
