"""The settings of the chat page, read from `PINCITE_*` variables."""

from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class UiSettings(BaseSettings):
    """The chat page's settings; all others are the API's."""

    model_config = SettingsConfigDict(env_prefix="PINCITE_", extra="ignore")

    api_url: str = Field(default="http://127.0.0.1:1234", description="URL of the API for the chat page.")
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Host names that the chat page accepts besides loopback, separated by commas."
    )
    max_upload_mb: int = Field(default=500, ge=1, description="Largest file that can be uploaded, in MB.")

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        """Accept `a,b`, so that an environment variable needs no JSON."""
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value

    @field_validator("api_url")
    @classmethod
    def _drop_last_slash(cls, value: str) -> str:
        return value.rstrip("/")
