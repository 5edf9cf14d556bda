/* The C interface of the public matching-engine benchmark over machine code that numba makes of the kernel.
 *
 * Python is needed once, to load that machine code: in a process that runs Python already its interpreter is used,
 * in any other one is started. What the benchmark measures then goes through plain function pointers.
 */

#define _GNU_SOURCE
#include <Python.h>

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "matching_engine.h"

#define REPORTS_MIN 1024u /* a ring smaller than one step's reports would never have room */
#define HUGE_PAGE (2u << 20)

/* Filled by callbacks.connect(), in this order. */
static struct machine_code {
    int64_t (*deliver)(int64_t table, const me_msg_t *messages, int64_t count);
    int64_t (*flush)(int64_t table);
    int64_t (*best_price)(int64_t table, int64_t side);
    int64_t (*depth_at)(int64_t table, int64_t price_ticks, int64_t side);
    int64_t (*push)(void *handle, const me_report_t *report);
    int64_t (*drain)(void *handle, me_report_t *out, int64_t max);
} code;

static int64_t engine;                    /* the table of the engine's memory, 0 when there is none */
static const me_transport_t *sink_transport; /* NULL when the harness's sink is a ring of ours */
static void *sink;
static void *ring;                        /* where the engine reports to */
static void *own_ring;                    /* the same when it is the engine's alone */

/* Python's functions are looked up and not linked: an executable may bring its own copy of them. */
static void *symbol(const char *name) {
    void *found = dlsym(RTLD_DEFAULT, name);
    if (found == NULL) {
        fprintf(stderr, "libtradsys: Python has no %s\n", name);
        abort();
    }
    return found;
}
#define PYTHON(name) ((__typeof__(&name))symbol(#name))

static void start_interpreter(void) {
    PyPreConfig preparation;
    PyConfig config;
    PYTHON(PyPreConfig_InitIsolatedConfig)(&preparation);
    preparation.utf8_mode = 1;
    PyStatus status = PYTHON(Py_PreInitialize)(&preparation);
    if (!PYTHON(PyStatus_Exception)(status)) {
        PYTHON(PyConfig_InitIsolatedConfig)(&config);
        status = PYTHON(PyConfig_SetBytesString)(&config, &config.program_name, TRADSYS_PYTHON);
        if (!PYTHON(PyStatus_Exception)(status)) {
            status = PYTHON(Py_InitializeFromConfig)(&config);
        }
        PYTHON(PyConfig_Clear)(&config);
    }
    if (PYTHON(PyStatus_Exception)(status)) {
        PYTHON(Py_ExitStatusException)(status);
    }
    PYTHON(PyEval_SaveThread)();
}

/* Extension modules find Python's functions only among the global symbols. */
static void find_python(void) {
    if (dlsym(RTLD_DEFAULT, "Py_IsInitialized") == NULL && dlopen(TRADSYS_LIBPYTHON, RTLD_NOW | RTLD_GLOBAL) == NULL) {
        fprintf(stderr, "libtradsys: %s\n", dlerror());
        abort();
    }
    if (!PYTHON(Py_IsInitialized)()) {
        start_interpreter();
    }
}

/* bench.abi.callbacks.<name>(first, second) as an integer; ends the process when it fails. */
static int64_t call(const char *name, uint64_t first, uint64_t second) {
    PyGILState_STATE lock = PYTHON(PyGILState_Ensure)();
    PyObject *path = PYTHON(PySys_GetObject)("path");
    PyObject *root = PYTHON(PyUnicode_FromString)(TRADSYS_ROOT);
    if (PYTHON(PySequence_Contains)(path, root) == 0) {
        PYTHON(PyList_Insert)(path, 0, root);
    }
    PYTHON(Py_DecRef)(root);
    PyObject *module = PYTHON(PyImport_ImportModule)("bench.abi.callbacks");
    PyObject *result = module ? PYTHON(PyObject_CallMethod)(module, name, "KK", first, second) : NULL;
    if (result == NULL) {
        PYTHON(PyErr_Print)();
        fprintf(stderr, "libtradsys: %s failed\n", name);
        abort();
    }
    int64_t value = PYTHON(PyLong_AsLongLong)(result);
    PYTHON(Py_DecRef)(result);
    PYTHON(Py_DecRef)(module);
    PYTHON(PyGILState_Release)(lock);
    return value;
}

