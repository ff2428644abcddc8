/* Hann window, mel filters and the tables of the transform. */
#include "rune_fft_tables.h"
#include "rune_frames.h"

#define FILTERS 40u
#define BINS rune_arguments.bins

static double mel_of(double hertz) {
    return 2595.0 * (rune_table_log(1.0 + hertz / 700.0) / rune_table_log(10.0));
}

static double hertz_of(double mel) {
    return 700.0 * (rune_table_power(10.0, mel / 2595.0) - 1.0);
}

/* The bin that a row of the reference's spectrogram shows: it has one row for each of bins / 2 + 1 frequencies, but
   the transform has fft_size / 2 bins. */
static uint32_t bin_of(uint32_t row, uint32_t rows, uint32_t points) {
    uint32_t bin = (uint32_t)((float)row / (float)rows * (float)points);
    return bin < points ? bin : points - 1;
}

static void make_filters(uint32_t points) {
    static float weights[FILTERS * RUNE_FFT_MAXIMUM / 2];
    static uint16_t starts[FILTERS];
    static uint16_t counts[FILTERS];
    uint32_t rows = BINS / 2 + 1;
    double highest = (double)rune_arguments.sample_rate / 2.0;
    double low = mel_of((double)rune_arguments.sample_rate / (double)BINS);
    double high = mel_of(highest);
    uint32_t total = 0;
    for (uint32_t filter = 0; filter < FILTERS; filter++) {
        double edges[2];
        for (uint32_t side = 0; side < 2; side++) {
            double mel = low + (high - low) * (double)(filter + 2 * side) / (FILTERS + 1);
            edges[side] = hertz_of(mel) / highest * (double)rows;
        }
        /* The last filter ends at the last row exactly; a rounding error must not take it away. */
        uint32_t first = (uint32_t)(edges[0] + 1e-9);
        uint32_t last = (uint32_t)(edges[1] + 1e-9);
        uint32_t size = last > first ? last - first : 1;
        uint32_t from = bin_of(first, rows, points);
        uint32_t past = from;
        float *weight = weights + total;
        for (uint32_t k = 0; k < size && first + k < rows; k++) {
            double middle = ((double)size - 1.0) / 2.0;
            double distance = ((double)k - middle) / ((double)size / 2.0);
            uint32_t bin = bin_of(first + k, rows, points);
            for (; past <= bin; past++) {
                weight[past - from] = 0.0f; /* a bin that no row shows */
            }
            weight[bin - from] += (float)((1.0 - (distance < 0 ? -distance : distance)) / (double)size);
        }
        starts[filter] = (uint16_t)(2 * from);
        counts[filter] = (uint16_t)(past - from);
        total += past - from;
    }
    rune_table_u16("filter_starts", starts, FILTERS);
    rune_table_u16("filter_counts", counts, FILTERS);
    rune_table_f32("filter_weights", weights, total);
}

void rune_make_tables(void) {
    static float window[RUNE_FFT_MAXIMUM];
    uint32_t size = rune_fft_size(BINS);
    uint32_t step = rune_frame_step(BINS, rune_arguments.window_overlap);
    rune_table_constant("frame_step", step);
    rune_table_constant("stretch_count", rune_stretch_count(RUNE_INPUT0_COUNT, BINS, step));
    rune_make_fft_tables(size);
    for (uint32_t k = 0; k < BINS; k++) {
        window[k] = (float)(0.5 * (1.0 - rune_table_cosine(k, size - 1)));
    }
    rune_table_f32("window", window, BINS);
    make_filters(size / 2);
}
