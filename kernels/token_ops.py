"""The Triton token ops under one name, as `engine.token_painter` takes its ops. Imports triton."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from kernels.modulated_qkv import modulated_qkv
from kernels.modulated_up import modulated_up
from kernels.projected import projected
from kernels.ring_attention import ring_attention


@dataclass(frozen=True, kw_only=True)
class TritonTokenOps:
    """`pdl`: a kernel may be set up while the one before still runs (programmatic dependent launch, Hopper on)."""

    pdl: bool = False

    def modulated_qkv(self, *arguments: Any) -> Tensor:
        return modulated_qkv(*arguments, pdl=self.pdl)

    def ring_attention(self, *arguments: Any) -> Tensor:
        return ring_attention(*arguments, pdl=self.pdl)

    def projected(self, *arguments: Any) -> Tensor:
        return projected(*arguments, pdl=self.pdl)

    def modulated_up(self, *arguments: Any) -> Tensor:
        return modulated_up(*arguments, pdl=self.pdl)
