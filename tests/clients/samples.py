"""The documents that the clients' programs ask about."""

from pathlib import Path

from openai import OpenAI

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
STORE = "default"


def add_samples(url: str) -> None:
    """Put the sample documents into the collection `default` of a server, unless it holds them already."""
    with OpenAI(base_url=f"{url}/v1", api_key="none", timeout=240) as client:
        store = next((store for store in client.vector_stores.list() if store.name == STORE), None)
        store = store or client.vector_stores.create(name=STORE)
        if store.file_counts.total:
            return
        for path in sorted(SAMPLES.iterdir()):
            if not path.name.startswith("."):
                client.vector_stores.files.upload_and_poll(file=path, vector_store_id=store.id)
