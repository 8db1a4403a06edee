/* SPDX-License-Identifier: MIT */
#include "told.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB          (UINT64_C(1) << 20)
#define QEMU_DEFAULT (128 * MIB) /* without -m */
#define QEMU_PAGE    8192        /* -m is rounded up to it */
#define ID_SIZE      64

/* What the options say, before it is clear which objects are memory of the guest. */
struct options {
    struct backend {
        char id[ID_SIZE];
        struct host_told_piece piece;
        bool used;
    } backends[HOST_TOLD_MAX];
    size_t nr_backends;
    struct use {
        char id[ID_SIZE]; /* of the backend */
        bool boot;
    } uses[HOST_TOLD_MAX];
    size_t nr_uses;
    struct host_told_piece zones[HOST_TOLD_MAX]; /* of cloud-hypervisor */
    size_t nr_zones;
    uint64_t size, most; /* -m */
    bool has_size;
    bool has_path; /* -mem-path */
};

static void wrong(struct host_told *told, const char *what, const char *value)
{
    if (!*told->wrong)
        snprintf(told->wrong, sizeof(told->wrong), "%s%.64s", what, value);
    host_make_printable(told->wrong);
}

bool host_parse_size(const char *text, uint64_t unit, uint64_t *ret)
{
    static const char suffixes[] = "bkmgtpe";
    bool hex = text[0] == '0' && (text[1] | 0x20) == 'x';
    long double part = 0, digit = 0.1L;
    uint64_t value;
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    value = strtoull(text, &end, hex ? 16 : 10);
    if (*end == '.' && !hex)
        for (end++; *end >= '0' && *end <= '9'; end++, digit /= 10)
            part += digit * (*end - '0');
    if (*end) {
        const char *suffix = strchr(suffixes, *end | 0x20);

        if (hex || !suffix || end[1 + (end[1] == 'B' || end[1] == 'b')])
            return false;
        unit = UINT64_C(1) << (10 * (suffix - suffixes));
    }
    if (errno || value >= UINT64_MAX / unit)
        return false;
    *ret = value * unit + (uint64_t)(part * (long double)unit + 0.5L);
    return true;
}

/* A value of an object or a device, which may be written in either way. */
static bool sub(const char *text, const char *key, char *value, size_t size)
{
    static const char *const first[] = {"qom-type", "driver"};

    if (*text == '{')
        return host_json_option(text, key, value, size);
    for (size_t i = 0; i < 2; i++)
        if (!strcmp(key, first[i])) {
            snprintf(value, size, "%.*s", (int)strcspn(text, ","), text);
            return *value != '\0';
        }
    return host_sub_option(text, key, false, value, size);
}

/* A switch of an object: on, true or yes. */
static bool is_on(const char *text, const char *key)
{
    char value[16];

    return sub(text, key, value, sizeof(value)) &&
           (!strcmp(value, "on") || !strcmp(value, "true") || !strcmp(value, "yes") || !strcmp(value, "y"));
}

static unsigned int kinds_of(const char *type, const char *text)
{
    if (!strcmp(type, "memory-backend-ram"))
        return HOST_RAM_BIT(HOST_RAM_ANON) |
               (is_on(text, "share") ? HOST_RAM_BIT(HOST_RAM_SHM) | HOST_RAM_BIT(HOST_RAM_MEMFD) : 0);
    if (!strcmp(type, "memory-backend-memfd"))
        return HOST_RAM_BIT(HOST_RAM_MEMFD) | HOST_RAM_BIT(HOST_RAM_HUGETLB);
    if (!strcmp(type, "memory-backend-shm"))
        return HOST_RAM_BIT(HOST_RAM_SHM) | HOST_RAM_BIT(HOST_RAM_MEMFD);
    if (!strcmp(type, "memory-backend-file"))
        return HOST_RAM_BIT(HOST_RAM_SHM) | HOST_RAM_BIT(HOST_RAM_HUGETLB) | HOST_RAM_BIT(HOST_RAM_FILE);
    return 0;
}

