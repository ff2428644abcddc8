/* Reads a module, every beginning of it, and copies with one byte changed, each in a block of exactly its size,
   so that a sanitizer sees any access beyond. Usage: module_fuzz FILE ROUNDS */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rune_failure.h"
#include "rune_module.h"

static uint32_t accepted;

static void read_copy(const uint8_t *bytes, uint32_t length, uint32_t changed_at, uint8_t changed_to) {
    uint8_t *copy = malloc(length == 0 ? 1 : length);
    if (copy == NULL) {
        exit(3);
    }
    memcpy(copy, bytes, length);
    if (changed_at < length) {
        copy[changed_at] = changed_to;
    }
    rune_module module;
    rune_failure_clear();
    rune_status status = rune_module_read(copy, length, &module);
    if (status == RUNE_OK) {
        accepted++;
        const uint8_t *data;
        uint32_t data_length;
        const uint8_t name[] = "labels";
        if (rune_module_resource(&module, name, sizeof name - 1, &data, &data_length) && data_length > 0) {
            accepted += data[data_length - 1] == 0xFF; /* touches the end of what was found */
        }
        const uint8_t *sha256 = rune_module_model(&module, name, sizeof name - 1);
        accepted += sha256 != NULL && sha256[RUNE_SHA256_SIZE - 1] == 0xFF;
    } else if (rune_failure_last()->status != status || rune_failure_last()->message_length == 0) {
        exit(4);
    }
    free(copy);
}

int main(int argc, char **argv) {
    static uint8_t bytes[1 << 16];
    FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL) {
        return 2;
    }
    uint32_t length = (uint32_t)fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    read_copy(bytes, length, UINT32_MAX, 0);
    if (accepted == 0) {
        return 5;
    }
    for (uint32_t i = 0; i < length; i++) {
        read_copy(bytes, i, UINT32_MAX, 0);
    }
    uint32_t random = 1;
    for (int round = atoi(argv[2]); round > 0; round--) {
        random = random * 1664525u + 1013904223u;
        read_copy(bytes, length - (random >> 28), (random >> 8) % length, (uint8_t)(random >> 3));
    }
    printf("%u\n", (unsigned)accepted);
    return 0;
}
