/* SPDX-License-Identifier: MIT */
#include "notify.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"

#if HAVE_SYSTEMD
#include <systemd/sd-daemon.h>

static void tell(const char *text)
{
    sd_notify(0, text); /* errors are ignored, because the daemon cannot do anything about them */
}

uint64_t notify_watchdog_interval_ns(void)
{
    uint64_t us = 0;

    return sd_watchdog_enabled(0, &us) > 0 ? us * 1000 / 2 : 0;
}
#else
static void tell(const char *text)
{
    (void)text;
}

uint64_t notify_watchdog_interval_ns(void)
{
    return 0;
}
#endif

void notify_ready(void)
{
    tell("READY=1");
}

void notify_reloading(void)
{
    char text[64];

    /* Type=notify-reload needs the time, to know which READY=1 is the answer. */
    snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)clock_now_ns() / 1000);
    tell(text);
}

void notify_stopping(void)
{
    tell("STOPPING=1");
}

void notify_watchdog(void)
{
    tell("WATCHDOG=1");
}

void notify_status(const char *format, ...)
{
    static const char key[] = "STATUS=";
    static char last[512];
    char text[sizeof(last)];
    va_list args;

    strcpy(text, key);
    va_start(args, format);
    vsnprintf(text + strlen(key), sizeof(text) - strlen(key), format, args);
    va_end(args);
    if (!strcmp(text, last))
        return;
    strcpy(last, text);
    tell(text);
}
