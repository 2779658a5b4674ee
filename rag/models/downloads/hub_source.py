"""Fetch a file from the Hugging Face hub, or the mirror that HF_ENDPOINT names. Goes on where it was cut off."""

from pathlib import Path

from rag.models.downloads.errors import SourceError
from rag.models.downloads.offers import ModelOffer

SOURCE = "the hub"


def fetch_from_hub(offer: ModelOffer, folder: Path) -> Path:
    """Return the fetched file in `folder`; raises `SourceError`.

    The Hugging Face library honours its own settings (HF_ENDPOINT, HF_TOKEN, proxies) and shows the progress on stderr.
    """
    # Imported here: it takes a third of a second, and no other command needs it.
    import httpx
    from huggingface_hub import hf_hub_download  # pyright: ignore[reportUnknownVariableType] (a bare `dict`)
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    try:
        path = hf_hub_download(offer.hub.repository, offer.hub.name, local_dir=folder)
    except OfflineModeIsEnabled as error:
        raise SourceError(source=SOURCE, detail="HF_HUB_OFFLINE forbids to ask it") from error
    except (HfHubHTTPError, LocalEntryNotFoundError, httpx.HTTPError, OSError) as error:
        raise SourceError(source=SOURCE, detail=_first_line(error)) from error
    return Path(path)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].strip().rstrip(".") if lines else type(error).__name__