/* -object */
static void add_object(struct options *options, const char *text, struct host_told *told)
{
    struct backend *backend = &options->backends[options->nr_backends]; /* may be one behind the last */
    char type[64], size[64];
    unsigned int kinds;

    if (!sub(text, "qom-type", type, sizeof(type)))
        return;
    if (!strncmp(type, "sev-", 4) || !strcmp(type, "tdx-guest"))
        told->encrypted = true;
    kinds = kinds_of(type, text);
    if (!kinds)
        return;
    if (options->nr_backends == HOST_TOLD_MAX) {
        wrong(told, "it has more memory backends than 32", "");
        return;
    }
    if (!sub(text, "id", backend->id, ID_SIZE) || !sub(text, "size", size, sizeof(size)) ||
        !host_parse_size(size, 1, &backend->piece.size) || !backend->piece.size) {
        wrong(told, "this has no id or no size: -object ", text);
        return;
    }
    backend->piece.kinds = kinds;
    options->nr_backends++;
}

/* The guest uses a backend as memory. */
static void add_use(struct options *options, const char *text, const char *key, bool boot, struct host_told *told)
{
    if (options->nr_uses == HOST_TOLD_MAX)
        wrong(told, "it has more memory devices than 32", "");
    else if (sub(text, key, options->uses[options->nr_uses].id, ID_SIZE))
        options->uses[options->nr_uses++].boot = boot;
}

/* -device: memory that the guest has beside that of the boot. What an NVDIMM or ivshmem has is a file of its own. */
static void add_device(struct options *options, const char *text, struct host_told *told)
{
    char driver[64];

    if (!sub(text, "driver", driver, sizeof(driver)))
        return;
    if (!strcmp(driver, "pc-dimm") || !strncmp(driver, "virtio-mem", strlen("virtio-mem")) ||
        !strcmp(driver, "hv-balloon"))
        add_use(options, text, "memdev", false, told);
}

/* -m. Given again, the later values count. */
static void set_size(struct options *options, const char *text, struct host_told *told)
{
    char value[64];

    if (host_sub_option(text, "size", true, value, sizeof(value))) {
        if (!host_parse_size(value, MIB, &options->size) || !options->size)
            wrong(told, "this is no size: -m ", text);
        options->has_size = true;
    }
    if (host_sub_option(text, "maxmem", false, value, sizeof(value)) && !host_parse_size(value, MIB, &options->most))
        wrong(told, "this is no size: -m ", text);
}

/* --memory and --memory-zone */
static void add_zone(struct options *options, const char *text, struct host_told *told)
{
    struct host_told_piece zone = {.kinds = HOST_RAM_ANY}, plugged = {.kinds = HOST_RAM_ANY, .later = true};
    char value[64];

    if (options->nr_zones + 2 > HOST_TOLD_MAX) {
        wrong(told, "it has more memory zones than 16", "");
        return;
    }
    if (host_sub_option(text, "size", false, value, sizeof(value)) && !host_parse_size(value, 1, &zone.size))
        wrong(told, "this is no size: --memory ", text);
    if (host_sub_option(text, "hotplug_size", false, value, sizeof(value)) && !host_parse_size(value, 1, &plugged.size))
        wrong(told, "this is no size: --memory ", text);
    if (zone.size)
        options->zones[options->nr_zones++] = zone;
    if (plugged.size && host_sub_option(text, "hotplug_method", false, value, sizeof(value)) &&
        !strcmp(value, "virtio-mem"))
        options->zones[options->nr_zones++] = plugged;
    else
        told->room += plugged.size;
}

