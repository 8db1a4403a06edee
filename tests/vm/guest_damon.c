/* SPDX-License-Identifier: MIT */
#include "guest_damon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"

#define KDAMONDS "/sys/kernel/mm/damon/admin/kdamonds/"
#define RECORD   "/run/damon-reclaim/record"

void guest_damon_needed(void)
{
    if (access(KDAMONDS "nr_kdamonds", F_OK) == 0)
        return;
    printf("this kernel has no DAMON sysfs files\n");
    exit(77);
}

/* Again when the kernel's thread has just locked the files. */
static const char *line_of(const char *path)
{
    static char line[256];

    for (int i = 0; i < 20; i++) {
        FILE *f = fopen(path, "re");

        line[0] = '\0';
        errno = 0;
        if (f && fgets(line, sizeof(line), f))
            line[strcspn(line, "\n")] = '\0';
        if (f)
            fclose(f);
        if (line[0] || errno != EBUSY)
            break;
        guest_sleep_ms(5);
    }
    return line;
}

const char *guest_kdamond(const char *name)
{
    char path[256];

    snprintf(path, sizeof(path), KDAMONDS "%s", name);
    return line_of(path);
}

void guest_damon_left_nothing(void)
{
    GUEST_CHECK(!strcmp(guest_kdamond("nr_kdamonds"), "0"));
    GUEST_CHECK(access(RECORD, F_OK) < 0);
}

static void by_hand(const char *value, const char *name)
{
    char path[256];

    snprintf(path, sizeof(path), KDAMONDS "%s", name);
    if (!guest_write(path, value))
        guest_die(path);
}

void guest_foreign_start(void)
{
    by_hand("1", "nr_kdamonds");
    by_hand("1", "0/contexts/nr_contexts");
    by_hand("paddr", "0/contexts/0/operations");
    by_hand("1", "0/contexts/0/targets/nr_targets");
    by_hand("1", "0/contexts/0/targets/0/regions/nr_regions");
    by_hand("16777216", "0/contexts/0/targets/0/regions/0/start");
    by_hand("33554432", "0/contexts/0/targets/0/regions/0/end");
    by_hand("on", "0/state");
}

void guest_foreign_stop(void)
{
    by_hand("off", "0/state");
    by_hand("0", "nr_kdamonds");
}

struct guest_digest guest_kdamonds_digest(void)
{
    static const char command[] =
        "cd " KDAMONDS " && find . -type f | sort | while read -r f; do echo \"$f $(cat $f)\"; done | md5sum";
    struct guest_digest digest = {""};
    FILE *f = popen(command, "r");

    if (!f || !fgets(digest.text, sizeof(digest.text), f))
        guest_die("digest of " KDAMONDS);
    pclose(f);
    return digest;
}

bool guest_digest_same(const struct guest_digest *a, const struct guest_digest *b)
{
    return !strcmp(a->text, b->text);
}

static const char *module_path(const char *module, const char *name)
{
    static char path[256];

    snprintf(path, sizeof(path), "/sys/module/damon_%s/parameters/%s", module, name);
    return path;
}

const char *guest_module_get(const char *module, const char *name)
{
    return line_of(module_path(module, name));
}

int64_t guest_module_number(const char *module, const char *name)
{
    return strtoll(guest_module_get(module, name), NULL, 10);
}

bool guest_module_set(const char *module, const char *name, const char *value)
{
    return guest_write(module_path(module, name), value);
}
