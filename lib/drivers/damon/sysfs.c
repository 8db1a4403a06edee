/* SPDX-License-Identifier: MIT */
#include "drivers/damon/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "sys/scan.h"

#define MODULE_ENABLED "/sys/module/%s/parameters/enabled"
#define BUSY_TRIES     10
#define BUSY_WAIT_MS   5

static int read_line(struct drcl_env *env, char value[DRCL_DAMON_VALUE], const char *dir, const char *name)
{
    ssize_t n = drcl_read_small(env, value, DRCL_DAMON_VALUE, "%s%s", dir, name);

    if (n < 0)
        return (int)n;
    while (n && (value[n - 1] == '\n' || value[n - 1] == ' '))
        n--;
    value[n] = '\0';
    return 0;
}

/* As if by echo: one write of the whole. */
static int write_line(struct drcl_env *env, const char *value, const char *dir, const char *name)
{
    size_t len = strlen(value);
    int fd = drcl_open(env, O_WRONLY, "%s%s", dir, name);
    ssize_t n;

    if (fd < 0)
        return fd;
    n = drcl_pwrite(env, fd, value, len, 0);
    drcl_close(env, fd);
    if (n < 0)
        return (int)n;
    return (size_t)n == len ? 0 : -EIO;
}

/* The kernel's thread takes the lock of these files now and then, and so may others. If that is why a call has failed
 * this waits a little, and returns true for the caller to try again; after some tries it gives up and returns false. */
static bool wait_to_retry(struct drcl_env *env, int result, unsigned int *nr_tries)
{
    if (result != -EBUSY || ++*nr_tries == BUSY_TRIES)
        return false;
    env->sys.poll(env->system_data, NULL, 0, BUSY_WAIT_MS);
    return true;
}

static int read_kdamond(struct drcl_env *env, char value[DRCL_DAMON_VALUE], const char *name)
{
    unsigned int nr_tries = 0;
    int r;

    do
        r = read_line(env, value, DRCL_DAMON_DIR "/", name);
    while (wait_to_retry(env, r, &nr_tries));
    return r;
}

bool drcl_damon_exists(struct drcl_env *env, const char *format, ...)
{
    int fd;
    DRCL_DAMON_NAME(name, format);

    fd = drcl_open(env, O_RDONLY, DRCL_DAMON_DIR "/%s", name);
    drcl_close(env, fd);
    return fd >= 0 || (fd != -ENOENT && fd != -ENOTDIR);
}

int drcl_damon_read(struct drcl_env *env, char value[DRCL_DAMON_VALUE], const char *format, ...)
{
    DRCL_DAMON_NAME(name, format);
    return read_kdamond(env, value, name);
}

int drcl_damon_read_u64(struct drcl_env *env, uint64_t *ret, const char *format, ...)
{
    char value[DRCL_DAMON_VALUE];
    struct drcl_scan scan;
    uint64_t number;
    int r;
    DRCL_DAMON_NAME(name, format);

    r = read_kdamond(env, value, name);
    if (r < 0)
        return r;
    scan = (struct drcl_scan){value, value + strlen(value)};
    if (!drcl_scan_u64(&scan, 10, &number) || scan.at != scan.end)
        return -EIO;
    *ret = number;
    return 0;
}

int drcl_damon_write(struct drcl_env *env, const char *value, const char *format, ...)
{
    unsigned int nr_tries = 0;
    int r;
    DRCL_DAMON_NAME(name, format);

    do
        r = write_line(env, value, DRCL_DAMON_DIR "/", name);
    while (wait_to_retry(env, r, &nr_tries));
    return r;
}

int drcl_damon_module_on(struct drcl_env *env, const char *module)
{
    char value[DRCL_DAMON_VALUE], name[128];
    int r;

    snprintf(name, sizeof(name), MODULE_ENABLED, module);
    r = read_line(env, value, "", name);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    return value[0] == 'Y' || value[0] == 'y' || value[0] == '1';
}

int drcl_damon_module_switch(struct drcl_env *env, const char *module, bool on)
{
    char name[128];
    int r;

    snprintf(name, sizeof(name), MODULE_ENABLED, module);
    r = write_line(env, on ? "Y" : "N", "", name);
    if (r < 0)
        return r;
    r = drcl_damon_module_on(env, module);
    if (r < 0)
        return r;
    return r == on ? 0 : -EBUSY;
}
