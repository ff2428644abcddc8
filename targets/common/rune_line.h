#ifndef RUNE_LINE_H
#define RUNE_LINE_H

/* The lines that a device sends (docs/wire.md), one function for each kind. */

#include <stdint.h>

#include "rune_board.h"
#include "rune_failure.h"
#include "rune_json.h"

typedef enum rune_log_level { RUNE_LOG_ERROR, RUNE_LOG_WARNING, RUNE_LOG_INFO, RUNE_LOG_DEBUG } rune_log_level;

typedef struct rune_boot {
    const char *rune;
    const char *build;
    const char *engine;
    const char *reset;
    uint32_t heap;
} rune_boot;

/* Must be called before every other function here. */
void rune_line_start(const rune_board *board);

/* An output line: write to the result, then end it. */
rune_json *rune_line_output(void);
void rune_line_end(void);

void rune_line_boot(const rune_boot *boot);
void rune_line_log(rune_log_level level, const uint8_t *message, uint32_t length);
void rune_line_error(const rune_failure *failure);
void rune_line_ack(uint32_t request, uint32_t next);

/* The wish of a capability for data from the host, and the word that it still waits. */
void rune_line_need(const rune_capability *capability, uint32_t request, uint32_t bytes, uint32_t next,
                    uint32_t window);
void rune_line_waiting(const rune_capability *capability);

/* "RAND", "SOUND" ...; "an unknown capability" for a kind that has no name. */
const char *rune_capability_name(uint32_t kind);

#endif
