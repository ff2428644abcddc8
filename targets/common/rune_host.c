#include "rune_host.h"

#include <string.h>

#include "rune_bytes.h"
#include "rune_engine.h"
#include "rune_failure.h"
#include "rune_line.h"
#include "rune_output_tensor.h"
#include "rune_record.h"
#include "rune_stream.h"
#include "rune_tensor_type.h"
#include "rune_utf8.h"

/* Numbers of the binary interface. */
enum { OUTPUT_SERIAL = 1, OUTPUT_TENSOR = 5 };
enum { VALUE_I32 = 1, VALUE_F32 = 2, VALUE_U8 = 5, VALUE_I16 = 6, VALUE_I8 = 7 };
static const char mimetype_compiled[] = "application/vnd.runeflash.model";
static const char mimetype_tflite[] = "application/tflite-model";

#define DESCRIPTOR_SIZE 8 /* {u32 pointer, u32 length} */
#define CANONICAL_NAN 0x7FC00000u
#define CANONICAL_NAN_F64 0x7FF8000000000000u

typedef enum handle_kind {
    HANDLE_CAPABILITY,
    HANDLE_MODEL,
    HANDLE_OUTPUT,
    HANDLE_RESOURCE,
    HANDLE_CLOSED
} handle_kind;

typedef struct handle {
    handle_kind kind;
    uint32_t value; /* which capability or model; the output's kind; the bytes of a resource that are left */
    const uint8_t *at; /* of a resource: where they begin */
} handle;

typedef struct bound_capability {
    rune_capability capability;
    const rune_driver *driver;
} bound_capability;

static struct {
    const rune_board *board;
    const rune_image *image;
    const rune_module *module;
    uint32_t handle_count;
    uint32_t capability_count;
    handle handles[RUNE_MAX_HANDLES];
    bound_capability capabilities[RUNE_MAX_CAPABILITIES];
} host;

/* --- drivers --------------------------------------------------------------------------------------------- */

static const rune_driver *driver_among(const rune_driver *drivers, uint32_t count, uint32_t kind) {
    for (uint32_t i = 0; i < count; i++) {
        if (drivers[i].kind == kind) {
            return &drivers[i];
        }
    }
    return NULL;
}

static const rune_driver *driver_for(uint32_t kind) {
    const rune_driver *own = driver_among(host.board->drivers, host.board->driver_count, kind);
    const rune_driver *streamed = driver_among(rune_stream_drivers, RUNE_STREAM_DRIVER_COUNT, kind);
    if (own == NULL || (streamed != NULL && host.image->stream_sensors)) {
        return streamed;
    }
    return own;
}

static void reset_among(const rune_driver *drivers, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (drivers[i].reset != NULL) {
            drivers[i].reset();
        }
    }
}

void rune_host_reset_drivers(const rune_board *board) {
    reset_among(board->drivers, board->driver_count);
    reset_among(rune_stream_drivers, RUNE_STREAM_DRIVER_COUNT);
}

/* --- checks ---------------------------------------------------------------------------------------------- */

/* A piece of linear memory, checked. */
typedef struct span {
    uint8_t *at;
    uint32_t length;
} span;

static rune_status check_span(uint32_t pointer, uint64_t length, uint32_t alignment, const char *what,
                              span *checked) {
    uint32_t size;
    uint8_t *memory = rune_engine_memory(&size);
    if ((pointer & (alignment - 1)) != 0) {
        return rune_failure_set(RUNE_ERROR_BAD_POINTER, "The pointer %u to %s is not aligned to %u bytes",
                                pointer, what, alignment);
    }
    if (length > size || pointer > size - length) {
        return rune_failure_set(RUNE_ERROR_BAD_POINTER,
                                "The pointer %u to %s, of %u bytes, leaves the %u bytes of memory", pointer,
                                what, length > UINT32_MAX ? UINT32_MAX : (uint32_t)length, size);
    }
    checked->at = memory + pointer;
    checked->length = (uint32_t)length;
    return RUNE_OK;
}

