/* Loads a module as the firmware does and calls it, again and again, whatever it is. Usage: module_run FILE CALLS. Lines
   go to standard output; the exit status is 0 where every failure has been noted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_board.h"
#include "rune_engine.h"
#include "rune_failure.h"
#include "rune_host.h"
#include "rune_image.h"
#include "rune_line.h"
#include "rune_module.h"
#include "rune_stream.h"

#define HEAP (1u << 20)
#define BUDGET 20000

static uint8_t heap[HEAP] __attribute__((aligned(16)));

int main(int argc, char **argv) {
    FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        return 2;
    }
    uint32_t length = (uint32_t)ftell(file);
    uint8_t *bytes = malloc(length);
    rewind(file);
    if (bytes == NULL || fread(bytes, 1, length, file) != length) {
        return 3;
    }
    fclose(file);
    fuzz_seed(length);
    rune_line_start(&fuzz_board);
    rune_stream_start(&fuzz_board);
    const rune_image image = {.name = "fuzz", .build_id = "0", .budget = BUDGET};
    rune_module module;
    bool loaded = false;
    uint32_t calls = 0, failed = 0;
    for (uint32_t number = 0; number < (uint32_t)atol(argv[2]); number++) {
        if (!loaded) {
            rune_failure_clear();
            if (rune_module_read(bytes, length, &module) != RUNE_OK) {
                printf("refused\n");
                free(bytes);
                return rune_failure_last()->message_length > 0 ? 0 : 4;
            }
            rune_host_start(&fuzz_board, &image, &module);
            const rune_engine_module source = {bytes, length, module.memory_size, heap, sizeof heap, BUDGET};
            if (rune_engine_load(&source) != RUNE_OK) {
                printf("not loaded: %s\n", rune_engine_trap_message());
                free(bytes);
                return rune_engine_trap_message()[0] != '\0' ? 0 : 4;
            }
            loaded = true;
            calls++;
            if (rune_engine_manifest() != RUNE_OK) {
                failed++;
            }
        }
        uint32_t size;
        uint8_t *memory = rune_engine_memory(&size);
        if (size != module.memory_size) {
            return 4;
        }
        if (size >= sizeof number) {
            memcpy(memory, &number, sizeof number);
        }
        rune_failure_clear();
        calls++;
        if (rune_engine_call() != RUNE_OK) {
            failed++;
            loaded = false;
            if (rune_failure_last()->message_length == 0 && rune_engine_trap_message()[0] == '\0') {
                return 4;
            }
        }
    }
    printf("%u calls, %u failed\n", calls, failed);
    free(bytes);
    return 0;
}
