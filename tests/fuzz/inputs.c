/* SPDX-License-Identifier: MIT */
/*
 * Values that are written to the parameter files of damon-reclaim-guest: NAME VALUE, one a line. Whatever is written, a
 * refusal changes nothing, and what a file shows can be written to it.
 */
#include <errno.h>

#include "agent/log.h"
#include "fuzz.h"
#include "guest-agent/guest.h"

static struct damon_reclaim *new_context(void)
{
    static const struct damon_reclaim_sim_config sim = {.size = sizeof(sim),
                                                        .workload = "a, 1048576\n\nall\n1000\na, 0, 4096, 1\n"};
    const struct damon_reclaim_config config = {.size = sizeof(config), .backend = "sim", .seed = 1, .sim = &sim};
    struct damon_reclaim *ctx = NULL;

    must(damon_reclaim_new(&config, &ctx) == 0);
    return ctx;
}

static void check_written(struct guest *guest, const char *name, const char *value)
{
    struct damon_reclaim_param_info info = {.size = sizeof(info)};
    char before[64] = "", after[64] = "";
    int index = damon_reclaim_param_find(name), r;

    if (index < 0) {
        must(guest_input_get(guest, name, before, sizeof(before)) < 0 && guest_input_set(guest, name, value) < 0);
        return;
    }
    must(damon_reclaim_param_describe((size_t)index, &info) == 0);
    name = info.name; /* as the directory lists it */
    must(guest_input_get(guest, name, before, sizeof(before)) > 0);
    r = guest_input_set(guest, name, value);
    must(r == 0 || r == -EINVAL || r == -EPERM || r == -EACCES);
    must(guest_input_get(guest, name, after, sizeof(after)) > 0);
    if (r < 0)
        must(!strcmp(before, after));
    else if (!info.read_only && strcmp(name, "commit_inputs") != 0)
        must(guest_input_set(guest, name, after) == 0 || !strcmp(name, "enabled"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct guest guest = {.backoff = BACKOFF_INIT, .staged.size = sizeof(guest.staged)};
    char *text = malloc(size + 1), *save = NULL;

    must(text);
    memcpy(text, data, size);
    text[size] = '\0';
    log_open("fuzz", DAMON_RECLAIM_LOG_ERROR);
    guest.ctx = new_context();
    must(damon_reclaim_params_init(&guest.staged) == 0);
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *value = strchr(line, ' ');

        if (value)
            *value++ = '\0';
        check_written(&guest, line, value ? value : "");
    }
    damon_reclaim_unref(guest.ctx);
    free(text);
    return 0;
}
