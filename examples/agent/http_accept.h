/* SPDX-License-Identifier: MIT */
#ifndef AGENT_HTTP_ACCEPT_H
#define AGENT_HTTP_ACCEPT_H

/* The weight that a header "Accept" gives to a type of document: 0 if it is refused or not named. */
double http_accepts(const char *accept, const char *type);

#endif