static bool span_is(span text, const char *other) {
    return text.length == strlen(other) && memcmp(text.at, other, text.length) == 0;
}

static bool span_has(span text, uint8_t byte) {
    for (uint32_t i = 0; i < text.length; i++) {
        if (text.at[i] == byte) {
            return true;
        }
    }
    return false;
}

static rune_status new_handle(handle_kind kind, uint32_t value, const uint8_t *at, uint32_t *result) {
    if (host.handle_count == RUNE_MAX_HANDLES) {
        return rune_failure_set(RUNE_ERROR_TOO_MANY_HANDLES, "The rune asks for more than %u handles",
                                (uint32_t)RUNE_MAX_HANDLES);
    }
    host.handles[host.handle_count] = (handle){kind, value, at};
    *result = host.handle_count++;
    return RUNE_OK;
}

/* NULL, with the failure noted as RUNE_ERROR_BAD_HANDLE, for a number that is no handle of this kind. */
static handle *find_handle(uint32_t number, handle_kind kind, const char *what) {
    if (number >= host.handle_count || host.handles[number].kind != kind) {
        rune_failure_set(RUNE_ERROR_BAD_HANDLE, "The handle %u is no %s", number, what);
        return NULL;
    }
    return &host.handles[number];
}

/* --- start ----------------------------------------------------------------------------------------------- */

void rune_host_start(const rune_board *board, const rune_image *image, const rune_module *module) {
    host.board = board;
    host.image = image;
    host.module = module;
    host.handle_count = 0;
    host.capability_count = 0;
}

bool rune_host_has_sensor(void) {
    for (uint32_t i = 0; i < host.capability_count; i++) {
        if (host.capabilities[i].capability.kind != RUNE_CAPABILITY_RAND) {
            return true;
        }
    }
    return false;
}

static void mark(rune_mark which) {
    if (host.board->mark != NULL) {
        host.board->mark(which);
    }
}

/* After what takes longer than the rune is charged for it. */
static void feed_watchdog(void) {
    if (host.board->feed_watchdog != NULL) {
        host.board->feed_watchdog();
    }
}

/* --- _debug ---------------------------------------------------------------------------------------------- */

static rune_log_level level_of(rune_record_text level) {
    if (rune_record_is(level, "WARN") || rune_record_is(level, "WARNING")) {
        return RUNE_LOG_WARNING;
    }
    if (rune_record_is(level, "DEBUG") || rune_record_is(level, "TRACE")) {
        return RUNE_LOG_DEBUG;
    }
    return RUNE_LOG_INFO;
}

rune_status rune_host_debug(uint32_t text, uint32_t length, uint32_t *result) {
    span record;
    rune_status status = check_span(text, length, 1, "a log record", &record);
    if (status != RUNE_OK) {
        return status;
    }
    *result = 0;
    rune_record_text level, message, target;
    if (length == 0 || record.at[0] != '{' || !rune_record_find(record.at, length, "message", &message)) {
        rune_line_log(RUNE_LOG_INFO, record.at, length);
        return RUNE_OK;
    }
    uint8_t plain[RUNE_MAX_MESSAGE];
    uint32_t plain_length = rune_record_unescape(message, plain, sizeof plain);
    bool has_level = rune_record_find(record.at, length, "level", &level);
    if (!has_level || !rune_record_is(level, "ERROR")) {
        rune_line_log(has_level ? level_of(level) : RUNE_LOG_INFO, plain, plain_length);
        return RUNE_OK;
    }
    status = rune_failure_set(RUNE_ERROR_BLOCK, "%t", (const uint8_t *)plain, plain_length);
    if (rune_record_find(record.at, length, "target", &target)) {
        plain_length = rune_record_unescape(target, plain, sizeof plain);
        rune_failure_set_stage(plain, plain_length);
    }
    return status;
}

