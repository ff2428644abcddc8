#include "rune_module.h"

#include <string.h>

#include "rune_bytes.h"
#include "rune_failure.h"

#define PAGE_SIZE 65536u

enum { SECTION_CUSTOM = 0, SECTION_IMPORT = 2, SECTION_MEMORY = 5, SECTION_START = 8 };

/* A place in the bytes; once something was missing, `bad` stays and everything reads as 0. */
typedef struct reader {
    const uint8_t *at;
    uint32_t left;
    bool bad;
} reader;

static const uint8_t *take(reader *from, uint32_t length) {
    if (from->bad || length > from->left) {
        from->bad = true;
        return NULL;
    }
    const uint8_t *taken = from->at;
    from->at += length;
    from->left -= length;
    return taken;
}

static uint8_t take_byte(reader *from) {
    const uint8_t *byte = take(from, 1);
    return byte == NULL ? 0 : *byte;
}

static uint32_t take_u32(reader *from) {
    const uint8_t *bytes = take(from, 4);
    return bytes == NULL ? 0 : rune_read_u32(bytes);
}

static uint32_t take_u32_big(reader *from) {
    const uint8_t *bytes = take(from, 4);
    return bytes == NULL ? 0 : rune_read_u32_big(bytes);
}

/* An unsigned LEB128 number of at most 32 bits. */
static uint32_t take_unsigned(reader *from) {
    uint32_t value = 0;
    for (uint32_t shift = 0; shift < 35; shift += 7) {
        uint8_t byte = take_byte(from);
        if (shift == 28 && byte > 0x0F) {
            break;
        }
        value |= (uint32_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            return from->bad ? 0 : value;
        }
    }
    from->bad = true;
    return 0;
}

/* A piece with its own bounds; empty and bad when it goes beyond. */
static reader take_part(reader *from, uint32_t length) {
    const uint8_t *at = take(from, length);
    reader part = {at, at == NULL ? 0 : length, at == NULL};
    return part;
}

static bool equal(const uint8_t *bytes, uint32_t length, const uint8_t *others, uint32_t others_length) {
    return length == others_length && (length == 0 || memcmp(bytes, others, length) == 0);
}

typedef struct section {
    uint8_t id;
    reader content; /* of a custom section: after its name */
    const uint8_t *name;
    uint32_t name_length;
} section;

static bool is_custom(const section *it, const char *name) {
    return it->id == SECTION_CUSTOM &&
           equal(it->name, it->name_length, (const uint8_t *)name, (uint32_t)strlen(name));
}

/* Takes the next section; false at the end, and when it is malformed (then `from->bad`). */
static bool next_section(reader *from, section *next) {
    if (from->bad || from->left == 0) {
        return false;
    }
    next->id = take_byte(from);
    next->content = take_part(from, take_unsigned(from));
    next->name = NULL;
    next->name_length = 0;
    if (next->id == SECTION_CUSTOM) {
        next->name_length = take_unsigned(&next->content);
        next->name = take(&next->content, next->name_length);
        from->bad = from->bad || next->content.bad;
    }
    return !from->bad;
}

static reader sections_of(const uint8_t *wasm, uint32_t length) {
    static const uint8_t header[8] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    reader from = {wasm, length, false};
    const uint8_t *begin = take(&from, sizeof header);
    from.bad = from.bad || memcmp(begin, header, sizeof header) != 0;
    return from;
}

static rune_status refuse(const char *why) {
    return rune_failure_set(RUNE_ERROR_INVALID_MODULE, "The rune is refused: %s", why);
}

static rune_status check_imports(reader content) {
    uint32_t count = take_unsigned(&content);
    for (uint32_t i = 0; i < count && !content.bad; i++) {
        reader module = take_part(&content, take_unsigned(&content));
        take(&content, take_unsigned(&content));
        uint8_t kind = take_byte(&content);
        take_unsigned(&content); /* the function's type */
        if (!content.bad && (kind != 0 || !equal(module.at, module.left, (const uint8_t *)"env", 3))) {
            return refuse("it imports something that is no function of env");
        }
    }
    return content.bad || content.left != 0 ? refuse("its import section is malformed") : RUNE_OK;
}

