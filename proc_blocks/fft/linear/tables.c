/* The tables of the transform, and the bins that are shown. */
#include "rune_fft_tables.h"
#include "rune_frames.h"

#define ROWS 40u
#define BINS rune_arguments.bins

void rune_make_tables(void) {
    static uint16_t places[ROWS];
    uint32_t size = rune_fft_size(BINS);
    uint32_t step = rune_frame_step(BINS, rune_arguments.window_overlap);
    rune_table_constant("frame_step", step);
    rune_table_constant("stretch_count", rune_stretch_count(RUNE_INPUT0_COUNT, BINS, step));
    rune_make_fft_tables(size);
    for (uint32_t row = 0; row < ROWS; row++) {
        places[row] = (uint16_t)(2 * (uint32_t)((float)row / (float)ROWS * (float)(size / 2)));
    }
    rune_table_u16("row_places", places, ROWS);
}