/* --- capabilities ---------------------------------------------------------------------------------------- */

rune_status rune_host_request_capability(uint32_t kind, uint32_t *result) {
    const rune_driver *driver = driver_for(kind);
    if (driver == NULL) {
        return rune_failure_set(RUNE_ERROR_NO_CAPABILITY,
                                "Unable to create the \"%s\" capability: the board has nothing of the kind %u",
                                rune_capability_name(kind), kind);
    }
    if (host.capability_count == RUNE_MAX_CAPABILITIES) {
        return rune_failure_set(RUNE_ERROR_TOO_MANY_HANDLES, "The rune asks for more than %u capabilities",
                                (uint32_t)RUNE_MAX_CAPABILITIES);
    }
    rune_status status = new_handle(HANDLE_CAPABILITY, host.capability_count, NULL, result);
    if (status == RUNE_OK) {
        bound_capability *bound = &host.capabilities[host.capability_count++];
        memset(bound, 0, sizeof *bound);
        bound->capability.handle = *result;
        bound->capability.kind = kind;
        bound->driver = driver;
    }
    return status;
}

static rune_status read_value(span value, uint32_t type, rune_parameter *parameter) {
    static const uint8_t sizes[] = {
        [VALUE_I32] = 4, [VALUE_F32] = 4, [VALUE_U8] = 1, [VALUE_I16] = 2, [VALUE_I8] = 1};
    if (type >= sizeof sizes || sizes[type] == 0 || sizes[type] != value.length) {
        return rune_failure_set(RUNE_ERROR_BAD_PARAMETER, "A value of type %u cannot have %u bytes", type,
                                value.length);
    }
    *parameter = (rune_parameter){0};
    if (type == VALUE_F32) {
        uint32_t bits = rune_read_u32(value.at);
        parameter->is_float = true;
        memcpy(&parameter->real, &bits, sizeof bits);
    } else if (type == VALUE_I32) {
        parameter->integer = (int32_t)rune_read_u32(value.at);
    } else if (type == VALUE_I16) {
        parameter->integer = (int16_t)rune_read_u16(value.at);
    } else {
        parameter->integer = type == VALUE_I8 ? (int8_t)value.at[0] : value.at[0];
    }
    return RUNE_OK;
}

static rune_status refuse_parameter(const bound_capability *bound, span name, const char *why) {
    return rune_failure_set(RUNE_ERROR_BAD_PARAMETER, "The parameter \"%t\" of the %s capability %s",
                            (const uint8_t *)name.at, name.length, rune_capability_name(bound->capability.kind),
                            why);
}

/* Returns where a parameter of this name is, or is to be; NULL when there is no room. */
static rune_capability_parameter *parameter_place(rune_capability *capability, const char *name) {
    uint32_t i = 0;
    while (i < capability->parameter_count && strcmp(capability->parameters[i].name, name) != 0) {
        i++;
    }
    return i < RUNE_MAX_CAPABILITY_PARAMETERS ? &capability->parameters[i] : NULL;
}

static rune_status store_parameter(bound_capability *bound, span name, rune_parameter value) {
    rune_capability *capability = &bound->capability;
    char key[RUNE_MAX_PARAMETER_NAME] = {0};
    if (name.length == 0 || name.length >= sizeof key || span_has(name, 0)) {
        return refuse_parameter(bound, name, "isn't supported");
    }
    memcpy(key, name.at, name.length);
    bool is_source = strcmp(key, "source") == 0;
    if (is_source && (value.is_float || value.integer < 0)) {
        return refuse_parameter(bound, name, "must be 0, 1, ...");
    }
    /* The source 0 is what every capability has anyway: a driver is asked only about another. */
    if (!(is_source && value.integer == 0) && bound->driver->configure != NULL) {
        rune_status status = bound->driver->configure(capability, key, value);
        if (status == RUNE_ERROR_BAD_PARAMETER) {
            return refuse_parameter(bound, name, "isn't supported by the board, or not with this value");
        }
        if (status != RUNE_OK) {
            return rune_failure_set(status, "The driver of the %s capability failed",
                                    rune_capability_name(capability->kind));
        }
    }
    rune_capability_parameter *place = parameter_place(capability, key);
    if (place == NULL) {
        return refuse_parameter(bound, name, "is one too many");
    }
    if (place == &capability->parameters[capability->parameter_count]) {
        capability->parameter_count++;
        memcpy(place->name, key, sizeof key);
    }
    place->value = value;
    if (is_source) {
        capability->source = value.integer;
    }
    return RUNE_OK;
}

