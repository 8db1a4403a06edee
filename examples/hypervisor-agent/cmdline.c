/* SPDX-License-Identifier: MIT */
#include "cmdline.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/comm.h"

const char *host_cmdline_word(const struct host_cmdline *cmdline, size_t i)
{
    const char *at = cmdline->text, *end = cmdline->text + cmdline->len;

    for (; at < end; i--) {
        if (i == 0)
            return at;
        at += strnlen(at, (size_t)(end - at)) + 1;
    }
    return NULL;
}

/* The word behind @word, or NULL. */
static const char *next_word(const struct host_cmdline *cmdline, const char *word)
{
    const char *end = cmdline->text + cmdline->len;

    word += strnlen(word, (size_t)(end - word)) + 1;
    return word < end ? word : NULL;
}

/* What follows the option @name, in the next word or behind a '='. With one or two dashes, as the programs take it. */
static const char *option(const struct host_cmdline *cmdline, const char *name)
{
    const char *word = host_cmdline_word(cmdline, 1);
    size_t len = strlen(name);

    for (; word; word = next_word(cmdline, word)) {
        size_t dashes = strspn(word, "-");

        if (dashes < 1 || dashes > 2 || strncmp(word + dashes, name, len))
            continue;
        if (word[dashes + len] == '=')
            return word + dashes + len + 1;
        if (!word[dashes + len])
            return next_word(cmdline, word);
    }
    return NULL;
}

/* The value of @key in "first,key=value,..."; the first may stand without its key. Two commas are one that does not
 * separate. */
static bool sub_option(const char *text, const char *key, bool first, char *value, size_t size)
{
    size_t key_len = strlen(key);

    for (bool begin = true; *text; begin = false) {
        bool found = !strncmp(text, key, key_len) && text[key_len] == '=';
        size_t n = 0;

        if (found)
            text += key_len + 1;
        else
            found = begin && first && text[strcspn(text, "=,")] != '=';
        for (; *text && (*text != ',' || text[1] == ','); text++) {
            if (found && n + 1 < size)
                value[n++] = *text;
            text += *text == ',';
        }
        if (found) {
            value[n] = '\0';
            return n > 0;
        }
        text += *text == ',';
    }
    return false;
}

void host_stem(const char *path, char name[HOST_NAME_SIZE])
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
    int len = dot && dot != base ? (int)(dot - base) : (int)strlen(base);

    snprintf(name, HOST_NAME_SIZE, "%.*s", len, base);
}

/* How many bytes the character in UTF-8 at @c has; 0: it is none, or none to be printed. */
static size_t character(const unsigned char *c)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = c[0] < 0x80 ? 1 : c[0] >> 5 == 6 ? 2 : c[0] >> 4 == 14 ? 3 : c[0] >> 3 == 30 ? 4 : 0;
    uint32_t code = len < 2 ? c[0] : c[0] & (0x7fu >> len);

    for (size_t i = 1; i < len; i++) {
        if (c[i] >> 6 != 2)
            return 0;
        code = code << 6 | (c[i] & 0x3f);
    }
    if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return 0;
    return code >= least[len] ? len : 0;
}

void host_make_printable(char *text)
{
    for (char *c = text; *c;) {
        size_t len = character((const unsigned char *)c);

        if (!len)
            *c = '_';
        c += len ? len : 1;
    }
}

bool host_cmdline_name(const struct host_cmdline *cmdline, char name[HOST_NAME_SIZE])
{
    const char *word = option(cmdline, "name");
    char path[256];

    if (word && sub_option(word, "guest", true, name, HOST_NAME_SIZE))
        return true;
    word = option(cmdline, "id");
    if (word && *word && *word != '-') {
        snprintf(name, HOST_NAME_SIZE, "%s", word);
        return true;
    }
    word = option(cmdline, "api-socket");
    if (!word || !sub_option(word, "path", true, path, sizeof(path)))
        return false;
    host_stem(path, name);
    return *name != '\0';
}

/* "4G", "512M", "1048576k"; a bare number is in @unit. */
static uint64_t parse_size(const char *text, uint64_t unit)
{
    static const char suffixes[] = "bkmgt";
    uint64_t value;
    char *end;

    if (*text < '0' || *text > '9')
        return 0;
    errno = 0;
    value = strtoull(text, &end, 10);
    if (*end) {
        const char *suffix = strchr(suffixes, *end | 0x20);

        if (!suffix || end[1 + (end[1] == 'B' || end[1] == 'b')])
            return 0;
        unit = UINT64_C(1) << (10 * (suffix - suffixes));
    }
    return errno || (unit && value > UINT64_MAX / unit) ? 0 : value * unit;
}

uint64_t host_cmdline_memory(const struct host_cmdline *cmdline)
{
    const char *word = option(cmdline, "m");
    char size[64];

    if (word && sub_option(word, "size", true, size, sizeof(size)))
        return parse_size(size, UINT64_C(1) << 20);
    word = option(cmdline, "memory");
    if (word && sub_option(word, "size", false, size, sizeof(size)))
        return parse_size(size, 1);
    return 0;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

bool host_command_matches(const char *pattern, const char *argv0, const char *exe, const char *comm)
{
    return (argv0 && !fnmatch(pattern, base_name(argv0), 0)) || (exe && !fnmatch(pattern, base_name(exe), 0)) ||
           (comm && comm_matches(pattern, comm));
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* systemd writes what a unit's name may not hold as \xNN. */
static void unescape(const char *text, size_t len, char name[HOST_NAME_SIZE])
{
    size_t n = 0;

    for (size_t i = 0; i < len && n + 1 < HOST_NAME_SIZE; i++) {
        if (len - i >= 4 && text[i] == '\\' && text[i + 1] == 'x' && hex(text[i + 2]) >= 0 && hex(text[i + 3]) >= 0) {
            name[n++] = (char)(hex(text[i + 2]) << 4 | hex(text[i + 3]));
            i += 3;
        } else {
            name[n++] = text[i];
        }
    }
    name[n] = '\0';
}

bool host_scope_name(const char *cgroup, char name[HOST_NAME_SIZE])
{
    static const char prefix[] = "machine-", suffix[] = ".scope", qemu[] = "qemu-";
    const char *begin = strstr(cgroup, prefix), *end;
    size_t digits;

    if (!begin)
        return false;
    begin += strlen(prefix);
    end = strstr(begin, suffix);
    if (!end || memchr(begin, '/', (size_t)(end - begin)))
        return false;
    unescape(begin, (size_t)(end - begin), name);
    /* libvirt puts the driver and a number before the guest's name. */
    digits = strncmp(name, qemu, strlen(qemu)) ? 0 : strspn(name + strlen(qemu), "0123456789");
    if (digits && name[strlen(qemu) + digits] == '-' && name[strlen(qemu) + digits + 1])
        memmove(name, name + strlen(qemu) + digits + 1, strlen(name + strlen(qemu) + digits + 1) + 1);
    return *name != '\0';
}
