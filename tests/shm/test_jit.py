from __future__ import annotations

import re
from typing import Any

import pytest
from numba.core.caching import NullCache

from shm.jit import JIT_DISABLED, kernel_entry
from shm.kernelcache import ProjectCacheLocator
from tests.shm import table_kernels as kernels

pytestmark = pytest.mark.skipif(JIT_DISABLED, reason="nothing is compiled")


def compiled(function: Any, *arguments: Any) -> str:
    """The optimised LLVM of a kernel entry for arguments like these, compiled here and not loaded."""
    fresh: Any = kernel_entry(function.py_func)
    fresh._cache = NullCache()
    fresh(*arguments)
    (listing,) = fresh.inspect_llvm().values()
    return str(listing)


def test_a_kernel_entry_stays_a_call_and_a_kernel_becomes_part_of_its_caller() -> None:
    listing = compiled(kernels.weigh_thrice, kernels.open_office(), 7)
    calls = [line for line in listing.splitlines() if re.search(r"\bcall\b", line)]
    assert len([line for line in calls if "weigh" in line and "thrice" not in line]) == 3
    assert not [line for line in calls if "twice" in line]


def test_constants_as_arguments_compile_nothing_anew() -> None:
    office = kernels.open_office()
    office.words[:] = (1, 10, 100)
    assert kernels.weigh_thrice(office, 7) == 111 * (3 + 5 + 7) + 14 + 14
    weigh: Any = kernels.weigh
    kernels.weigh(office, 7)
    kernels.weigh(office, 8)
    assert len(weigh.signatures) == 1


def test_compiled_kernels_lie_where_another_checkout_of_the_same_sources_looks_for_them() -> None:
    place = ProjectCacheLocator.get_suitable_cache_subpath
    assert place(kernels.__file__) == "tests_shm"
    assert kernels.weigh._cache.cache_path.endswith("/tests_shm")  # type: ignore[attr-defined]
    assert place("/elsewhere/tests/shm/kernels.py") != "tests_shm"
