/* SPDX-License-Identifier: MIT */
/* What people write into a configuration: it means what they expect, or is refused with its line and the cure. */
#include <damon_reclaim/damon_reclaim.h>

#include <errno.h>

#include "agent/options.h"
#include "scratch.h"
#include "suite.h"

static const struct config_option options[] = {
    {"limits", "delay", CONFIG_TIME, "2s", NULL, "a time", .min = 1000, .max = UINT64_C(3600000000000)},
    {"limits", "size", CONFIG_BYTES, "1MiB", NULL, "a size", .max = UINT64_C(1) << 40},
    {"limits", "text", CONFIG_TEXT, "", NULL, "a text"},
    {"vm", "exclude", CONFIG_BOOL, "N", NULL, "of a VM"},
    {"vm", "names", CONFIG_LIST, "", NULL, "of a VM"},
    {0},
};
static const struct config_option *const tables[] = {agent_options, options, NULL};
static const char *const instances[] = {"vm", NULL};
static char path[4096];
static const char *root;
static struct config_program program = {
    .name = "test", .summary = "is a test", .options = tables, .instances = instances, .file = path};

static struct config *config;
static struct error_text error;
static const char *words[4];
static char *const *const words_arg = (char *const *)(uintptr_t)words;

static int load_bytes(const char *text, size_t len)
{
    struct config_sources sources = {.words = words_arg, .root = root};
    FILE *file;

    snprintf(path, sizeof(path), "%s", scratch_file(root, "c.conf", ""));
    file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, len, file), len);
    ck_assert_int_eq(fclose(file), 0);
    config_free(config);
    config = NULL;
    return config_load(&program, &sources, &config, &error);
}

static void loads(const char *text)
{
    int r = load_bytes(text, strlen(text));

    ck_assert_msg(r == 0, "%s\n%s", error.text, text);
}

static void begin(void)
{
    root = scratch_directory();
}

static void clean(void)
{
    config_free(config);
    config = NULL;
    words[0] = words[1] = NULL;
}

FIXTURE(begin, clean);

/* The items of a list, each in brackets. */
static const char *list(const char *instance, const char *key)
{
    static char text[1024];
    const char *const *items;
    size_t n = config_list(config, instance, key, &items), len = 0;

    text[0] = '\0';
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "[%s]", items[i]);
    return text;
}

/* --- lists ------------------------------------------------------------------------------------------------------- */

/* Values of `commands`, and the processes that they protect. */
static const struct {
    const char *value, *items;
} good_lists[] = {
    {"precious # the db", "[precious]"},
    {"precious ; the db", "[precious]"},
    {"precious\t# the db", "[precious]"},
    {"a,b#1,c;2", "[a][b#1][c;2]"}, /* no blank in front of it */
    {"\"precious\"", "[precious]"},
    {"'precious'", "[precious]"},
    {"\"Web Content\", sshd", "[Web Content][sshd]"},
    {"\"a # b\", \"c, d\" # e", "[a # b][c, d]"},
    {"'say \"hi\"', \"\\\"\\\\\"", "[say \"hi\"][\"\\]"},
    {"don't", "[don't]"},
    {" , a ,, b , ", "[a][b]"},
    {"", ""},
    {"# nobody", ""},
};

TEST_CASES(test_good_list, NUMBER_OF(good_lists))
{
    char text[256];

    snprintf(text, sizeof(text), "[never]\ncommands = %s\n", good_lists[_i].value);
    loads(text);
    ck_assert_str_eq(list(NULL, "never_commands"), good_lists[_i].items);
    /* The same on the command line, where nothing is a comment. */
    if (strchr(good_lists[_i].value, '#') || strchr(good_lists[_i].value, ';'))
        return;
    snprintf(text, sizeof(text), "--never-commands=%s", good_lists[_i].value);
    words[0] = text;
    loads("");
    ck_assert_str_eq(list(NULL, "never_commands"), good_lists[_i].items);
}

