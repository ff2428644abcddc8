#include "rune_runtime.h"

#include <stddef.h>
#include <string.h>

#include "rune_engine.h"
#include "rune_failure.h"
#include "rune_host.h"
#include "rune_line.h"
#include "rune_module.h"
#include "rune_profile.h"
#include "rune_stream.h"

static const rune_board *board;
static const rune_image *image;
static rune_module module;

static void wait_until(uint64_t time) {
    while (board->microseconds() < time) {
        board->idle(time);
    }
}

static void mark(rune_mark which) {
    if (board->mark != NULL) {
        board->mark(which);
    }
}

/* What an engine reports itself (a trap, an exhausted heap) has no message yet. */
static rune_status with_message(rune_status status) {
    if (status != RUNE_OK && rune_failure_last()->status != status) {
        rune_failure_set(status, "%s", rune_engine_trap_message());
    }
    return status;
}

/* Of a call that has failed: the rune has said which stage it was in, where a host function has not. */
static rune_status with_stage(rune_status status) {
    uint32_t stage = rune_engine_stage();
    if (status != RUNE_OK && rune_failure_last()->stage_length == 0 && stage > 0 && stage <= image->stage_count) {
        const char *name = image->stages[stage - 1];
        rune_failure_set_stage((const uint8_t *)name, (uint32_t)strlen(name));
    }
    return status;
}

/* Brings everything that a rune can have changed back to what it was after the reset, and loads the rune. */
static rune_status load(void) {
    rune_failure_clear();
    rune_host_reset_drivers(board);
    for (uint32_t i = 0; i < image->model_count; i++) {
        if (image->models[i]->reset != NULL) {
            image->models[i]->reset();
        }
    }
    rune_status status = rune_module_read(image->rune, image->rune_length, &module);
    if (status != RUNE_OK) {
        return status;
    }
    rune_host_start(board, image, &module);
    const rune_engine_module source = {
        .wasm = image->rune,
        .wasm_length = image->rune_length,
        .memory_size = module.memory_size,
        .heap = image->heap,
        .heap_size = image->heap_size,
        .budget = image->budget,
    };
    return with_message(rune_engine_load(&source));
}

static void print_boot(rune_status loaded) {
    const rune_boot boot = {
        .rune = image->name,
        .build = image->build_id,
        .engine = rune_engine_name,
        .reset = board->reset_cause(),
        .heap = loaded == RUNE_OK ? rune_engine_heap_used() : 0,
    };
    rune_line_boot(&boot);
}

static void feed_watchdog(void) {
    if (board->feed_watchdog != NULL) {
        board->feed_watchdog();
    }
}

static rune_status call(void) {
    rune_failure_clear();
    mark(RUNE_MARK_CALL_BEGIN);
    rune_profile_call_begin();
    rune_status status = rune_engine_call();
    rune_profile_call_end();
    mark(RUNE_MARK_CALL_END);
    feed_watchdog();
    if (status == RUNE_OK) {
        rune_profile_print();
    }
    return with_stage(with_message(status));
}

/* Calls the rune until it fails, or until the board wants no more: then `*ended`. */
static rune_status call_repeatedly(uint32_t *finished, bool *ended) {
    uint64_t start_at = board->microseconds();
    for (;;) {
        if (!rune_host_has_sensor()) {
            wait_until(start_at);
        }
        rune_status status = call();
        if (status != RUNE_OK) {
            return status;
        }
        ++*finished;
        if (board->keep_running != NULL && !board->keep_running(*finished)) {
            *ended = true;
            return RUNE_OK;
        }
        /* A call that took longer than the interval delays those after it; they do not try to catch up. */
        start_at += image->interval_microseconds;
        uint64_t now = board->microseconds();
        start_at = start_at < now ? now : start_at;
    }
}

rune_status rune_runtime_run(const rune_board *on, const rune_image *with) {
    board = on;
    image = with;
    board->start();
    rune_line_start(board);
    rune_stream_start(board);
    rune_profile_start(board, image);
    if (board->start_watchdog != NULL && image->watchdog_milliseconds != 0) {
        board->start_watchdog(image->watchdog_milliseconds);
    }
    rune_status first_failure = RUNE_OK;
    uint32_t finished = 0;
    bool ended = false;
    for (bool booted = false; !ended;) {
        rune_status status = load();
        if (!booted) {
            print_boot(status);
            booted = true;
        }
        if (status == RUNE_OK) {
            status = with_message(rune_engine_manifest());
            feed_watchdog(); /* it has had a budget of its own */
        }
        if (status == RUNE_OK) {
            status = call_repeatedly(&finished, &ended);
        }
        if (status == RUNE_OK) {
            continue;
        }
        rune_line_error(rune_failure_last());
        first_failure = first_failure == RUNE_OK ? status : first_failure;
        if (board->keep_running != NULL && !board->keep_running(finished)) {
            ended = true;
        } else {
            wait_until(board->microseconds() + RUNE_RESTART_DELAY_US);
        }
    }
    board->serial_flush();
    return first_failure;
}
