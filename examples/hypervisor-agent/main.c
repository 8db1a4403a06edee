/* SPDX-License-Identifier: MIT */
/* damon-reclaim-host: reclaims the cold memory of virtual machines, from their host. */
#include "agent/begin.h"
#include "host.h"

#include "agent/foreign.h"
#include "agent/log.h"

int main(int argc, char **argv)
{
    struct host host = {0};
    struct config *config;
    int code;

    if (!agent_begin(&host_program.config, argc, argv, &config, &code))
        return code;
    if (config_bool(config, NULL, "list")) {
        struct error_text error;

        if (agent_begin_foreign(config, NULL, &error) < 0 || host_trust_users(config, &error) < 0)
            log_error("%s", error.text);
        code = host_report(config);
        foreign_end();
        config_free(config);
        return code;
    }
    config_free(config);
    return agent_main(&host_program, argc, argv, &host);
}
