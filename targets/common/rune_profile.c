/* Compiled only for firmware that measures itself (firmware/flags.py). */
#include "rune_profile.h"

#include <stdbool.h>
#include <stddef.h>

#include "rune_json.h"
#include "rune_line.h"

static struct {
    const rune_board *board;
    const rune_image *image;
    bool calling;     /* _call is under way; _manifest is not measured */
    uint32_t count;   /* of the parts that have been seen since the start */
    uint32_t current; /* the part that time now belongs to */
    uint32_t stage;
    uint32_t call; /* the number of the rune's call since the start, from 1 */
    uint32_t lost; /* how often, in this call, a part was entered for which there was no place */
    uint64_t begun;
    uint64_t since; /* until when time has been given to parts */
    uint64_t ended;
    uint64_t own; /* microseconds that were spent in here */
} profile;

static uint64_t now(void) {
    return profile.board->microseconds();
}

/* Returns a part's place. The rune's calls are alike: what comes next is most often what came next before. When all
   places are taken, what is left over goes to the first, which is no stage's, and is counted. */
static uint32_t place_of(uint32_t stage, const char *host_call) {
    for (uint32_t i = 0; i < profile.count; i++) {
        uint32_t place = profile.current + 1 + i;
        place = place < profile.count ? place : place - profile.count;
        if (rune_profile_parts[place].stage == stage && rune_profile_parts[place].host_call == host_call) {
            return place;
        }
    }
    if (profile.count == rune_profile_part_count) {
        profile.lost++;
        return 0;
    }
    rune_profile_parts[profile.count] = (rune_profile_part){.host_call = host_call, .stage = stage};
    return profile.count++;
}

/* What went before belongs to the part that was; what comes after, to this one. The clock is read at the very
   beginning and the very end. Its 64 bits do not wrap. */
static void enter(uint32_t stage, const char *host_call) {
    if (!profile.calling) {
        return;
    }
    const uint64_t before = now();
    rune_profile_parts[profile.current].microseconds += before - profile.since;
    profile.current = place_of(stage, host_call);
    rune_profile_parts[profile.current].calls++;
    profile.since = now();
    profile.own += profile.since - before;
}

void rune_profile_start(const rune_board *board, const rune_image *image) {
    profile.board = board;
    profile.image = image;
    profile.calling = false;
    profile.count = 0;
    profile.current = 0;
    profile.call = 0;
}

void rune_profile_call_begin(void) {
    for (uint32_t i = 0; i < profile.count; i++) {
        rune_profile_parts[i].calls = 0;
        rune_profile_parts[i].microseconds = 0;
    }
    profile.call++;
    profile.stage = 0;
    profile.own = 0;
    profile.lost = 0;
    profile.current = place_of(0, NULL);
    rune_profile_parts[profile.current].calls = 1;
    profile.calling = true;
    profile.begun = now();
    profile.since = profile.begun;
}

void rune_profile_call_end(void) {
    profile.ended = now();
    profile.calling = false;
    rune_profile_parts[profile.current].microseconds += profile.ended - profile.since;
}

void rune_profile_stage(uint32_t stage) {
    profile.stage = stage;
    enter(stage, NULL);
}

void rune_profile_host_begin(const char *name) {
    enter(profile.stage, name);
}

void rune_profile_host_end(void) {
    enter(profile.stage, NULL);
}

static void print_stage(rune_json *line, uint32_t stage) {
    rune_json_key(line, "stage");
    if (stage == 0) {
        rune_json_null(line);
    } else if (stage <= profile.image->stage_count) {
        rune_json_text(line, profile.image->stages[stage - 1]);
    } else {
        rune_json_unsigned(line, stage);
    }
}

static void print_number(rune_json *line, const char *key, uint64_t value) {
    rune_json_key(line, key);
    rune_json_unsigned(line, value);
}

void rune_profile_print(void) {
    rune_json *line = rune_line_output();
    rune_json_open(line, '{');
    rune_json_key(line, "runeflash");
    rune_json_text(line, "profile");
    print_number(line, "call", profile.call);
    print_number(line, "us", profile.ended - profile.begun);
    print_number(line, "profiling_us", profile.own);
    if (profile.lost > 0) {
        print_number(line, "lost", profile.lost);
    }
    rune_json_key(line, "parts");
    rune_json_open(line, '[');
    for (uint32_t i = 0; i < profile.count; i++) {
        const rune_profile_part *part = &rune_profile_parts[i];
        if (part->calls == 0) {
            continue;
        }
        rune_json_open(line, '{');
        print_stage(line, part->stage);
        if (part->host_call != NULL) {
            rune_json_key(line, "host_call");
            rune_json_text(line, part->host_call);
            print_number(line, "calls", part->calls);
        }
        print_number(line, "us", part->microseconds);
        rune_json_close(line, '}');
    }
    rune_json_close(line, ']');
    rune_json_close(line, '}');
    rune_line_end();
    profile.board->serial_flush();
}
