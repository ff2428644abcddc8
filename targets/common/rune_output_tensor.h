#ifndef RUNE_OUTPUT_TENSOR_H
#define RUNE_OUTPUT_TENSOR_H

/* The TENSOR form of an output (docs/rune-format.md): read, and printed as JSON. */

#include <stdint.h>

#include "rune_image.h"
#include "rune_json.h"
#include "rune_status.h"

/* Checks all of the data, so that no half of a line is ever printed; notes a failure. `print_f64` may be NULL:
   then an f64 tensor is refused. On success `*tensors` is their number, 1 or more. */
rune_status rune_output_tensor_check(const uint8_t *data, uint32_t length, rune_print_f64 print_f64,
                                     uint32_t *tensors);

/* Prints data that was checked: one tensor as an object, several as an array. */
void rune_output_tensor_print(rune_json *json, uint32_t channel, const uint8_t *data, uint32_t length,
                              rune_print_f64 print_f64, uint32_t tensors);

#endif
