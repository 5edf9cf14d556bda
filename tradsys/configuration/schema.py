"""The JSON schema of configuration files, for editors and other tools: config/validation/schema.json.

`tradsys config schema > config/validation/schema.json` writes it, from the types alone.
"""

from __future__ import annotations

import inspect
from typing import Any

import msgspec

from tradsys.configuration.sections import Configuration

FILE = "schema.json"


def schema() -> dict[str, Any]:
    """The schema, draft 2020-12. What holds between settings is not in it."""
    described = msgspec.json.schema(Configuration)
    for section in described["$defs"].values():
        section["description"] = inspect.cleandoc(section["description"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "TradSys configuration", **described}


def schema_text() -> bytes:
    """As the file has it."""
    return msgspec.json.format(msgspec.json.encode(schema()), indent=2) + b"\n"
