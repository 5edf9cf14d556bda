"""Where numba keeps what it has compiled: by the place of a source file within the project, wherever that lies.

Two checkouts of the same sources share their kernels, and so does an installation that is moved or made anew.
"""

from __future__ import annotations

from pathlib import Path

from numba.core.caching import UserProvidedCacheLocator

_ROOT = Path(__file__).resolve().parent.parent


class ProjectCacheLocator(UserProvidedCacheLocator):  # type: ignore[misc] # numba has no types
    """Numba's own locator of a configured directory, with another name for each subdirectory."""

    @classmethod
    def get_suitable_cache_subpath(cls, py_file: str) -> str:
        """As `tradsys_book` for a file in tradsys/book; numba's choice for a file that is not of the project."""
        path = Path(py_file).resolve()
        if not path.is_relative_to(_ROOT):
            return str(super().get_suitable_cache_subpath(py_file))
        return "_".join(path.relative_to(_ROOT).parent.parts) or "top"
