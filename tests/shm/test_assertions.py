from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shm.assertions import DEBUG, without_assertions
from shm.jit import JIT_DISABLED
from tests.shm import asserting_kernels as kernels

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import numpy as np
from tests.shm.asserting_kernels import take_both
print(take_both(np.array([1, 0], np.int64)))
"""


def run(**variables: str) -> subprocess.CompletedProcess[str]:
    """A process that takes one from a word that is empty."""
    command, environment = [sys.executable, "-c", PROGRAM], os.environ | variables
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)


def source_of(function: Any) -> Any:
    return function if JIT_DISABLED else function.py_func


@pytest.mark.skipif(not (DEBUG or JIT_DISABLED), reason="the release build has no assertions")
@pytest.mark.parametrize(("words", "sum_of_words"), [([2, 3], 3), ([0, 3], None), ([2, 0], None)])
def test_an_assertion_in_a_kernel_is_an_exception_wherever_the_kernel_stands(
    words: list[int], sum_of_words: int | None
) -> None:
    array = np.array(words, np.int64)
    if sum_of_words is not None:
        assert kernels.take_both(array) == sum_of_words
        return
    with pytest.raises(AssertionError, match="nothing is taken from an empty word"):
        kernels.take_both(array)


@pytest.mark.parametrize(
    "variables",
    [{"TRADSYS_DEBUG": "1", "NUMBA_DISABLE_JIT": "0"}, {"TRADSYS_DEBUG": "0", "NUMBA_DISABLE_JIT": "1"}],
    ids=["debug build", "without the JIT"],
)
def test_a_process_whose_kernel_finds_its_state_broken_ends_with_the_words(variables: dict[str, str]) -> None:
    ended = run(**variables)
    assert ended.returncode != 0
    assert ended.stdout == ""
    assert "asserting_kernels.py" in ended.stderr
    assert ended.stderr.endswith("AssertionError: nothing is taken from an empty word\n")


def test_the_release_build_does_not_look() -> None:
    ended = run(TRADSYS_DEBUG="0", NUMBA_DISABLE_JIT="0")
    assert (ended.returncode, ended.stdout) == (0, "-1\n"), ended.stderr


def test_the_release_build_compiles_what_it_would_if_there_were_no_assertion() -> None:
    with_one, without_one = source_of(kernels.take_one), source_of(kernels.take_one_boldly)
    stripped = without_assertions(with_one)
    assert stripped.__code__.co_code == without_one.__code__.co_code
    assert with_one.__code__.co_code != without_one.__code__.co_code
    assert (stripped.__name__, stripped.__module__) == (with_one.__name__, with_one.__module__)
