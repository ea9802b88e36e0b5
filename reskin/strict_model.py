"""What every checked table of TOML and every checked message is. Knows nothing of what they hold."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class StrictModel(BaseModel):
    """Frozen; an unknown key, a value of another type, "nan" and "inf" are each a ValidationError."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
