#ifndef RUNE_FAILURE_H
#define RUNE_FAILURE_H

/* Why a rune failed, kept from where it is known (deep in a host function) to where it is reported. */

#include <stdbool.h>
#include <stdint.h>

#include "rune_status.h"

#ifndef RUNE_MAX_MESSAGE
#define RUNE_MAX_MESSAGE 192 /* bytes of RAM; a longer message is cut */
#endif
#ifndef RUNE_MAX_STAGE_NAME
#define RUNE_MAX_STAGE_NAME 64 /* bytes of RAM; likewise */
#endif

typedef struct rune_failure {
    rune_status status; /* RUNE_OK: nothing has failed */
    uint32_t stage_length; /* 0 where the stage is not known */
    uint32_t message_length;
    uint8_t stage[RUNE_MAX_STAGE_NAME];
    uint8_t message[RUNE_MAX_MESSAGE];
} rune_failure;

void rune_failure_clear(void);

/* Notes a failure, in place of one noted before, and returns its status. `format` knows %s (const char *), %u
   (uint32_t), %t (const uint8_t *, uint32_t: a text and its length). */
rune_status rune_failure_set(rune_status status, const char *format, ...);

/* Notes whose failure it is. */
void rune_failure_set_stage(const uint8_t *name, uint32_t length);

const rune_failure *rune_failure_last(void);

#endif
