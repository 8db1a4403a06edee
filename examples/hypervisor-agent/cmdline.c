/* SPDX-License-Identifier: MIT */
#include "cmdline.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "agent/comm.h"

/* The word behind @word, or NULL. */
static const char *next_word(const struct host_cmdline *cmdline, const char *word)
{
    const char *end = cmdline->text + cmdline->len;

    word += strnlen(word, (size_t)(end - word)) + 1;
    return word < end ? word : NULL;
}

bool host_cmdline_next(const struct host_cmdline *cmdline, const char **at, struct host_option *ret)
{
    const char *word = *at ? *at : cmdline->len ? cmdline->text : NULL;

    while (word && (word = next_word(cmdline, word)) != NULL) {
        size_t dashes = strspn(word, "-");

        if (dashes < 1 || dashes > 2 || !word[dashes])
            continue;
        ret->name = word + dashes;
        ret->len = strcspn(ret->name, "=");
        ret->value = ret->name[ret->len] ? ret->name + ret->len + 1 : next_word(cmdline, word);
        *at = word;
        return true;
    }
    return false;
}

const char *host_cmdline_more(const struct host_cmdline *cmdline, const char *value)
{
    const char *word = *value == '-' ? NULL : next_word(cmdline, value);

    return word && *word != '-' ? word : NULL;
}

bool host_option_is(const struct host_option *option, const char *name)
{
    return option->len == strlen(name) && !strncmp(option->name, name, option->len);
}

bool host_sub_option(const char *text, const char *key, bool first, char *value, size_t size)
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

/* Controls, surrogates, what is no character; and what cannot be seen or changes how others are shown: blanks of other
 * scripts, marks of direction, separators of lines, byte order marks. */
static bool is_printable(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } not [] = {
        {0x00, 0x1f},       {0x7f, 0xa0},           {0xad, 0xad},     {0x34f, 0x34f},   {0x61c, 0x61c},
        {0x115f, 0x1160},   {0x1680, 0x1680},       {0x180b, 0x180f}, {0x2000, 0x200f}, {0x2028, 0x202f},
        {0x205f, 0x206f},   {0x3000, 0x3000},       {0x3164, 0x3164}, {0xd800, 0xdfff}, {0xfdd0, 0xfdef},
        {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},       {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0xfffe, 0xffff},
        {0xe0000, 0xe0fff}, {0x10fffe, UINT32_MAX},
    };

    for (size_t i = 0; i < sizeof(not ) / sizeof(not [0]); i++)
        if (code >= not [i].first && code <= not [i].last)
            return false;
    return true;
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
    return code >= least[len] && is_printable(code) ? len : 0;
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

/* Skips a JSON text from its quotation mark on. Copies it without its escapes as far as @size reaches. */
static const char *json_text(const char *at, char *value, size_t size)
{
    size_t n = 0;

    for (at++; *at && *at != '"'; at++) {
        at += *at == '\\' && at[1];
        if (n + 1 < size)
            value[n++] = *at;
    }
    if (size)
        value[n] = '\0';
    return *at ? at + 1 : at;
}

bool host_json_option(const char *text, const char *key, char *value, size_t size)
{
    unsigned int depth = 0;
    char name[64];

    while (*text) {
        if (*text != '"') {
            depth += *text == '{' || *text == '[';
            depth -= depth && (*text == '}' || *text == ']');
            text++;
            continue;
        }
        text = json_text(text, name, sizeof(name));
        text += strspn(text, " ");
        if (depth != 1 || *text != ':' || strcmp(name, key) != 0)
            continue;
        text += 1 + strspn(text + 1, " ");
        if (*text == '"')
            json_text(text, value, size);
        else
            snprintf(value, size, "%.*s", (int)strcspn(text, ",} "), text);
        return *value != '\0';
    }
    return false;
}

bool host_make_name(char name[HOST_NAME_SIZE])
{
    size_t len = strlen(name), begin = strspn(name, " ");
    bool visible = false;

    for (const char *c = name; *c;) {
        size_t n = character((const unsigned char *)c);

        visible |= n && *c != ' ';
        c += n ? n : 1;
    }
    if (!visible)
        return false;
    memset(name, '_', begin);
    while (len && name[len - 1] == ' ')
        name[--len] = '_';
    host_make_printable(name);
    return true;
}

bool host_cmdline_name(const struct host_cmdline *cmdline, char name[HOST_NAME_SIZE])
{
    const char *at = NULL, *guest = NULL, *id = NULL, *socket = NULL;
    struct host_option option;
    char path[256];

    while (host_cmdline_next(cmdline, &at, &option)) {
        if (host_option_is(&option, "name"))
            guest = option.value;
        else if (host_option_is(&option, "id"))
            id = option.value;
        else if (host_option_is(&option, "api-socket"))
            socket = option.value;
    }
    if (guest && host_sub_option(guest, "guest", true, name, HOST_NAME_SIZE))
        return true;
    if (id && *id && *id != '-') {
        snprintf(name, HOST_NAME_SIZE, "%s", id);
        return true;
    }
    if (!socket || !host_sub_option(socket, "path", true, path, sizeof(path)))
        return false;
    host_stem(path, name);
    return *name != '\0';
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* "-v1.7.0-x86_64", "-static": what distributors append to the name of a program. */
static bool is_version(const char *text)
{
    static const char *const words[] = {"static", "musl", "x86_64", "aarch64", "riscv64", "amd64", "arm64"};

    while (*text == '-') {
        size_t len = strcspn(++text, "-");
        bool known = (text[0] >= '0' && text[0] <= '9') || (text[0] == 'v' && text[1] >= '0' && text[1] <= '9');

        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && !known; i++)
            known = strlen(words[i]) == len && !strncmp(text, words[i], len);
        if (!known)
            return false;
        text += len;
    }
    return !*text;
}

static bool name_matches(const char *pattern, const char *name)
{
    size_t len = strlen(pattern);

    return !fnmatch(pattern, name, 0) || (!strncmp(pattern, name, len) && is_version(name + len));
}

bool host_command_matches(const char *pattern, const char *argv0, const char *exe, const char *comm)
{
    return (argv0 && name_matches(pattern, base_name(argv0))) || (exe && name_matches(pattern, base_name(exe))) ||
           (comm && (comm_matches(pattern, comm) || name_matches(pattern, comm)));
}

bool host_is_by_name_only(const char *argv0, const char *exe, const char *comm)
{
    return host_command_matches("firecracker*", argv0, exe, comm);
}

bool host_is_name_of(const char *pattern)
{
    return !strncmp(pattern, "firecracker", strlen("firecracker"));
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