static const struct {
    const char *value, *why;
} bad_lists[] = {
    {"sshd precious", "\"sshd precious\" has a blank; write a comma between two items, or quotes"},
    {"a, sshd\tprecious, b", "\"sshd\tprecious\" has a blank"},
    {"precious# the db", "\"precious# the db\" has a blank"},
    {"\"a\" \"b\"", "\"\"b\"\" stands behind the closing quote; write a comma"},
    {"\"a\"b", "\"b\" stands behind the closing quote"},
    {"\"a", "\"a has no quote at its end"},
    {"a, 'b", "'b has no quote at its end"},
    {"\"a # b", "\"a # b has no quote at its end"},
    {"a, \"\"", "an item is empty"},
    {"\"a\\*\"", "\\* in double quotes means nothing"},
};

TEST_CASES(test_bad_list, NUMBER_OF(bad_lists))
{
    char text[256], begin[4200];

    snprintf(text, sizeof(text), "[never]\n\ncommands = %s\n", bad_lists[_i].value);
    ck_assert_int_eq(load_bytes(text, strlen(text)), -EINVAL);
    snprintf(begin, sizeof(begin), "%s:3: commands: %s", path, bad_lists[_i].why);
    ck_assert_msg(!strncmp(error.text, begin, strlen(begin)), "got: %s\nwant: %s", error.text, begin);
}

/* --- lines and sections ------------------------------------------------------------------------------------------ */

TEST(test_indented_lines)
{
    loads("  [never]\n  commands = a\n\tpids = 5\n  commands = b\n    # a comment\n  [vm x]\n  exclude = Y\n");
    ck_assert_str_eq(list(NULL, "never_commands"), "[a][b]");
    ck_assert_str_eq(list(NULL, "never_pids"), "[5]");
    ck_assert_int_eq(config_bool(config, "x", "vm_exclude"), true);
}

/* A section, and the name that its machine has. */
static const struct {
    const char *section, *name;
} good_sections[] = {
    {"[vm db-1]", "db-1"},
    {"[vm db-[0-9]]", "db-[0-9]"},
    {"[vm [!a]*[0-9]]", "[!a]*[0-9]"},
    {"[vm \"db-1\"]", "db-1"},
    {"[vm 'db-1'] # the first", "db-1"},
    {"[vm \"[]a]\"]", "[]a]"},
    {"[vm  db-1]", "db-1"},
    {"[vm db-1 ]", "db-1"},
    {"[ vm\tdb-1\t]  ; [old]", "db-1"},
    {"[vm web 1]", "web 1"},
    {"[vm \"a, b\"]", "a, b"},
    {"[vm 123456789012345678901234567890123456789012345678901234567890]",
     "123456789012345678901234567890123456789012345678901234567890"},
};

TEST_CASES(test_good_section, NUMBER_OF(good_sections))
{
    char text[256];

    snprintf(text, sizeof(text), "%s\nexclude = Y\n", good_sections[_i].section);
    loads(text);
    ck_assert_str_eq(config_instance(config, "vm", 0), good_sections[_i].name);
    ck_assert_int_eq(config_bool(config, good_sections[_i].name, "vm_exclude"), true);
}

static const struct {
    const char *section, *why;
} bad_sections[] = {
    {"[vm db-[0-9]", "[vm db-[0-9] has no ] at its end; a [ in a name needs a ] of its own"},
    {"[vm []a]]", "\"]\" stands behind the section"},
    {"[vm db-1] exclude = Y", "\" exclude = Y\" stands behind the section"},
    {"[vm db-1]]", "\"]\" stands behind the section"},
    {"[vm db-1, db-2]", "\"db-1, db-2\" has a comma; write a section for each name"},
    {"[vm \"a\" \"b\"]", "[vm \"a\" \"b\"] has no ] at its end"},
    {"[vm \"a]", "\"a] has no quote at its end"},
    {"[vm \"\"]", "there is no section [vm]; write [vm NAME]"},
    {"[vm ]", "there is no section [vm]; write [vm NAME]"},
    {"[]", "there is no section []"},
    {"[never x]", "there is no section [never x]"},
    {"[never", "[never has no ] at its end"},
};

