/* Runs the calls of a module of random_modules.py in the engine that it is linked with, each in a fresh instance: the
   number of the call goes into the first word of memory, and what it has computed comes from the next two. */
#include <string.h>

#include "rune_crc32.h"
#include "rune_engine.h"
#include "rune_image.h"

#define MOST_CALLS 512

typedef struct outcome {
    uint32_t status;
    char message[44];
    uint32_t result[2];
    uint32_t memory; /* CRC-32 of what is after the result, of a call that returned */
    uint32_t unused;
} outcome;

uint32_t call_count;
uint8_t wanted[MOST_CALLS]; /* '1' for a call that is to be run */
outcome outcomes[MOST_CALLS];

static void run(uint32_t number, outcome *of) {
    const rune_engine_module module = {
        .wasm = rune_image_self.rune,
        .wasm_length = rune_image_self.rune_length,
        .memory_size = 65536,
        .heap = rune_image_self.heap,
        .heap_size = rune_image_self.heap_size,
        .budget = rune_image_self.budget,
    };
    of->status = (uint32_t)rune_engine_load(&module);
    if (of->status == RUNE_OK) {
        uint32_t size;
        uint8_t *memory = rune_engine_memory(&size);
        memcpy(memory, &number, sizeof number);
        of->status = (uint32_t)rune_engine_call();
        if (of->status == RUNE_OK) {
            memcpy(of->result, memory + 4, sizeof of->result);
            of->memory = rune_crc32(0, memory + 12, size - 12);
        }
    }
    const char *message = rune_engine_trap_message();
    const size_t length = strlen(message);
    memcpy(of->message, message, length < sizeof of->message ? length : sizeof of->message - 1);
}

static void run_all(void) {
    for (uint32_t i = 0; i < call_count; i++) {
        if (wanted[i] == '1') {
            run(i, &outcomes[i]);
        }
    }
}

#if defined(__arm__)
int main(void) {
    run_all();
    return 0;
}
#else
#include <stdio.h>

int main(int argc, char **argv) {
    if (argc != 2 || strlen(argv[1]) > MOST_CALLS) {
        return 2;
    }
    call_count = (uint32_t)strlen(argv[1]);
    memcpy(wanted, argv[1], call_count);
    run_all();
    fwrite(outcomes, sizeof outcomes[0], call_count, stdout);
    return 0;
}
#endif
