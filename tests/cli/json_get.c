/* SPDX-License-Identifier: MIT */
/* For the tests of the program, which are a shell script: checks JSON and picks values out of it.
 *
 *     json_get                 fails unless every line on stdin is a JSON object; prints their number
 *     json_get KEY[.KEY...]    the same, and prints that value of the last line instead; fails if it is not there
 *     json_get -a              one JSON value of any kind over all of stdin */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int print(const json_t *value)
{
    char *text;

    if (json_is_string(value))
        return puts(json_string_value(value)) < 0;
    text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    if (!text || puts(text) < 0)
        return 1;
    free(text);
    return 0;
}

/* Takes the last line's object. */
static int pick(json_t *object, char *path)
{
    const json_t *value = object;
    int r;

    for (char *key = strtok(path, "."); key && value; key = strtok(NULL, "."))
        value = json_object_get(value, key);
    if (!value)
        fprintf(stderr, "json_get: no such value\n");
    r = value ? print(value) : 1;
    json_decref(object);
    return r;
}

static int check_all(void)
{
    json_error_t error;
    json_t *value = json_loadf(stdin, JSON_DECODE_ANY, &error);

    if (!value)
        fprintf(stderr, "json_get: %s\n", error.text);
    json_decref(value);
    return !value;
}

int main(int argc, char **argv)
{
    char *line = NULL;
    size_t capacity = 0, n = 0;
    json_t *last = NULL;

    if (argc > 1 && !strcmp(argv[1], "-a"))
        return check_all();
    while (getline(&line, &capacity, stdin) > 0) {
        json_error_t error;

        json_decref(last);
        last = json_loads(line, JSON_REJECT_DUPLICATES, &error);
        n++;
        if (json_is_object(last))
            continue;
        fprintf(stderr, "json_get: line %zu: %s\n", n, last ? "not an object" : error.text);
        return 1;
    }
    free(line);
    if (argc > 1)
        return pick(last, argv[1]);
    json_decref(last);
    return printf("%zu\n", n) < 0;
}