TEST_CASES(test_bad_section, NUMBER_OF(bad_sections))
{
    char text[256], begin[4200];

    snprintf(text, sizeof(text), "\n%s\nexclude = Y\n", bad_sections[_i].section);
    ck_assert_int_eq(load_bytes(text, strlen(text)), -EINVAL);
    snprintf(begin, sizeof(begin), "%s:2: %s", path, bad_sections[_i].why);
    ck_assert_msg(!strncmp(error.text, begin, strlen(begin)), "got: %s\nwant: %s", error.text, begin);
}

TEST(test_long_lines)
{
    static char text[100100];
    const char *const *items;

    snprintf(text, sizeof(text), "[limits]\ntext = %0100000d\n", 1);
    loads(text);
    ck_assert_uint_eq(strlen(config_text(config, NULL, "limits_text")), 100000);
    memcpy(text, "[never]\ncommands = a,", 21);
    for (size_t i = 21; i < 100000; i += 2)
        memcpy(text + i, "b,", 2);
    loads(text);
    ck_assert_uint_eq(config_list(config, NULL, "never_commands", &items), 1 + 49991);
}

TEST(test_byte_order_mark)
{
    loads("\xef\xbb\xbf[limits]\r\ntext = a\r\n");
    ck_assert_str_eq(config_text(config, NULL, "limits_text"), "a");
    loads("\xef\xbb\xbf# a comment\n[limits]\ntext = a");
    ck_assert_str_eq(config_text(config, NULL, "limits_text"), "a");
    ck_assert_int_eq(load_bytes("[\0l\0i\0m\0", 8), -EINVAL);
    says(error.text, "c.conf:1: has a NUL byte; save the file as UTF-8");
}

TEST(test_file_that_cannot_be_read)
{
    loads("");
    program.file = root;
    ck_assert_int_eq(config_load(&program, &(struct config_sources){.root = ""}, &config, &error), -EISDIR);
    program.file = path;
    says(error.text, "cannot be read: Is a directory");
}

/* --- values ------------------------------------------------------------------------------------------------------ */

TEST(test_switches)
{
    static const char *const on[] = {"Y", "yes", "true", "on", "On", "1", "\"yes\"", "y # please"};
    static const char *const off[] = {"N", "no", "False", "OFF", "0"};
    char text[64];

    for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++) {
        snprintf(text, sizeof(text), "[agent]\ndry_run = %s\n[parameters]\nskip_anon = %s\n", on[i], on[i]);
        loads(text);
        ck_assert_msg(config_bool(config, NULL, "dry_run") && config_params(config)->skip_anon, "%s", on[i]);
    }
    for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
        snprintf(text, sizeof(text), "[agent]\ndrop_privileges = %s\n[parameters]\nskip_anon = %s\n", off[i], off[i]);
        loads(text);
        ck_assert_msg(!config_bool(config, NULL, "drop_privileges") && !config_params(config)->skip_anon, "%s", off[i]);
    }
}

static void refused_value(const char *line, int r, const char *why)
{
    char text[128];

    snprintf(text, sizeof(text), "[limits]\n%s\n", line);
    ck_assert_int_eq(load_bytes(text, strlen(text)), r);
    says(error.text, why);
}

