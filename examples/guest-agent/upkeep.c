/* SPDX-License-Identifier: MIT */
/* The work of every second: measuring refaults, backing off, and compaction. */
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/files.h"
#include "common/giving.h"
#include "agent/log.h"
#include "compaction.h"
#include "guest.h"

static const char *root_of(const struct guest *guest)
{
    return config_text(guest->agent->config, NULL, "root");
}

/* A value of /proc/meminfo, in KiB. */
static bool meminfo(const struct guest *guest, const char *name, uint64_t *ret)
{
    char path[PATH_MAX], *text;
    const char *line;
    bool found;

    snprintf(path, sizeof(path), "%s/proc/meminfo", root_of(guest));
    if (file_read(path, &text, NULL) < 0)
        return false;
    line = strstr(text, name);
    found = line && sscanf(line + strlen(name), ": %" SCNu64, ret) == 1;
    free(text);
    return found;
}

static bool is_simulated(const struct guest *guest)
{
    return !strcmp(damon_reclaim_backend_name(guest->ctx), "sim");
}

/* Simulated memory has nothing to do with the machine that the daemon runs on: nothing of that is read or asked for.
 * Tests give the simulated machine files below a root. */
static bool has_machine(const struct guest *guest)
{
    return !is_simulated(guest) || *root_of(guest);
}

bool guest_free_permille(const struct guest *guest, uint32_t *ret)
{
    uint64_t free_kib, total_kib;

    if (is_simulated(guest) || !meminfo(guest, "MemFree", &free_kib) || !meminfo(guest, "MemTotal", &total_kib) ||
        !total_kib || free_kib > total_kib)
        return false;
    *ret = (uint32_t)(free_kib * 1000 / total_kib);
    return true;
}

void guest_log_giving(const struct guest *guest)
{
    struct giving_finding findings[GIVING_MAX];
    size_t n = is_simulated(guest) ? 0 : giving_look(root_of(guest), findings);

    for (size_t i = 0; i < n; i++) {
        if (findings[i].verdict == GIVING_MISSING)
            log_warning("%s: %s", findings[i].name, findings[i].text);
        else
            log_info("%s: %s", findings[i].name, findings[i].text);
    }
}

static int read_simulated(const struct guest *guest, struct cost_counters *ret, struct error_text *error)
{
    struct damon_reclaim_sim_report report = {.size = sizeof(report)};
    int r = damon_reclaim_sim_get_report(guest->ctx, 0, &report);

    if (r < 0)
        return error_set(error, r, "simulated memory: %s", damon_reclaim_last_error(guest->ctx));
    *ret = (struct cost_counters){.refaulted_anon = report.refaulted, .has_refaults = true};
    return 0;
}

static struct cost_flow read_flow(struct guest *guest, uint64_t reclaimed)
{
    struct error_text error = {""};
    struct cost_counters counters = {0};
    int r = has_machine(guest) ? cost_read_system(root_of(guest), &counters, &error)
                               : read_simulated(guest, &counters, &error);

    if (r == 0)
        return cost_update(&guest->cost, &counters, reclaimed);
    if (!guest->cost_failed)
        log_warning("%s; the daemon does not back off when reclaimed memory comes back", error.text);
    guest->cost_failed = true;
    return (struct cost_flow){0};
}

static void back_off(struct guest *guest, uint64_t reclaimed)
{
    const struct config *config = guest->agent->config;
    struct backoff_limits limits = backoff_defaults;
    uint32_t before = guest->backoff.factor;
    struct cost_flow flow = read_flow(guest, reclaimed - guest->told);

    limits.limit_permille = (uint32_t)config_number(config, NULL, "refault_limit");
    limits.window_ns = config_number(config, NULL, "refault_window");
    if (!backoff_update(&guest->backoff, &limits, clock_now_ns(), reclaimed - guest->told, &flow)) {
        guest->told = reclaimed;
        return;
    }
    guest->told = reclaimed;
    log_info("%u permille of the memory reclaimed lately came back: the quota is now %u permille, it was %u",
             backoff_ratio(&guest->backoff), guest->backoff.factor, before);
    guest_inputs_scale(guest);
}

void guest_upkeep(struct guest *guest)
{
    const struct config *config = guest->agent->config;
    const struct compaction_limits limits = {.after = config_number(config, NULL, "compaction_after"),
                                             .interval_ns = config_number(config, NULL, "compaction_interval")};
    uint64_t reclaimed = guest_stats(guest).bytes_reclaimed_regions;

    back_off(guest, reclaimed);
    if (has_machine(guest))
        compaction_consider(guest->compaction, &limits, clock_now_ns(), reclaimed);
}