rune_status rune_host_request_capability_set_param(uint32_t number, uint32_t name, uint32_t name_length,
                                                   uint32_t value, uint32_t value_length, uint32_t value_type,
                                                   uint32_t *result) {
    handle *found = find_handle(number, HANDLE_CAPABILITY, "capability");
    if (found == NULL) {
        return RUNE_ERROR_BAD_HANDLE;
    }
    span name_span, value_span;
    rune_parameter parameter;
    rune_status status = check_span(name, name_length, 1, "a parameter's name", &name_span);
    if (status == RUNE_OK) {
        status = check_span(value, value_length, 1, "a parameter's value", &value_span);
    }
    if (status == RUNE_OK) {
        status = read_value(value_span, value_type, &parameter);
    }
    *result = 0;
    return status == RUNE_OK ? store_parameter(&host.capabilities[found->value], name_span, parameter) : status;
}

rune_status rune_host_request_provider_response(uint32_t buffer, uint32_t length, uint32_t number,
                                                uint32_t *result) {
    handle *found = find_handle(number, HANDLE_CAPABILITY, "capability");
    if (found == NULL) {
        return RUNE_ERROR_BAD_HANDLE;
    }
    span to;
    rune_status status = check_span(buffer, length, 4, "a capability's buffer", &to);
    if (status != RUNE_OK) {
        return status;
    }
    const bound_capability *bound = &host.capabilities[found->value];
    mark(RUNE_MARK_READ_BEGIN);
    status = bound->driver->read(&bound->capability, to.at, to.length);
    mark(RUNE_MARK_READ_END);
    feed_watchdog(); /* it has waited, for as long as it took */
    *result = length;
    const char *name = rune_capability_name(bound->capability.kind);
    if (status == RUNE_ERROR_NO_DATA) {
        return rune_failure_set(status,
                                "Unable to create the \"%s\" capability: there is no data for its source %u",
                                name, (uint32_t)bound->capability.source);
    }
    if (status != RUNE_OK) {
        return rune_failure_set(status, "The driver of the %s capability failed", name);
    }
    return RUNE_OK;
}

/* --- outputs --------------------------------------------------------------------------------------------- */

rune_status rune_host_request_output(uint32_t kind, uint32_t *result) {
    if (kind != OUTPUT_SERIAL && kind != OUTPUT_TENSOR) {
        return rune_failure_set(RUNE_ERROR_BAD_OUTPUT, "There are no outputs of the kind %u", kind);
    }
    return new_handle(HANDLE_OUTPUT, kind, NULL, result);
}

static rune_status print_text(span text) {
    if (!rune_utf8_valid(text.at, text.length) || span_has(text, '\n') || span_has(text, '\r')) {
        return rune_failure_set(RUNE_ERROR_BAD_OUTPUT, "The output is not one line of UTF-8 text");
    }
    rune_json_raw(rune_line_output(), text.at, text.length);
    rune_line_end();
    return RUNE_OK;
}

static rune_status print_tensors(span data, uint32_t channel) {
    uint32_t tensors;
    rune_print_f64 print_f64 = host.image->print_f64;
    rune_status status = rune_output_tensor_check(data.at, data.length, print_f64, &tensors);
    if (status == RUNE_OK) {
        rune_output_tensor_print(rune_line_output(), channel, data.at, data.length, print_f64, tensors);
        rune_line_end();
    }
    return status;
}

