/* How much heap the engine needs for a rune: loads the one in `module`, and says what was used. */
#include "rune_engine.h"
#include "rune_module.h"

#define ROOM 0x400000

uint32_t module_length;
uint8_t module[ROOM];
uint32_t heap_used;
uint32_t status;

static uint8_t heap[2 * ROOM] __attribute__((aligned(16)));

int main(void) {
    rune_module parsed;
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
    heap_used = rune_engine_heap_used();
    status = (uint32_t)result;
    return 0;
}
