"""Find models that were fetched before, in the cache of the Hugging Face tools. Asks no network."""

from pathlib import Path


def cached_model(name: str) -> Path | None:
    """Return the folder of the model `name` ("owner/model"); None where it is not in the cache."""
    # Imported here: it takes a third of a second, and most models are not named so.
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        config = try_to_load_from_cache(name, "config.json")
    except HFValidationError:  # such a name no model can have
        return None
    return Path(config).parent if isinstance(config, str) else None