rune_status rune_host_consume_output(uint32_t number, uint32_t data, uint32_t length, uint32_t *result) {
    handle *found = find_handle(number, HANDLE_OUTPUT, "output");
    if (found == NULL) {
        return RUNE_ERROR_BAD_HANDLE;
    }
    span from;
    rune_status status = check_span(data, length, 1, "output data", &from);
    if (status != RUNE_OK) {
        return status;
    }
    *result = length;
    mark(RUNE_MARK_OUTPUT_BEGIN);
    status = found->value == OUTPUT_SERIAL ? print_text(from) : print_tensors(from, number);
    mark(RUNE_MARK_OUTPUT_END);
    return status;
}

/* --- models ---------------------------------------------------------------------------------------------- */

static const rune_model *compiled_model(span name, uint32_t *index) {
    for (*index = 0; *index < host.image->model_count; ++*index) {
        const rune_model *model = host.image->models[*index];
        if (span_is(name, model->name)) {
            return model;
        }
    }
    return NULL;
}

static bool is_byte(rune_element_type type) {
    return type == RUNE_TYPE_U8 || type == RUNE_TYPE_I8;
}

/* Compares what the rune says of a model's inputs or outputs with what they are. */
static rune_status check_descriptors(const char *what, uint32_t descriptors, uint32_t count,
                                     const rune_model_tensor *tensors, uint32_t tensor_count) {
    if (count != tensor_count) {
        return rune_failure_set(RUNE_ERROR_BAD_MODEL, "The rune says that the model has %u %ss, but it has %u",
                                count, what, tensor_count);
    }
    span list;
    rune_status status =
        check_span(descriptors, (uint64_t)count * DESCRIPTOR_SIZE, 4, "tensor descriptors", &list);
    for (uint32_t i = 0; i < count && status == RUNE_OK; i++) {
        const uint8_t *descriptor = list.at + i * DESCRIPTOR_SIZE;
        span text;
        status = check_span(rune_read_u32(descriptor), rune_read_u32(descriptor + 4), 1, "a tensor descriptor",
                            &text);
        if (status != RUNE_OK) {
            return status;
        }
        rune_tensor_type type;
        const rune_model_tensor *real = &tensors[i];
        bool read = rune_tensor_type_read(text.at, text.length, &type);
        bool same = read && (type.element_type == real->element_type ||
                             (is_byte(type.element_type) && is_byte(real->element_type)));
        if (!same || type.count != real->count) {
            status = rune_failure_set(
                RUNE_ERROR_BAD_MODEL,
                "The rune says that %s %u of the model is %t, but it is %s with %u elements", what, i,
                (const uint8_t *)text.at, text.length, rune_element_name(real->element_type), real->count);
        }
    }
    return status;
}

static rune_status check_signature(const rune_model *model, uint32_t inputs, uint32_t input_count,
                                   uint32_t outputs, uint32_t output_count) {
    rune_status status =
        check_descriptors("input", inputs, input_count, model->inputs, model->input_count);
    if (status == RUNE_OK) {
        status = check_descriptors("output", outputs, output_count, model->outputs, model->output_count);
    }
    if (status != RUNE_OK) {
        rune_failure_set_stage((const uint8_t *)model->name, (uint32_t)strlen(model->name));
    }
    return status;
}

