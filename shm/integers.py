"""Integers of kernels."""

from __future__ import annotations

from typing import Any

import numpy as np

from shm.jit import kernel


@kernel
def signed(value: Any) -> int:
    """Any integer or boolean field as a signed 64-bit number; mixing signed and unsigned would give floats."""
    return np.int64(value)  # type: ignore[return-value]
