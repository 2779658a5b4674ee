"""Settings of the HTTP service: addresses, access and limits."""

import ipaddress
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import NoDecode

from api.wire.base import SourceStyle
from ingest.settings import MEGABYTE, IngestSettings, PinciteSettings, settings_file
from rag.settings import RagSettings

Names = Annotated[tuple[str, ...], NoDecode]

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
WILDCARD_HOSTS = ("0.0.0.0", "::")  # noqa: S104 (named in order to be recognised, never a default)


class SettingsError(Exception):
    """A setting has an invalid value."""

    exit_code = 2


class ApiSettings(PinciteSettings):
    """Address, guards and limits of the HTTP service, and the chat page's address."""

    host: str = Field(default="127.0.0.1", description="Address of the API; any other than loopback needs a key.")
    port: int = Field(default=1234, ge=0, le=65535, description="Port of the API; 0 picks a free port.")
    api_url: str | None = Field(
        default=None, description="URL of the API for `pincite ui`; default: the API on this machine."
    )
    ui_host: str = Field(default="127.0.0.1", description="Address of the chat page.")
    ui_port: int = Field(default=8501, ge=0, le=65535, description="Port of the chat page.")
    api_key: SecretStr | None = Field(
        default=None,
        description="The administrator's key, sent as `Authorization: Bearer <key>`; `pincite keys` makes others.",
    )
    allowed_hosts: Names = Field(
        default=(), description="Host names that the API accepts besides loopback, separated by commas."
    )
    allowed_origins: Names = Field(
        default=(), description="Origins that may call the API from a browser, separated by commas."
    )
    answer_sources: SourceStyle = Field(
        default="list",
        description="What the text of an answer from documents tells of its sources, if a request says nothing: `list` "
        "numbers them and lists them at its end, `numbers` only numbers them, `none` keeps the numbers of passages.",
    )
    lmstudio_port: int = Field(
        default=41343,
        ge=0,
        le=65535,
        description="Port of 127.0.0.1 at which LM Studio's SDKs find the server without being told its address, if it "
        "is free; 0: none.",
    )
    unknown_models: Literal["refuse", "default"] = Field(
        default="refuse",
        description="What a request for a model that is not there gets: an error, or the default model.",
    )
    public_url: str | None = Field(
        default=None,
        description="URL by which clients reach the API, in links to cited pages; default: the one of their request.",
    )
    page_link_hours: float = Field(
        default=168.0,
        gt=0,
        description="How long a link to a cited page opens it without a key, in hours; without keys links never end.",
    )
    max_request_mb: int = Field(default=8, ge=1, description="Largest request body in MB, file uploads excepted.")
    body_timeout_seconds: float = Field(
        default=10.0,
        gt=0,
        description="Longest pause of a client within a request body, in seconds; the whole body may take as long, "
        "and a second more for each kilobyte.",
    )
    load_patience_seconds: float = Field(
        default=120.0,
        ge=0,
        description="How long a request waits for a model that is loading, in seconds; then it gets status 503. "
        "Answers that are quoted without a model never wait.",
    )
    stop_grace_seconds: float = Field(
        default=10.0, ge=1, description="Longest time for running requests when the server stops, in seconds."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Log level on stderr.")

    @field_validator("allowed_hosts", "allowed_origins", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        """Accept `a,b` besides a list, so that an environment variable needs no JSON."""
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value

    @field_validator("public_url", mode="after")
    @classmethod
    def _check_public_url(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("the URL begins with http:// or https://")
        return None if value is None else value.rstrip("/")

    @field_validator("api_key", mode="after")
    @classmethod
    def _reject_empty_key(cls, value: SecretStr | None) -> SecretStr | None:
        """An empty key would look like protection and be none."""
        if value is not None and not value.get_secret_value().strip():
            raise ValueError("the key is empty; remove it, or set a long random one")
        return value

    @property
    def max_request_bytes(self) -> int:
        """The largest request body that is not a file upload."""
        return self.max_request_mb * MEGABYTE

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        return is_loopback(self.host)

    @property
    def host_names(self) -> frozenset[str]:
        """Every value of the Host header that is answered, in lower case and without a port."""
        own = () if self.host in WILDCARD_HOSTS else (bracketed(self.host),)
        return frozenset(name.lower() for name in (*LOOPBACK_NAMES, *own, *self.allowed_hosts))


def is_loopback(host: str) -> bool:
    """Return whether `host` is an address or name that only this machine can reach."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bracketed(host: str) -> str:
    """Return `host` as it stands in a URL: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


@dataclass(frozen=True, slots=True)
class AllSettings:
    """The settings of all packages, read for one home."""

    ingest: IngestSettings
    rag: RagSettings
    api: ApiSettings

    @property
    def home(self) -> Path:
        """Everything that Pincite stores."""
        return self.api.home

    def in_home(self, home: Path, *, model: str) -> "AllSettings":
        """Return the same settings for another home, and for the model that was chosen in this one."""
        return AllSettings(
            self.ingest.model_copy(update={"home": home}),
            self.rag.model_copy(update={"home": home, "model": model}),
            self.api.model_copy(update={"home": home}),
        )


def load_settings(**flags: object) -> AllSettings:
    """Read all settings; `flags` that are not None take precedence over every other source.

    Raises `SettingsError`, which names the setting at fault.
    """
    given: dict[str, Any] = {name: value for name, value in flags.items() if value is not None}
    try:
        _check_sources(given.get("home"))
        return AllSettings(IngestSettings(**given), RagSettings(**given), ApiSettings(**given))
    except ValidationError as error:
        raise SettingsError(_describe_invalid(error)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"pincite.toml in the home folder is not valid TOML: {error}") from error
    except OSError as error:
        raise SettingsError(f"pincite.toml in the home folder cannot be read: {error.strerror}") from error


def _describe_invalid(error: ValidationError) -> str:
    """Return which setting is invalid and why; a rule about several settings names them itself."""
    first = error.errors(include_input=False, include_url=False)[0]
    rule = first["msg"].removeprefix("Value error, ")
    name = "_".join(str(part) for part in first["loc"])
    return f"setting {name} (PINCITE_{name.upper()}): {rule}" if name else f"settings: {rule}"


def _check_sources(home: Path | None) -> None:
    """Refuse what the settings classes would ignore silently: an unknown setting, and an empty API key."""
    if os.environ.get("PINCITE_API_KEY") == "":
        raise SettingsError("setting api_key (PINCITE_API_KEY): the key is empty; unset it, or set a long random one")
    file = settings_file(home)
    if file.is_file():
        known = {name for part in (IngestSettings, RagSettings, ApiSettings) for name in part.model_fields}
        for name in tomllib.loads(file.read_text(encoding="utf-8")):
            if name not in known:
                raise SettingsError(
                    f"{file}: there is no setting {name!r}; docs/reference/settings.md lists the settings"
                )
