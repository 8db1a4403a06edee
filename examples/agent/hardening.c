/* SPDX-License-Identifier: MIT */
#include "hardening.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>

#if HAVE_CAPNG
#include <cap-ng.h>

bool hardening_has_capabilities(void)
{
    return true;
}

static int keep(const int *capabilities, size_t n, struct error_text *error)
{
    bool bounding = capng_get_caps_process() == 0 && capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
    uint64_t had = 0; /* a bit for each, as in /proc/PID/status */

    for (size_t i = 0; i < n; i++)
        had |= (uint64_t)capng_have_capability(CAPNG_PERMITTED, (unsigned int)capabilities[i]) << capabilities[i];
    capng_clear(CAPNG_SELECT_ALL);
    for (size_t i = 0; i < n; i++)
        if (had >> capabilities[i] & 1)
            capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
                         (unsigned int)capabilities[i]);
    /* The bounding set comes first, because this needs CAP_SETPCAP. Without it, no_new_privs makes the set harmless. */
    if (capng_apply(bounding ? CAPNG_SELECT_ALL : CAPNG_SELECT_CAPS) < 0)
        return error_set(error, -EPERM, "capabilities cannot be dropped; --drop-privileges=N keeps them");
    return 0;
}
#else
bool hardening_has_capabilities(void)
{
    return false;
}

static int keep(const int *capabilities, size_t n, struct error_text *error)
{
    (void)capabilities, (void)n;
    return error_set(error, -EOPNOTSUPP, "capabilities are kept: this build lacks libcap-ng");
}
#endif

int hardening_keep_capabilities(const int *capabilities, size_t n, struct error_text *error)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return error_set(error, -errno, "no_new_privs cannot be set: %s", strerror(errno));
    return keep(capabilities, n, error);
}