rune_status rune_host_model_load(uint32_t mimetype, uint32_t mimetype_length, uint32_t model,
                                 uint32_t model_length, uint32_t inputs, uint32_t input_count, uint32_t outputs,
                                 uint32_t output_count, uint32_t *result) {
    span mimetype_span, name;
    rune_status status = check_span(mimetype, mimetype_length, 1, "a model's mimetype", &mimetype_span);
    if (status == RUNE_OK) {
        status = check_span(model, model_length, 1, "a model", &name);
    }
    if (status != RUNE_OK) {
        return status;
    }
    if (span_is(mimetype_span, mimetype_tflite)) {
        return rune_failure_set(
            RUNE_ERROR_BAD_MODEL,
            "The rune brings a .tflite model; this firmware has only compiled ones");
    }
    if (!span_is(mimetype_span, mimetype_compiled)) {
        return rune_failure_set(RUNE_ERROR_BAD_MODEL, "Models of the type %t are not supported",
                                (const uint8_t *)mimetype_span.at, mimetype_span.length);
    }
    uint32_t index;
    const rune_model *compiled = compiled_model(name, &index);
    const uint8_t *sha256 = rune_module_model(host.module, name.at, name.length);
    if (compiled == NULL || sha256 == NULL) {
        status =
            rune_failure_set(RUNE_ERROR_BAD_MODEL, "The %s has no model \"%t\"",
                             compiled == NULL ? "firmware" : "rune", (const uint8_t *)name.at, name.length);
        rune_failure_set_stage(name.at, name.length);
        return status;
    }
    if (memcmp(sha256, compiled->sha256, RUNE_SHA256_SIZE) != 0) {
        status =
            rune_failure_set(RUNE_ERROR_BAD_MODEL,
                             "The model \"%t\" in the firmware is not the one that the rune was built with",
                             (const uint8_t *)name.at, name.length);
        rune_failure_set_stage(name.at, name.length);
        return status;
    }
    status = check_signature(compiled, inputs, input_count, outputs, output_count);
    return status == RUNE_OK ? new_handle(HANDLE_MODEL, index, NULL, result) : status;
}

/* Checks the pointers to a model's inputs or outputs, for the sizes that its tensors have. */
static rune_status check_tensors(uint32_t pointers, const char *what, const rune_model_tensor *tensors,
                                 uint32_t count, span *checked) {
    span list;
    if (count > RUNE_MAX_MODEL_TENSORS) {
        return rune_failure_set(RUNE_ERROR_BAD_MODEL, "The model has more than %u tensors",
                                (uint32_t)RUNE_MAX_MODEL_TENSORS);
    }
    rune_status status = check_span(pointers, (uint64_t)count * 4, 4, "pointers to tensors", &list);
    for (uint32_t i = 0; i < count && status == RUNE_OK; i++) {
        uint32_t size = rune_element_size(tensors[i].element_type);
        status = check_span(rune_read_u32(list.at + 4 * i), (uint64_t)tensors[i].count * size,
                            size < 4 ? size : 4, what, &checked[i]);
    }
    return status;
}

static bool overlap(span a, span b) {
    return a.at < b.at + b.length && b.at < a.at + a.length;
}

/* Outputs must have their memory for themselves: kernels read inputs while they write. */
static rune_status check_apart(const span *inputs, uint32_t input_count, const span *outputs,
                               uint32_t output_count) {
    for (uint32_t i = 0; i < output_count; i++) {
        for (uint32_t j = 0; j < input_count + i; j++) {
            if (overlap(outputs[i], j < input_count ? inputs[j] : outputs[j - input_count])) {
                return rune_failure_set(RUNE_ERROR_BAD_POINTER,
                                        "Output %u of the model overlaps another of its tensors", i);
            }
        }
    }
    return RUNE_OK;
}

/* The bits of a NaN differ between processors; its meaning does not. */
static void canonicalise(span tensor, rune_element_type type) {
    if (type == RUNE_TYPE_F32) {
        for (uint32_t i = 0; i < tensor.length; i += 4) {
            if ((rune_read_u32(tensor.at + i) & 0x7FFFFFFF) > 0x7F800000) {
                rune_write_u32(tensor.at + i, CANONICAL_NAN);
            }
        }
    } else if (type == RUNE_TYPE_F64) {
        for (uint32_t i = 0; i < tensor.length; i += 8) {
            if ((rune_read_u64(tensor.at + i) & 0x7FFFFFFFFFFFFFFF) > 0x7FF0000000000000) {
                rune_write_u32(tensor.at + i, (uint32_t)CANONICAL_NAN_F64);
                rune_write_u32(tensor.at + i + 4, (uint32_t)(CANONICAL_NAN_F64 >> 32));
            }
        }
    }
}

