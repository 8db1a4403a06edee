/* SPDX-License-Identifier: MIT */
/* damon-reclaim-guest: reclaims the cold memory of the machine that it runs on. */
#include "guest.h"

int main(int argc, char **argv)
{
    struct guest guest = {0};

    return agent_main(&guest_program, argc, argv, &guest);
}
