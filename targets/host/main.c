/* The runtime on this computer: `PROGRAM [--random SEED] [--calls N]`. Frames come in on standard input, lines
   go out on standard output. Exit status: 0 after N calls or when the other side is gone, 2 for wrong
   arguments, 4 when the rune has failed (its error line is printed before). */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rune_board_host.h"
#include "rune_image.h"
#include "rune_runtime.h"

enum { EXIT_USAGE = 2, EXIT_RUNE_FAILED = 4 };

static bool read_number(const char *text, uint64_t most, uint64_t *value) {
    if (text == NULL || text[0] < '0' || text[0] > '9') { /* strtoull would take a sign and spaces */
        return false;
    }
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    *value = number;
    return errno == 0 && *end == '\0' && number <= most;
}

static uint64_t entropy(void) {
    uint64_t seed = (uint64_t)time(NULL);
    int source = open("/dev/urandom", O_RDONLY);
    if (source >= 0) {
        uint64_t better;
        if (read(source, &better, sizeof better) == (ssize_t)sizeof better) {
            seed = better;
        }
        close(source);
    }
    return seed;
}

int main(int argc, char **argv) {
    rune_board_host_options options = {0};
    bool seeded = false;
    for (int i = 1; i < argc; i += 2) {
        uint64_t number;
        if (strcmp(argv[i], "--random") == 0 && read_number(argv[i + 1], UINT64_MAX, &number)) {
            options.seed = number;
            seeded = true;
        } else if (strcmp(argv[i], "--calls") == 0 && read_number(argv[i + 1], UINT32_MAX, &number)) {
            options.calls = (uint32_t)number;
        } else {
            fprintf(stderr, "usage: %s [--random SEED] [--calls N]\n", argv[0]);
            return EXIT_USAGE;
        }
    }
    if (!seeded) {
        options.seed = entropy();
    }
    rune_board_host_configure(&options);
    return rune_runtime_run(&rune_board_self, &rune_image_self) == RUNE_OK ? EXIT_SUCCESS : EXIT_RUNE_FAILED;
}
