/* An engine without a rune, for tests of the host functions: its linear memory is whatever the test gives it.
 */
#include "rune_engine.h"

#include <stddef.h>

const char *const rune_engine_name = "fake";

static uint8_t *memory;
static uint32_t memory_size;

void fake_engine_set_memory(uint8_t *at, uint32_t size) {
    memory = at;
    memory_size = size;
}

rune_status rune_engine_load(const rune_engine_module *module) {
    (void)module;
    return RUNE_ERROR_INVALID_MODULE;
}

rune_status rune_engine_manifest(void) {
    return RUNE_ERROR_TRAP;
}

rune_status rune_engine_call(void) {
    return RUNE_ERROR_TRAP;
}

const char *rune_engine_trap_message(void) {
    return "there is no rune";
}

uint32_t rune_engine_stage(void) {
    return 0;
}

uint32_t rune_engine_heap_used(void) {
    return 0;
}

uint8_t *rune_engine_memory(uint32_t *size) {
    *size = memory_size;
    return memory;
}