static void load(void) {
    find_python();
    call("connect", (uint64_t)&code, sizeof code / sizeof(void *));
}

static void load_once(void) {
    static pthread_once_t loaded = PTHREAD_ONCE_INIT;
    pthread_once(&loaded, load);
}

/* The transport: the project's single-producer, single-consumer ring in private memory. */

static void *ring_create(uint32_t capacity) {
    uint64_t slots = REPORTS_MIN;
    while (slots < 2ull * capacity) { /* not every event is a report, and half of a ring may be written unseen */
        slots *= 2;
    }
    load_once();
    size_t bytes = (size_t)call("ring_bytes", slots, 0);
    bytes = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    void *handle = aligned_alloc(HUGE_PAGE, bytes);
    if (handle != NULL) {
        madvise(handle, bytes, MADV_HUGEPAGE);
        memset(handle, 0, bytes);
        call("initialise_ring", (uint64_t)handle, slots);
    }
    return handle;
}

static void ring_flush(void *handle) {
    if (handle == ring && engine != 0) {
        code.flush(engine);
    }
}

static int ring_push(void *handle, const me_report_t *report) {
    ring_flush(handle);
    return (int)code.push(handle, report);
}

static uint32_t ring_drain(void *handle, me_report_t *out, uint32_t max) {
    return (uint32_t)code.drain(handle, out, max);
}

static void ring_destroy(void *handle) { free(handle); }

static const me_transport_t transport = {ring_create, ring_push, ring_drain, ring_flush, ring_destroy};

EXPORTED const me_transport_t *engine_get_transport(void) {
    load_once();
    return &transport;
}

/* The engine. */

EXPORTED void engine_shutdown(void) {
    if (engine != 0) {
        call("close_engine", 0, 0);
        engine = 0;
    }
    free(own_ring);
    own_ring = ring = NULL;
}

EXPORTED void engine_init(uint64_t seed, const me_transport_t *chosen, void *report_sink) {
    (void)seed; /* nothing here is left to chance */
    load_once();
    engine_shutdown();
    sink = report_sink;
    sink_transport = chosen == NULL || chosen->push == ring_push ? NULL : chosen;
    ring = report_sink;
    if (sink_transport != NULL) {
        ring = own_ring = ring_create(REPORTS_MIN);
    }
    engine = call("open_engine", (uint64_t)ring, 0);
}

/* Hand what is in the engine's own ring to a transport of the harness. */
static void pass_on(void) {
    me_report_t reports[64];
    int64_t count;
    code.flush(engine);
    while ((count = code.drain(ring, reports, 64)) > 0) {
        for (int64_t number = 0; number < count; number++) {
            while (!sink_transport->push(sink, &reports[number])) {
                sched_yield();
            }
        }
    }
}

static void deliver(const me_msg_t *messages, uint32_t count) {
    if (sink_transport == NULL) {
        while (count > 0) {
            int64_t done = code.deliver(engine, messages, count);
            messages += done;
            count -= (uint32_t)done;
        }
        return;
    }
    while (count > 0) { /* one by one: the reports of each are pushed before the next is looked at */
        int64_t done = code.deliver(engine, messages, 1);
        pass_on();
        messages += done;
        count -= (uint32_t)done;
    }
}

EXPORTED void engine_on_new_order(const new_order_t *order) {
    me_msg_t message = {.type = 0, .payload.new_order = *order};
    deliver(&message, 1);
}

EXPORTED void engine_on_cancel(const cancel_t *cancel) {
    me_msg_t message = {.type = 1, .payload.cancel = *cancel};
    deliver(&message, 1);
}

EXPORTED void engine_on_modify(const modify_t *modify) {
    me_msg_t message = {.type = 2, .payload.modify = *modify};
    deliver(&message, 1);
}

EXPORTED void engine_on_batch(const me_msg_t *messages, uint32_t count) { deliver(messages, count); }

EXPORTED void engine_flush(void) { code.flush(engine); }

EXPORTED int64_t engine_query_best_bid(void) { return code.best_price(engine, 0); }

EXPORTED int64_t engine_query_best_ask(void) { return code.best_price(engine, 1); }

EXPORTED uint64_t engine_query_depth_at(int64_t price_ticks, uint8_t side) {
    return (uint64_t)code.depth_at(engine, price_ticks, side);
}
