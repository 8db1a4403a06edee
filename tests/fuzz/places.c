/* SPDX-License-Identifier: MIT */
/* Where the reports of damon-reclaim-guest go to. */
#include <errno.h>
#include <linux/vm_sockets.h>
#include <sys/un.h>

#include "fuzz.h"
#include "guest-agent/place.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct error_text error = {""};
    struct place place;
    int r;

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    r = place_parse(text, &place, &error);
    must(r == 0 || (r == -EINVAL && *error.text));
    if (r == 0) {
        must(!place.device == (place.len > 0));
        must(place.device || place.address.ss_family == AF_UNIX || place.address.ss_family == AF_VSOCK);
        must(place.len <= sizeof(place.address));
    }
    free(text);
    return 0;
}
