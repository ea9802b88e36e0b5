"""The tiny engine, and one thread for torch: the machine's other cores are not ours."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from tests.engine.tiny import TinyEngine, tiny_engine


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyEngine:
    return tiny_engine(tmp_path_factory.getbasetemp())


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)