static void read_option(struct options *options, const struct host_cmdline *cmdline, const struct host_option *option,
                        struct host_told *told)
{
    if (!option->value)
        return;
    if (host_option_is(option, "m"))
        set_size(options, option->value, told);
    else if (host_option_is(option, "object"))
        add_object(options, option->value, told);
    else if (host_option_is(option, "device"))
        add_device(options, option->value, told);
    else if (host_option_is(option, "machine") || host_option_is(option, "M"))
        add_use(options, option->value, "memory-backend", true, told);
    else if (host_option_is(option, "numa"))
        add_use(options, option->value, "memdev", true, told);
    else if (host_option_is(option, "mem-path"))
        options->has_path = true;
    else if (host_option_is(option, "memory"))
        add_zone(options, option->value, told);
    else if (host_option_is(option, "memory-zone"))
        for (const char *value = option->value; value; value = host_cmdline_more(cmdline, value))
            add_zone(options, value, told);
}

static void add_piece(struct host_told *told, const struct host_told_piece *piece)
{
    if (told->n == HOST_TOLD_MAX)
        wrong(told, "it has more pieces of memory than 32", "");
    else
        told->pieces[told->n++] = *piece;
}

/* Adds the sizes of those that are there at boot and of the others. What no option makes memory is a device's. */
static void add_backends(struct options *options, struct host_told *told, uint64_t *boot, uint64_t *plugged)
{

    for (size_t i = 0; i < options->nr_uses; i++) {
        const struct use *use = &options->uses[i];
        size_t k = 0;

        while (k < options->nr_backends && strcmp(options->backends[k].id, use->id) != 0)
            k++;
        if (k == options->nr_backends) {
            wrong(told, "it names a memory backend that it does not have: ", use->id);
            continue;
        }
        if (options->backends[k].used)
            continue;
        options->backends[k].used = true;
        add_piece(told, &options->backends[k].piece);
        *(use->boot ? boot : plugged) += options->backends[k].piece.size;
    }
    for (size_t i = 0; i < options->nr_backends; i++) {
        options->backends[i].piece.other = !options->backends[i].used;
        if (options->backends[i].piece.other)
            add_piece(told, &options->backends[i].piece);
    }
}

static bool is_qemu(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL, *base = slash ? slash + 1 : path;

    return base && (!strncmp(base, "qemu-", 5) || !strcmp(base, "kvm"));
}

static uint64_t rounded(uint64_t size)
{
    return (size + QEMU_PAGE - 1) & ~(uint64_t)(QEMU_PAGE - 1);
}

void host_told_read(const struct host_cmdline *cmdline, const char *exe, uint64_t configured, struct host_told *ret)
{
    struct host_told told = {.splits = true};
    struct options options = {.nr_backends = 0};
    struct host_option option;
    const char *at = NULL;
    uint64_t boot = 0, plugged = 0;

    while (host_cmdline_next(cmdline, &at, &option))
        read_option(&options, cmdline, &option, &told);
    if (configured) {
        *ret = (struct host_told){.pieces = {{.size = configured, .kinds = HOST_RAM_ANY}},
                                  .n = 1,
                                  .splits = true,
                                  .encrypted = told.encrypted};
        return;
    }
    add_backends(&options, &told, &boot, &plugged);
    for (size_t i = 0; i < options.nr_zones; i++)
        add_piece(&told, &options.zones[i]);
    if (!options.has_size && !boot && !options.nr_zones && (is_qemu(exe) || (cmdline->len && is_qemu(cmdline->text)))) {
        told.assumed = true;
        options.size = QEMU_DEFAULT;
    }
    if (options.size) {
        told.splits = false;
        options.size = rounded(options.size);
        if (!boot)
            add_piece(&told, &(struct host_told_piece){
                                 options.size, options.has_path ? HOST_RAM_ANY : HOST_RAM_BIT(HOST_RAM_ANON), false});
        else if (boot != options.size)
            wrong(&told, "-m is not the sum of its memory backends", "");
        plugged += options.size;
        told.room += options.most > plugged ? options.most - plugged : 0;
    }
    if (*told.wrong)
        told.n = 0;
    *ret = told;
}
