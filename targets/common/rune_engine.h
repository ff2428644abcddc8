#ifndef RUNE_ENGINE_H
#define RUNE_ENGINE_H

/* A wasm engine: one implementation is linked, rune_engine_wasm3.c or rune_engine_aot.c. */

#include <stdint.h>

#include "rune_status.h"

/* "wasm3" or "aot": printed in the boot line. */
extern const char *const rune_engine_name;

/* What an engine needs to know of a module. */
typedef struct rune_engine_module {
    const uint8_t *wasm; /* may lie in flash; must stay while the instance lives */
    uint32_t wasm_length;
    uint32_t memory_size; /* exact bytes of linear memory */
    uint8_t *heap;        /* aligned to 16; all that wasm3 allocates, the linear memory included; NULL for aot */
    uint32_t heap_size;
    int32_t budget; /* of each call: what its export of this name is set to before */
} rune_engine_module;

/* Throws the old instance away as a whole and makes a new one; wasm3 parses, links the host functions and compiles
   every function. After this the engine allocates nothing. Calls neither export. */
rune_status rune_engine_load(const rune_engine_module *module);

/* Calls `_manifest` or `_call`. On failure rune_engine_trap_message says why, in a few words. A rune that has used
   up its budget is RUNE_ERROR_BUDGET, whatever it trapped with. */
rune_status rune_engine_manifest(void);
rune_status rune_engine_call(void);
const char *rune_engine_trap_message(void);

/* The number of the stage that the rune was in, from 1; 0 where it has not said. */
uint32_t rune_engine_stage(void);

/* Bytes of memory that the engine uses for the rune, the linear memory included. */
uint32_t rune_engine_heap_used(void);

/* The linear memory: `size` is exact. */
uint8_t *rune_engine_memory(uint32_t *size);

#endif