static rune_status check_memory(reader content, uint32_t *pages) {
    uint32_t count = take_unsigned(&content);
    uint32_t flags = take_unsigned(&content);
    *pages = take_unsigned(&content);
    if (content.bad || count != 1 || flags != 1 || take_unsigned(&content) != *pages || content.bad ||
        content.left != 0) {
        return refuse("it does not have exactly one memory whose maximum is its minimum");
    }
    return RUNE_OK;
}

static rune_status read_runeflash(reader content, rune_module *module) {
    static const uint8_t magic[4] = {'R', 'F', 2, 0};
    const uint8_t *begin = take(&content, sizeof magic);
    if (begin == NULL || memcmp(begin, magic, sizeof magic) != 0) {
        return refuse("its .runeflash section has a format that this firmware does not know");
    }
    module->memory_size = take_u32(&content);
    module->stack_size = take_u32(&content);
    module->data_size = take_u32(&content);
    module->arena_size = take_u32(&content);
    take_u32(&content); /* the stage's global: in the firmware's copy it is an export */
    module->model_count = take_u32(&content);
    module->models = content.at;
    for (uint32_t i = 0; i < module->model_count && !content.bad; i++) {
        take(&content, take_u32(&content));
        take(&content, RUNE_SHA256_SIZE);
    }
    return content.bad || content.left != 0 ? refuse("its .runeflash section is malformed") : RUNE_OK;
}

static bool next_resource(reader *content, reader *name, reader *data) {
    if (content->bad || content->left == 0) {
        return false;
    }
    *name = take_part(content, take_u32_big(content));
    *data = take_part(content, take_u32_big(content));
    return !content->bad;
}

static rune_status check_resources(reader content) {
    reader name, data;
    while (next_resource(&content, &name, &data)) {
    }
    return content.bad ? refuse("its .rune_resource section is malformed") : RUNE_OK;
}

rune_status rune_module_read(const uint8_t *wasm, uint32_t length, rune_module *module) {
    memset(module, 0, sizeof *module);
    module->wasm = wasm;
    module->wasm_length = length;
    reader from = sections_of(wasm, length);
    section it;
    bool described = false;
    uint32_t pages = 0;
    while (next_section(&from, &it)) {
        rune_status status = RUNE_OK;
        if (it.id == SECTION_IMPORT) {
            status = check_imports(it.content);
        } else if (it.id == SECTION_MEMORY) {
            status = check_memory(it.content, &pages);
        } else if (it.id == SECTION_START) {
            status = refuse("it has a start function");
        } else if (is_custom(&it, ".runeflash")) {
            status = described ? refuse("it has two .runeflash sections") : read_runeflash(it.content, module);
            described = true;
        } else if (is_custom(&it, ".rune_resource")) {
            status = check_resources(it.content);
        }
        if (status != RUNE_OK) {
            return status;
        }
    }
    if (from.bad) {
        return refuse("it is no WebAssembly module, or not a whole one");
    }
    if (!described) {
        return refuse("it has no .runeflash section; runeflash did not build it");
    }
    if (module->memory_size == 0 || (module->memory_size - 1) / PAGE_SIZE + 1 != pages) {
        return refuse("its memory and its .runeflash section do not agree");
    }
    return RUNE_OK;
}

const uint8_t *rune_module_model(const rune_module *module, const uint8_t *name, uint32_t length) {
    const uint8_t *at = module->models; /* checked when the module was read */
    for (uint32_t i = 0; i < module->model_count; i++) {
        uint32_t name_length = rune_read_u32(at);
        const uint8_t *sha256 = at + 4 + name_length;
        if (equal(at + 4, name_length, name, length)) {
            return sha256;
        }
        at = sha256 + RUNE_SHA256_SIZE;
    }
    return NULL;
}

bool rune_module_resource(const rune_module *module, const uint8_t *name, uint32_t length, const uint8_t **data,
                          uint32_t *data_length) {
    reader from = sections_of(module->wasm, module->wasm_length);
    section it;
    while (next_section(&from, &it)) {
        if (!is_custom(&it, ".rune_resource")) {
            continue;
        }
        reader found_name, found_data;
        while (next_resource(&it.content, &found_name, &found_data)) {
            if (equal(found_name.at, found_name.left, name, length)) {
                *data = found_data.at;
                *data_length = found_data.left;
                return true;
            }
        }
    }
    return false;
}
