#include "rune_status.h"

static const char *const names[RUNE_STATUS_COUNT] = {
    [RUNE_OK] = "ok",
    [RUNE_ERROR_INVALID_MODULE] = "invalid-module",
    [RUNE_ERROR_OUT_OF_MEMORY] = "out-of-memory",
    [RUNE_ERROR_TRAP] = "trap",
    [RUNE_ERROR_STACK_OVERFLOW] = "stack-overflow",
    [RUNE_ERROR_BUDGET] = "budget-exhausted",
    [RUNE_ERROR_BAD_POINTER] = "bad-pointer",
    [RUNE_ERROR_BAD_HANDLE] = "bad-handle",
    [RUNE_ERROR_BAD_PARAMETER] = "bad-parameter",
    [RUNE_ERROR_BAD_MODEL] = "bad-model",
    [RUNE_ERROR_BAD_OUTPUT] = "bad-output",
    [RUNE_ERROR_NO_CAPABILITY] = "no-capability",
    [RUNE_ERROR_NO_RESOURCE] = "no-resource",
    [RUNE_ERROR_NO_DATA] = "no-data",
    [RUNE_ERROR_TOO_MANY_HANDLES] = "too-many-handles",
    [RUNE_ERROR_BLOCK] = "block",
    [RUNE_ERROR_DRIVER] = "driver",
};

const char *rune_status_name(rune_status status) {
    return (uint32_t)status < RUNE_STATUS_COUNT ? names[status] : "unknown";
}
