/* SPDX-License-Identifier: MIT */
#include "http_accept.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The value of "q" among the parameters at @text, which begin with ';' and end at ',' or the end; 1 if there is none.
 */
static double weight(const char *text)
{
    while (*text == ';') {
        text += strspn(text, "; \t");
        if (!strncasecmp(text, "q=", 2))
            return strtod(text + 2, NULL);
        text += strcspn(text, ";,");
    }
    return 1;
}

double http_accepts(const char *accept, const char *type)
{
    for (const char *at = accept; *at; at += *at == ',') {
        size_t len;

        at += strspn(at, " \t");
        len = strcspn(at, ";, \t");
        if (len == strlen(type) && !strncasecmp(at, type, len))
            return weight(at + len + strspn(at + len, " \t"));
        at += strcspn(at, ",");
    }
    return 0;
}
