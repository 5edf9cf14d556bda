"""The shared library, driven through its C interface from Python and from a plain C program."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import flows
from bench.abi.build import BuildError, build, compiler
from shm.jit import JIT_DISABLED

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 250

# A sell of 5, of which a buy of 3 takes a part, through a queue of the program's own; then a buy that rests.
C_PROGRAM = r"""
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    uint64_t order_id, sequence_number;
    int64_t price_ticks;
    uint32_t quantity;
    uint8_t side, ioc, reserved[2];
} new_order_t;
typedef struct {
    uint8_t type, side, reserved[6];
    uint64_t sequence_number, order_id;
    int64_t price_ticks;
    uint32_t quantity, reserved2;
    uint64_t maker_order_id, taker_order_id, reserved3;
} me_report_t;
typedef struct {
    void *(*create)(uint32_t);
    int (*push)(void *, const me_report_t *);
    void *rest[3];
} me_transport_t;

static int refused;
static int push(void *handle, const me_report_t *report) {
    if (refused++ % 2 == 0) return 0; /* full every other time */
    printf("%d %llu %llu %lld %u %llu %llu\n", report->type, (unsigned long long)report->sequence_number,
           (unsigned long long)report->order_id, (long long)report->price_ticks, report->quantity,
           (unsigned long long)report->maker_order_id, (unsigned long long)report->taker_order_id);
    return handle != NULL;
}

int main(int count, char **arguments) {
    void *library = dlopen(arguments[count - 1], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) { puts(dlerror()); return 1; }
    void (*init)(uint64_t, const me_transport_t *, void *) = dlsym(library, "engine_init");
    void (*enter)(const new_order_t *) = dlsym(library, "engine_on_new_order");
    int64_t (*best_bid)(void) = dlsym(library, "engine_query_best_bid");
    uint64_t (*depth)(int64_t, uint8_t) = dlsym(library, "engine_query_depth_at");
    me_transport_t transport = {.push = push};
    init(1, &transport, &transport);
    enter(&(new_order_t){1, 10, -7, 5, 1, 0, {0}});
    enter(&(new_order_t){2, 11, -6, 3, 0, 0, {0}});
    enter(&(new_order_t){3, 12, -9, 4, 0, 0, {0}});
    printf("%lld %llu\n", (long long)best_bid(), (unsigned long long)depth(-7, 1));
    return 0;
}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if JIT_DISABLED:
        pytest.skip("the shared library needs compiled kernels")
    try:
        return build(tmp_path_factory.mktemp("abi") / "libtradsys.so")
    except BuildError as error:
        if " failed:" in str(error):
            raise
        pytest.skip(str(error))


def drive(library: Path, *arguments: str) -> dict[str, Any]:
    """What a program of abi_driver prints."""
    command = [sys.executable, "-m", "tests.bench.abi_driver", str(library), *arguments]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    result: dict[str, Any] = json.loads(ran.stdout)
    return result


@pytest.mark.parametrize("batch", [0, 1, 100], ids=["singly", "in batches of one", "in batches of a hundred"])
def test_the_library_reproduces_the_published_reports(library: Path, data: Path, batch: int) -> None:
    path = data / flows.NORMAL_SEED23_FILE
    if not path.exists():
        pytest.skip(f"the benchmark's workload is not here: {path}")
    told = drive(library, "replay", str(path), str(batch))
    assert told == {"reports": flows.NORMAL_SEED23_REPORTS, "sha256": flows.NORMAL_SEED23_SHA256}


@pytest.mark.parametrize("base_ticks", [0, 34_000, -(1 << 40), (1 << 63) - 200])
def test_best_prices_and_depth_are_the_reference_books(library: Path, seed: int, base_ticks: int) -> None:
    assert drive(library, "audit", str(seed), str(base_ticks))["checks"] > 0


def test_reports_that_others_push_stand_in_their_order_among_the_engines(library: Path) -> None:
    told = drive(library, "pushed")
    own = str(1 << 40)
    assert told["order"] == ["10", own, "20", own, "30"]
    assert told["unchanged"] == told["accepted"] < 1024, "the ring says when it is full"


def test_a_plain_c_program_can_load_it_and_use_a_queue_of_its_own(library: Path, tmp_path: Path) -> None:
    source, program = tmp_path / "program.c", tmp_path / "program"
    source.write_text(C_PROGRAM)
    subprocess.run([*shlex.split(compiler()), "-o", str(program), str(source), "-ldl"], check=True, timeout=TIMEOUT_S)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    ran = subprocess.run(
        [program, library], env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert ran.stdout.splitlines() == [
        "0 10 1 -7 5 0 0",
        "0 11 2 -6 3 0 0",
        "1 11 2 -7 3 1 2",
        "0 12 3 -9 4 0 0",
        "-9 2",
    ]
