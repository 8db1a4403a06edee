/* SPDX-License-Identifier: MIT */
/* damon-reclaim-host: reclaims the cold memory of virtual machines, from their host. */
#include "agent/begin.h"
#include "host.h"

int main(int argc, char **argv)
{
    struct host host = {0};
    struct config *config;
    int code;

    if (!agent_begin(&host_program.config, argc, argv, &config, &code))
        return code;
    if (config_bool(config, NULL, "list")) {
        code = host_report(config);
        config_free(config);
        return code;
    }
    config_free(config);
    return agent_main(&host_program, argc, argv, &host);
}