rune_status rune_host_model_infer(uint32_t number, uint32_t inputs, uint32_t outputs, uint32_t *result) {
    handle *found = find_handle(number, HANDLE_MODEL, "model");
    if (found == NULL) {
        return RUNE_ERROR_BAD_HANDLE;
    }
    const rune_model *model = host.image->models[found->value];
    span from[RUNE_MAX_MODEL_TENSORS], to[RUNE_MAX_MODEL_TENSORS];
    rune_status status = check_tensors(inputs, "a model's input", model->inputs, model->input_count, from);
    if (status == RUNE_OK) {
        status = check_tensors(outputs, "a model's output", model->outputs, model->output_count, to);
    }
    if (status == RUNE_OK) {
        status = check_apart(from, model->input_count, to, model->output_count);
    }
    if (status != RUNE_OK) {
        rune_failure_set_stage((const uint8_t *)model->name, (uint32_t)strlen(model->name));
        return status;
    }
    const void *input_pointers[RUNE_MAX_MODEL_TENSORS];
    void *output_pointers[RUNE_MAX_MODEL_TENSORS];
    for (uint32_t i = 0; i < model->input_count; i++) {
        input_pointers[i] = from[i].at;
    }
    for (uint32_t i = 0; i < model->output_count; i++) {
        output_pointers[i] = to[i].at;
    }
    mark(RUNE_MARK_MODEL_BEGIN);
    model->infer(input_pointers, output_pointers, host.image->model_arena);
    mark(RUNE_MARK_MODEL_END);
    for (uint32_t i = 0; i < model->output_count; i++) {
        canonicalise(to[i], model->outputs[i].element_type);
    }
    *result = 0;
    return RUNE_OK;
}

/* --- resources ------------------------------------------------------------------------------------------- */

rune_status rune_host_resource_open(uint32_t name, uint32_t length, uint32_t *result) {
    span text;
    rune_status status = check_span(name, length, 1, "a resource's name", &text);
    if (status != RUNE_OK) {
        return status;
    }
    const uint8_t *data;
    uint32_t data_length;
    if (!rune_module_resource(host.module, text.at, text.length, &data, &data_length)) {
        return rune_failure_set(RUNE_ERROR_NO_RESOURCE, "The rune has no resource \"%t\"",
                                (const uint8_t *)text.at, text.length);
    }
    return new_handle(HANDLE_RESOURCE, data_length, data, result);
}

rune_status rune_host_resource_read(uint32_t number, uint32_t buffer, uint32_t length, uint32_t *result) {
    handle *found = find_handle(number, HANDLE_RESOURCE, "open resource");
    if (found == NULL) {
        return RUNE_ERROR_BAD_HANDLE;
    }
    span to;
    rune_status status = check_span(buffer, length, 1, "a resource's buffer", &to);
    if (status != RUNE_OK) {
        return status;
    }
    uint32_t count = to.length < found->value ? to.length : found->value;
    memcpy(to.at, found->at, count);
    feed_watchdog(); /* the rune is charged the same for any length */
    found->at += count;
    found->value -= count;
    *result = count;
    return RUNE_OK;
}

rune_status rune_host_resource_close(uint32_t number, uint32_t *result) {
    handle *found = find_handle(number, HANDLE_RESOURCE, "open resource");
    if (found == NULL) {
        return RUNE_ERROR_BAD_HANDLE;
    }
    found->kind = HANDLE_CLOSED;
    *result = 0;
    return RUNE_OK;
}
