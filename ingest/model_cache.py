"""Find models on disk: in a folder, or in the cache of the Hugging Face tools. Asks no network."""

from pathlib import Path


def model_folder(name: str) -> Path | None:
    """Return the folder that a setting names: its path, or a model ("owner/model") in the cache; None for neither."""
    if Path(name).is_dir():
        return Path(name)
    # Imported here: it takes a third of a second, and most models are not named so.
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        config = try_to_load_from_cache(name, "config.json")
    except HFValidationError:  # such a name no model can have
        return None
    return Path(config).parent if isinstance(config, str) else None
