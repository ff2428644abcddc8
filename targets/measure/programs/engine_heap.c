/* How much heap and C stack the engine needs to load a rune: loads the one in `module`, and says what was used. */
#include "rune_engine.h"
#include "rune_module.h"
#include "rune_profile.h"

#define ROOM 0x400000

uint32_t module_length;
uint8_t module[ROOM];
uint32_t heap_used;
uint32_t stack_used;
uint32_t status;

/* From the linker script. */
extern uint8_t __stack_bottom[];

#define UNTOUCHED 0xA5

static uint8_t heap[2 * ROOM] __attribute__((aligned(16)));

/* Fills the free stack, down to its end, from a little below this function's own frame. */
static void paint(uint8_t *own_frame) {
    const uint8_t *const end = (const uint8_t *)((uintptr_t)own_frame - 64);
    for (volatile uint8_t *byte = __stack_bottom; byte < end; byte++) {
        *byte = UNTOUCHED;
    }
}

static uint32_t painted_depth(const uint8_t *own_frame) {
    const volatile uint8_t *byte = __stack_bottom;
    while (byte < own_frame && *byte == UNTOUCHED) {
        byte++;
    }
    return (uint32_t)(own_frame - (const uint8_t *)byte);
}

#ifdef RUNE_PROFILE
/* A firmware's own are generated; here nothing is called. */
rune_profile_part rune_profile_parts[1];
const uint32_t rune_profile_part_count = 1;
#endif

int main(void) {
    rune_module parsed;
    paint((uint8_t *)&parsed);
    rune_status result = rune_module_read(module, module_length, &parsed);
    if (result == RUNE_OK) {
        const rune_engine_module source = {
            .wasm = module,
            .wasm_length = module_length,
            .memory_size = parsed.memory_size,
            .heap = heap,
            .heap_size = sizeof heap,
        };
        result = rune_engine_load(&source);
    }
    stack_used = painted_depth((const uint8_t *)&parsed);
    heap_used = rune_engine_heap_used();
    status = (uint32_t)result;
    return 0;
}
