"""The schema that editors use, and the constraints, are those of the types."""

from __future__ import annotations

import json

from tradsys.configuration import Configuration
from tradsys.configuration.constraints import FILE as CONSTRAINTS
from tradsys.configuration.constraints import constraints
from tradsys.configuration.schema import FILE, schema, schema_text
from tradsys.configuration.sources import directory
from workers.topology import SHARDED_CORES_MIN


def test_the_schema_that_is_shipped_is_that_of_the_types() -> None:
    shipped = (directory() / "validation" / FILE).read_bytes()
    assert shipped == schema_text(), "tradsys config schema > config/validation/schema.json"
    assert json.loads(shipped) == schema()


def test_the_schema_knows_every_section_and_nothing_else() -> None:
    described = schema()["$defs"]["Configuration"]
    assert list(described["properties"]) == list(Configuration.__struct_fields__)
    assert described["additionalProperties"] is False
    assert "required" not in described or not described["required"], "a file says only what it changes"


def test_each_constraint_has_a_name_of_its_own_and_says_what_would_be_right() -> None:
    names = [constraint.id for constraint in constraints()]
    assert len(set(names)) == len(names)
    assert all(constraint.problem and constraint.remedy for constraint in constraints())


def test_the_constraints_know_from_how_many_cores_on_a_venue_is_sharded() -> None:
    spinning = next(constraint for constraint in constraints() if constraint.id == "spinning-shards")
    assert f"host.cores < {SHARDED_CORES_MIN}" in spinning.holds, CONSTRAINTS
