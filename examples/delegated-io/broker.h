/* SPDX-License-Identifier: MIT */
/*
 * Two processes that communicate over a Unix socket. The broker has privileges. It does three things for one target,
 * and nothing else. The client has no privileges; the library runs in it. The broker opens files and sends the
 * descriptors as SCM_RIGHTS; the client reads them without privileges.
 */
#ifndef BROKER_H
#define BROKER_H

#include <damon_reclaim/damon_reclaim.h>

#define BROKER_MAX_PATH   256
#define BROKER_MAX_RANGES 64

enum broker_operation {
    BROKER_OPEN,  /* path, argument: flags; the answer has a descriptor */
    BROKER_HOLD,  /* argument: pid; the answer has its pidfd */
    BROKER_ADVISE /* argument: advice, ranges of the target's memory; the answer is a number of bytes */
};

/* A request is one datagram, and so is an answer. Both processes are the same program. */
struct broker_request {
    enum broker_operation operation;
    int argument;
    char path[BROKER_MAX_PATH];
    size_t nr_ranges;
    struct damon_reclaim_range ranges[BROKER_MAX_RANGES];
};

/* The client of the broker, and the process that it may act on. They are set before the first request, and no request
 * can change them. */
struct broker {
    int socket;
    pid_t client;
    pid_t target;
    int pidfd; /* of the target */
};

/* Serves requests until the client closes its socket. Returns 0 or a negative errno. */
int broker_serve(const struct broker *broker);

/* The table for config.system_ops of the client. config.system_data must point to the socket. */
extern const struct damon_reclaim_system_ops client_ops;

#endif
