#ifndef RUNE_AGGREGATOR_H
#define RUNE_AGGREGATOR_H

/* The whole of the blocks *_agg: the class whose average over the last inputs is the largest. */

#include "rune_proc_block.h"

#define RUNE_CLASSES RUNE_INPUT0_COUNT

#if RUNE_INPUT0_IS_FLOAT
typedef float rune_aggregate;
#else
typedef int64_t rune_aggregate;
#endif

/* A ring: the oldest input is at `next` once it is full. */
static rune_input0 history[RUNE_ARGUMENT_HISTORY][RUNE_CLASSES];
static uint32_t next;
static uint32_t kept;
static uint32_t countdown;

static uint32_t best_class(void) {
    uint32_t best = 0;
    rune_aggregate largest = 0;
    for (uint32_t class = 0; class < RUNE_CLASSES; class ++) {
        rune_aggregate sum = 0;
        uint32_t place = kept < rune_arguments.history ? 0 : next;
        for (uint32_t i = 0; i < kept; i++) {
            sum += (rune_aggregate)history[place][class];
            place = place + 1 < rune_arguments.history ? place + 1 : 0;
        }
        /* All sums have as many terms, so the largest average is the largest sum. */
        if (class == 0 || sum > largest) {
            largest = sum;
            best = class;
        }
    }
    return best;
}

void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) {
    const rune_input0 *x = in[0].data;
    rune_string *label = out[0].data;
    for (uint32_t class = 0; class < RUNE_CLASSES; class ++) {
        history[next][class] = x[class];
    }
    next = next + 1 < rune_arguments.history ? next + 1 : 0;
    if (kept < rune_arguments.history) {
        kept++;
    }
    if (countdown > 0) {
        countdown--;
    }
    *label = rune_arguments.unknown_label;
    if (countdown == 0) {
        uint32_t best = best_class();
        if (best < rune_arguments.labels_count) {
            *label = rune_arguments.labels[best];
        }
        countdown = rune_arguments.throttle_interval;
    }
}

#endif
