"""The tiny engine behind a renderer."""

from __future__ import annotations

import numpy as np
import pytest

from tests.engine.tiny import TinyEngine, tiny_engine


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyEngine:
    return tiny_engine(tmp_path_factory.getbasetemp())


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)
