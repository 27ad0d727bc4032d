"""What the operator of a gateway sets, each with its default."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One gateway in front of one engine. The command's options say what each is for."""

    upstream: str
    url: str
    format: str = "auto"
    template: Path | None = None
    model: str | None = None
    api_key: str | None = None
    upstream_key: str | None = None
    max_tokens: int | None = None
    max_body: int = 8 * 1024 * 1024
    max_requests: int = 512
    timeout: float = 600.0
    stall: float = 120.0
    log_text: bool = False
    constrain: bool = True
