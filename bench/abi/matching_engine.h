/* The public matching-engine benchmark's C interface: its messages, its reports, and the transport of the reports. */

#pragma once

#include <stdint.h>

#define EXPORTED __attribute__((visibility("default")))

typedef struct {
    uint64_t order_id, sequence_number;
    int64_t price_ticks;
    uint32_t quantity;
    uint8_t side, ioc, reserved[2];
} new_order_t;

typedef struct {
    uint64_t order_id, sequence_number;
} cancel_t;

typedef struct {
    uint64_t order_id, sequence_number;
    int64_t new_price_ticks;
    uint32_t new_quantity;
    uint8_t side, reserved[3];
} modify_t;

typedef struct {
    uint8_t type, reserved[7];
    union {
        new_order_t new_order;
        cancel_t cancel;
        modify_t modify;
    } payload;
} me_msg_t;

typedef struct {
    uint64_t words[8];
} me_report_t;

typedef struct {
    void *(*create)(uint32_t capacity);
    int (*push)(void *handle, const me_report_t *report);
    uint32_t (*drain)(void *handle, me_report_t *out, uint32_t max);
    void (*flush)(void *handle);
    void (*destroy)(void *handle);
} me_transport_t;

_Static_assert(sizeof(new_order_t) == 32 && sizeof(cancel_t) == 16 && sizeof(modify_t) == 32, "payloads");
_Static_assert(sizeof(me_msg_t) == 40 && sizeof(me_report_t) == 64, "messages and reports");
