"""How one model is loaded if a request says it: what differs from the settings."""

from dataclasses import dataclass

from rag.settings import RagSettings


@dataclass(frozen=True, slots=True)
class LoadOverrides:
    """Settings of one model for as long as it stays loaded; None leaves what the settings say."""

    context_window: int | None = None
    flash_attention: bool | None = None
    kv_on_gpu: bool | None = None

    def apply(self, settings: RagSettings) -> RagSettings:
        """Return the settings with which the model is loaded."""
        flash = None if self.flash_attention is None else ("on" if self.flash_attention else "off")
        named = {"context_window": self.context_window, "flash_attention": flash, "kv_on_gpu": self.kv_on_gpu}
        return settings.model_copy(update={name: value for name, value in named.items() if value is not None})
