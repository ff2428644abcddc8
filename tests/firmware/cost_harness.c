/* Runs the calls of a module of unit_costs.py in the engine that it is linked with, all in one instance: the number of
   the call goes into the first word of memory. */
#include <string.h>

#include "rune_engine.h"
#include "rune_image.h"

#define MOST_CALLS 2048

uint32_t call_count;
uint32_t statuses[MOST_CALLS];
uint32_t loaded;

/* Watched: what a call costs lies between its first instruction and where it returns to. */
__attribute__((noinline)) uint32_t cost_of_call(void);
uint32_t cost_of_call(void) {
    return (uint32_t)rune_engine_call();
}

int main(void) {
    const rune_engine_module module = {
        .wasm = rune_image_self.rune,
        .wasm_length = rune_image_self.rune_length,
        .memory_size = 65536,
        .heap = rune_image_self.heap,
        .heap_size = rune_image_self.heap_size,
        .budget = rune_image_self.budget,
    };
    loaded = (uint32_t)rune_engine_load(&module);
    for (uint32_t i = 0; i < call_count && loaded == RUNE_OK; i++) {
        uint32_t size;
        memcpy(rune_engine_memory(&size), &i, sizeof i);
        statuses[i] = cost_of_call();
    }
    return 0;
}
