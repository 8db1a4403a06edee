/* SPDX-License-Identifier: MIT */
/*
 * The table of all metrics of the daemons. To add one, add a line here.
 *
 *     X(ID, name, unit, type, help)
 *
 * The full name is damon_reclaim_NAME, followed by _UNIT if there is a unit, and by _total for a counter. So it always
 * follows the conventions of Prometheus. Units are base units: bytes, seconds, ratio.
 */
#ifndef AGENT_METRICS_TABLE_H
#define AGENT_METRICS_TABLE_H

#define METRICS_TABLE(X)                                                                                               \
    X(BUILD_INFO, "build_info", "", GAUGE, "Always 1; the version of the library and the daemon are labels.")          \
    X(STATE, "state", "", GAUGE, "1 for the state that the reclaimer is in.")                                          \
    X(STATE_REASON, "state_reason", "", GAUGE, "1 for the reason of the state.")                                       \
    X(TRIED, "tried", "bytes", COUNTER, "Memory that was handed to the kernel for reclaiming.")                        \
    X(RECLAIMED, "reclaimed", "bytes", COUNTER, "Memory that was reclaimed and is free, as measured.")                 \
    X(SWAPCACHED, "swapcached", "bytes", GAUGE,                                                                        \
      "Memory that was swapped out and is not free yet, because it is still in the swap cache.")                       \
    X(REFAULTED, "refaulted", "bytes", COUNTER,                                                                        \
      "Memory that refaulted after it was reclaimed, by the kernel's counters.")                                       \
    X(ACCESSED, "accessed", "bytes", COUNTER, "Memory of candidates that was left alone because it was accessed.")     \
    X(NOT_RECLAIMABLE, "not_reclaimable", "bytes", COUNTER, "Memory of candidates that cannot be reclaimed.")          \
    X(TRIED_REGIONS, "tried_regions", "", COUNTER, "Regions of which a part was tried.")                               \
    X(RECLAIMED_REGIONS, "reclaimed_regions", "", COUNTER, "Regions of which a part was reclaimed.")                   \
    X(QUOTA_EXCEEDS, "quota_exceeds", "", COUNTER, "Windows in which the quota was used up.")                          \
    X(QUOTA, "quota", "bytes", GAUGE, "Memory that may be tried in the current window; absent without limit.")         \
    X(BACKOFF, "backoff", "ratio", GAUGE, "Share of the configured quota that the back-off leaves.")                   \
    X(REFAULT, "refault", "ratio", GAUGE, "Share of recently reclaimed memory that refaulted; the back-off uses it.")  \
    X(REGIONS, "regions", "", GAUGE, "Regions that are watched.")                                                      \
    X(TARGETS, "targets", "", GAUGE, "Targets that are watched.")                                                      \
    X(MONITORED, "monitored", "bytes", GAUGE, "Memory that is watched.")                                               \
    X(COLD, "cold", "bytes", GAUGE, "Watched memory not accessed for at least the seconds of the label min_age.")      \
    X(ADVISE_RECLAIMED, "advise_reclaimed", "bytes", COUNTER,                                                          \
      "Memory that would have been reclaimed so far with the min_age that is a label.")                                \
    X(ADVISE_REUSED, "advise_reused", "bytes", COUNTER, "The part of it that was used afterwards.")                    \
    X(FREE, "free", "ratio", GAUGE, "Free memory of the machine, which the watermarks check.")                         \
    X(MONITOR_CPU, "monitor_cpu", "seconds", COUNTER, "CPU time of monitoring.")                                       \
    X(RECLAIM_CPU, "reclaim_cpu", "seconds", COUNTER, "CPU time of reclaiming.")                                       \
    X(SAMPLES, "samples", "", COUNTER, "Samples taken.")                                                               \
    X(AGGREGATIONS, "aggregations", "", COUNTER, "Aggregations done.")                                                 \
    X(ERRORS, "errors", "", COUNTER, "Errors that the daemon has logged.")                                             \
    X(RELOADS, "reloads", "", COUNTER, "Times that the configuration was reloaded; the result is a label.")            \
    X(VM_INFO, "vm_info", "", GAUGE, "Always 1; the properties of a virtual machine are labels.")                      \
    X(VM_RESIDENT, "vm_resident", "bytes", GAUGE, "Guest memory of a virtual machine that is resident.")               \
    X(VM_PAUSED, "vm_paused", "", GAUGE, "1 while a virtual machine is left alone; the reason is a label.")            \
    X(VM_COLD, "vm_cold", "bytes", GAUGE, "Resident guest memory that was not accessed for min_age.")                  \
    X(VM_SHARE, "vm_share", "bytes", GAUGE,                                                                            \
      "Memory of a virtual machine that may be tried in the host's current window.")                                   \
    X(VM_LEFT_OUT, "vm_left_out", "", GAUGE,                                                                           \
      "Virtual machines that are left out because there are too many; the limit is a label.")                          \
    X(HOST_TRIED, "host_tried", "bytes", COUNTER, "Memory of all virtual machines that was tried.")                    \
    X(HOST_QUOTA, "host_quota", "bytes", GAUGE,                                                                        \
      "Memory of all virtual machines that may be tried in the host's current window.")                                \
    X(COMPACTIONS, "compactions", "", COUNTER, "Times that the kernel was asked to compact memory.")                   \
    X(REPORTS_DROPPED, "reports_dropped", "", COUNTER, "Lines to the host that were dropped.")

#endif
