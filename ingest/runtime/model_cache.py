"""Find models on disk: in a folder, or in the cache of the Hugging Face tools. Asks no network."""

from pathlib import Path

GGUF_SUFFIX = ".gguf"


def find_model_folder(name: str) -> Path | None:
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


def find_gguf_file(name: str) -> Path | None:
    """Return the GGUF file that a setting names: its path, or a folder or a model in the cache that holds one alone."""
    if Path(name).suffix == GGUF_SUFFIX and Path(name).is_file():
        return Path(name)
    folder = Path(name) if Path(name).is_dir() else _snapshot(name)
    files = list(folder.glob(f"*{GGUF_SUFFIX}")) if folder else []
    return files[0] if len(files) == 1 else None


def _snapshot(name: str) -> Path | None:
    """Return the folder of a model in the cache, whatever is in it: most that hold GGUF files have no `config.json`."""
    from huggingface_hub import snapshot_download  # pyright: ignore[reportUnknownVariableType] (a bare `dict`)
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (HFValidationError, LocalEntryNotFoundError):
        return None