TEST(test_numbers)
{
    loads("[limits]\ndelay = 1.5s\nsize = 1.5GiB # and a half\n[metrics]\ninterval = '0.25min'\n");
    ck_assert_uint_eq(config_number(config, NULL, "limits_delay"), UINT64_C(1500000000));
    ck_assert_uint_eq(config_number(config, NULL, "limits_size"), UINT64_C(1610612736));
    ck_assert_uint_eq(config_number(config, NULL, "metrics_interval"), 15 * SECOND);
    refused_value("delay = 30", -EINVAL, "delay: \"30\" has no unit; write us, ms, s, min, h or d behind it, like 30s");
    refused_value("delay = 30 s", -EINVAL, "delay: \"30 s\" is not a time, like 30s");
    refused_value("delay = 0", -ERANGE, "delay: 0 is not from 0.000 s to 3600.0 s");
    refused_value("delay = 2h", -ERANGE, "delay: 2h is not from 0.000 s to 3600.0 s");
    refused_value("size = 2TiB", -ERANGE, "size: 2TiB is not from 0 B to 1.0 TiB");
    refused_value("size = 99999999999999999999", -ERANGE,
                  "is not a number of bytes, like 65536 or 64MiB, or too large");
    refused_value("text = \"a\" b", -EINVAL, "text: \" b\" stands behind the closing quote");
}

TEST(test_boot_line)
{
    words[0] = "--boot-line";
    scratch_file(root, "proc/cmdline",
                 "ro damon_reclaim.never_commands=\"Web Content\",sshd \"damon_reclaim.limits_text=a b\" quiet\n");
    loads("");
    ck_assert_str_eq(list(NULL, "never_commands"), "[Web Content][sshd]");
    ck_assert_str_eq(config_text(config, NULL, "limits_text"), "a b");
}

/* --- printed and read again -------------------------------------------------------------------------------------- */

static char *shown(void)
{
    char *text;
    size_t len;
    FILE *file = open_memstream(&text, &len);

    config_show(config, file);
    ck_assert_int_eq(fclose(file), 0);
    return text;
}

/* Texts of which every character must come back. */
static const char *const odd[] = {
    "plain",
    "two words",
    " blanks around ",
    "a # b",
    "a ; b",
    "#",
    ";x",
    "a,b",
    "\"quoted\"",
    "'",
    "\"",
    "back\\slash",
    "[x]",
    "]",
    "a]b[",
    "db-[0-9]",
    "a\nb",
    "a = b",
    "tab\there",
    "carriage\rreturn",
    "\\n",
    "",
    "\xc3\xbc",
    "a#b;c",
};

TEST_CASES(test_shown_is_read_again, NUMBER_OF(odd))
{
    char words_text[2][256], file[256], name[64] = "";
    char *first;

    /* In double quotes everything can be said: the test writes it so, and not as --show-config does. */
    for (const char *c = odd[_i]; *c; c++)
        snprintf(name + strlen(name), sizeof(name) - strlen(name),
                 *c == '\n'           ? "\\n"
                 : strchr("\"\\", *c) ? "\\%c"
                                      : "%c",
                 *c);
    snprintf(words_text[0], sizeof(words_text[0]), "--limits-text=\"%s\"", name);
    snprintf(words_text[1], sizeof(words_text[1]), "--never-commands=a,\"%s\"", *name ? name : "b");
    words[0] = words_text[0];
    words[1] = words_text[1];
    snprintf(file, sizeof(file), "[vm \"%s\"]\nexclude = Y\nnames = \"%s\"\n", *name ? name : "c", *name ? name : "d");
    loads(file);
    first = shown();
    words[0] = words[1] = NULL;
    loads(first);
    ck_assert_str_eq(config_text(config, NULL, "limits_text"), odd[_i]);
    ck_assert_str_eq(config_instance(config, "vm", 0), *name ? odd[_i] : "c");
    ck_assert_int_eq(config_bool(config, *name ? odd[_i] : "c", "vm_exclude"), true);
    snprintf(words_text[0], sizeof(words_text[0]), "[a][%s]", *name ? odd[_i] : "b");
    ck_assert_str_eq(list(NULL, "never_commands"), words_text[0]);
    free(first);
}
