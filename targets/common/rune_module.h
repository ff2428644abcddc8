#ifndef RUNE_MODULE_H
#define RUNE_MODULE_H

/* A .rune as the runtime sees it before an engine does (docs/rune-format.md). Every access is checked: the
   bytes may be cut short, or anything. */

#include <stdbool.h>
#include <stdint.h>

#include "rune_status.h"

#define RUNE_SHA256_SIZE 32

typedef struct rune_module {
    const uint8_t *wasm;
    uint32_t wasm_length;
    uint32_t memory_size; /* exact bytes of linear memory, and what of it is for what */
    uint32_t stack_size;
    uint32_t data_size;
    uint32_t arena_size;
    uint32_t model_count;
    const uint8_t *models; /* the list in `.runeflash` */
} rune_module;

/* Reads a module. RUNE_ERROR_INVALID_MODULE, with a failure noted, for what is no module, has no `.runeflash`,
   has one or a `.rune_resource` that is malformed, or breaks the contract of docs/rune-format.md: a start
   function, an import that is no function of `env`, a memory that could grow. */
rune_status rune_module_read(const uint8_t *wasm, uint32_t length, rune_module *module);

/* Finds a model's SHA-256; NULL when the rune has no model of this name. */
const uint8_t *rune_module_model(const rune_module *module, const uint8_t *name, uint32_t length);

/* Finds a resource; false when the rune has none of this name. */
bool rune_module_resource(const rune_module *module, const uint8_t *name, uint32_t length, const uint8_t **data,
                          uint32_t *data_length);

#endif
