#ifndef RUNE_TENSOR_H
#define RUNE_TENSOR_H

/* Tensors as proc blocks and the generated pipeline see them. */

#include <stdint.h>

#include "rune_element_type.h"

/* An element of a utf8 tensor: text that is not ended by a zero and must outlive the call. */
typedef struct rune_string {
    const char *data;
    uint32_t length; /* bytes */
} rune_string;

typedef struct rune_tensor {
    rune_element_type element_type;
    uint32_t rank;
    uint32_t *dimensions; /* an output marked dynamic may shrink the marked one, and `count` with it */
    uint32_t count;       /* elements */
    void *data;           /* row-major, aligned to 16 */
} rune_tensor;

/* Ends the call as a failure of this stage. `format` knows %u (uint32_t), %d (int32_t), %s (rune_string *), %%. */
_Noreturn void rune_fail_at(const char *stage, const char *format, ...);

#endif
