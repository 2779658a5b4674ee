"""Settings and their sources: flags, then `PINCITE_*` variables, then `pincite.toml` in the home folder."""

import os
from pathlib import Path

import platformdirs
from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

CHECKOUT = Path(__file__).resolve().parent.parent
MEGABYTE = 1_000_000


def default_home() -> Path:
    """Return `data/` of the checkout when run from one, else the platform's folder for user data."""
    if (CHECKOUT / "pyproject.toml").is_file() and (CHECKOUT / "data" / "samples").is_dir():
        return CHECKOUT / "data"
    return Path(platformdirs.user_data_dir("pincite", appauthor=False))


def settings_file(home: Path | None) -> Path:
    """Return the path of `pincite.toml`: in `home`, else in the home that the environment names."""
    return Path(home or os.environ.get("PINCITE_HOME") or default_home()) / "pincite.toml"


class PinciteSettings(BaseSettings):
    """Base of every package's settings: the sources and their order."""

    # Every package reads its own fields from one file; `api.settings.load_settings` refuses fields of none.
    model_config = SettingsConfigDict(env_prefix="PINCITE_", env_ignore_empty=True, extra="ignore")

    home: Path = Field(default_factory=default_home, description="Everything that Pincite stores.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read flags first, then the environment, then `pincite.toml`."""
        file = settings_file(init_settings().get("home"))
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=file)


class IngestSettings(PinciteSettings):
    """Settings of ingestion."""

    embedder: str = Field(
        default="bundled",
        description="`bundled` (all-MiniLM-L6-v2), the folder of a sentence-transformers model, or the name of one that"
        " is in the Hugging Face cache.",
    )
    embed_batch: int = Field(default=16, ge=1, le=256, description="Texts that the embedder embeds in one batch.")
    chunk_tokens: int = Field(
        default=200, ge=32, description="Longest chunk, in word pieces of the embedder, with its title and headings."
    )
    parser_workers: int = Field(
        default_factory=lambda: max(1, min(4, os.cpu_count() or 1)),
        ge=1,
        le=32,
        description="Processes that parse files.",
    )
    parser_timeout_seconds: float = Field(
        default=300.0,
        gt=0,
        description="Seconds that a parser may run for the next pages of a file (at most 32, or 4 by OCR).",
    )
    parser_file_timeout_seconds: float = Field(
        default=900.0,
        gt=0,
        description="Seconds that a parser may run for one file in all; pages that are read by OCR do not count.",
    )
    parser_cpu_seconds: float = Field(
        default=10.0,
        gt=0,
        description="Seconds of processor time that a parser may use for one piece of a file, and a quarter of that"
        " more for each MB of the file; OCR does not count.",
    )
    ocr: bool = Field(default=True, description="Read the text in pictures and scanned pages.")
    parser_memory_mb: int = Field(default=3072, ge=512, description="Memory limit of a parser process, in MB.")
    max_upload_mb: int = Field(default=500, ge=1, description="Largest file that is ingested, in MB.")

    @property
    def max_upload_bytes(self) -> int:
        """The largest file that is ingested, in bytes."""
        return self.max_upload_mb * MEGABYTE
