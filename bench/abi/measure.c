/* One timed run of a library with the public benchmark's C interface: this thread delivers the messages, another one,
 * on a core of its own, takes the reports out of the library's transport into memory that nobody has touched yet.
 */

#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "matching_engine.h"

#define REPORTS_A_DRAIN 256

/* The library's functions, and what is measured; as `_Run` in measure.py. */
struct run {
    void (*init)(uint64_t seed, const me_transport_t *transport, void *sink);
    void (*shutdown)(void);
    void (*on_payload[3])(const void *payload);
    void (*on_batch)(const me_msg_t *messages, uint32_t count);
    void (*flush)(void);
    const me_transport_t *(*transport)(void);
    const me_msg_t *messages;
    uint64_t count;
    uint64_t batch; /* messages a call; 0: each through the function of its type */
    uint64_t capacity;
    int64_t core, drain_core; /* -1: wherever */
    uint64_t reports_max;
    /* results */
    uint64_t elapsed_ns, cpu_ns, drained_ns, reports;
    me_report_t *collected; /* given back with measure_free() */
};

struct drain {
    const struct run *run;
    const me_transport_t *transport;
    void *sink;
    me_report_t *collected;
    uint64_t reports;
    atomic_int ready, finished;
};

static uint64_t now_ns(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void pin(int64_t core) {
    if (core >= 0) {
        cpu_set_t cores;
        CPU_ZERO(&cores);
        CPU_SET((size_t)core, &cores);
        sched_setaffinity(0, sizeof cores, &cores);
    }
}

static void *drain_all(void *argument) {
    struct drain *drain = argument;
    me_report_t batch[REPORTS_A_DRAIN];
    pin(drain->run->drain_core);
    atomic_store(&drain->ready, 1);
    for (;;) {
        int finished = atomic_load_explicit(&drain->finished, memory_order_acquire);
        uint32_t count = drain->transport->drain(drain->sink, batch, REPORTS_A_DRAIN);
        if (count == 0) {
            if (finished) {
                return NULL;
            }
#if defined(__x86_64__) || defined(__i386__)
            __builtin_ia32_pause();
#endif
        }
        if (drain->reports + count > drain->run->reports_max) {
            abort();
        }
        memcpy(drain->collected + drain->reports, batch, count * sizeof *batch);
        drain->reports += count;
    }
}

static void deliver(const struct run *run) {
    const me_msg_t *messages = run->messages;
    if (run->batch == 0) {
        for (uint64_t number = 0; number < run->count; number++) {
            run->on_payload[messages[number].type](&messages[number].payload);
        }
        return;
    }
    for (uint64_t first = 0; first < run->count; first += run->batch) {
        uint64_t rest = run->count - first;
        run->on_batch(messages + first, (uint32_t)(rest < run->batch ? rest : run->batch));
    }
}

/* A fresh engine, the whole flow, everything drained; 0 when there is no memory or no thread for it. */
EXPORTED int measure_run(struct run *run) {
    size_t bytes = run->reports_max * sizeof(me_report_t);
    struct drain drain = {.run = run, .transport = run->transport()};
    drain.collected = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    drain.sink = drain.transport->create((uint32_t)run->capacity);
    if (drain.collected == MAP_FAILED || drain.sink == NULL) {
        return 0;
    }
    pthread_t thread;
    if (pthread_create(&thread, NULL, drain_all, &drain) != 0) {
        return 0;
    }
    pin(run->core);
    run->init(1, drain.transport, drain.sink);
    while (!atomic_load(&drain.ready)) {
        sched_yield();
    }
    uint64_t begun_cpu_ns = now_ns(CLOCK_THREAD_CPUTIME_ID), begun_ns = now_ns(CLOCK_MONOTONIC);
    deliver(run);
    run->flush();
    drain.transport->flush(drain.sink);
    run->elapsed_ns = now_ns(CLOCK_MONOTONIC) - begun_ns;
    run->cpu_ns = now_ns(CLOCK_THREAD_CPUTIME_ID) - begun_cpu_ns;
    atomic_store_explicit(&drain.finished, 1, memory_order_release);
    pthread_join(thread, NULL);
    run->drained_ns = now_ns(CLOCK_MONOTONIC) - begun_ns;
    run->shutdown();
    drain.transport->destroy(drain.sink);
    run->reports = drain.reports;
    run->collected = drain.collected;
    return 1;
}

EXPORTED void measure_free(const struct run *run) { munmap(run->collected, run->reports_max * sizeof(me_report_t)); }
