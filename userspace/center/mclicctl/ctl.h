/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mclicctl: what its files share. */
#ifndef MCLICCTL_CTL_H
#define MCLICCTL_CTL_H

#include "userspace/center/center.h"

/* Options that a command may take. */
enum ctl_option {
	CTL_EMAIL = 1 << 0,
	CTL_USER = 1 << 1,
	CTL_PRICE = 1 << 2,
	CTL_CURRENCY = 1 << 3,
	CTL_PERIOD = 1 << 4,
	CTL_CLASS = 1 << 5,
	CTL_KINDS = 1 << 6,
	CTL_REASON = 1 << 7,
};

#define CTL_OPTIONS	8

/**
 * struct ctl - one run
 * @data: --data
 * @json: --json
 * @given: options that were given
 * @option: their values, by bit number
 * @argument: what follows the two words of the command, or NULL
 * @c: the center
 * @db: its database
 * @now: Unix seconds
 * @actor: who runs this, for the audit log
 */
struct ctl {
	const char *data;
	bool json;
	unsigned int given;
	const char *option[CTL_OPTIONS];
	const char *argument;
	struct center *c;
	struct db *db;
	__u64 now;
	char actor[128];
};

/**
 * struct command - e.g. "user add NAME"
 * @noun: first word
 * @verb: second word
 * @argument: what its argument is called, or NULL when it takes none
 * @options: that it takes
 * @help: one line
 * @run: does it
 */
struct command {
	const char *noun;
	const char *verb;
	const char *argument;
	unsigned int options;
	const char *help;
	int (*run)(struct ctl *t);
};

/** ctl_option() - value of an option, or NULL */
const char *ctl_option(const struct ctl *t, enum ctl_option o);
/** ctl_number() - a whole number from @low to @high, as the option @name */
int ctl_number(const char *text, const char *name, sqlite3_int64 low, sqlite3_int64 high,
	       sqlite3_int64 *n);
/** ctl_name_check() - is it a name for a user or a publisher? */
int ctl_name_check(const char *name);
/** ctl_end() - end a transaction: commit when @ret is 0, else undo; returns the outcome */
int ctl_end(struct ctl *t, int ret);
/** ctl_rows() - JSON array of what @row makes of each row of @s */
int ctl_rows(struct ctl *t, sqlite3_stmt *s, json_t *(*row)(sqlite3_stmt *s), json_t **rows);

/* ---- print.c ---- */

enum column_type { COLUMN_PLAIN, COLUMN_TIME, COLUMN_MONEY };

/** struct column - of a table; ends with a NULL heading */
struct column {
	const char *heading;
	const char *member;	/* of each row; for COLUMN_MONEY the row's "currency" goes along */
	enum column_type type;
};

/** print_record() - one object; takes @record */
int print_record(const struct ctl *t, json_t *record);
/** print_table() - {@member: @rows}; takes @rows */
int print_table(const struct ctl *t, const char *member, json_t *rows,
		const struct column *columns);
/** print_rows() - ctl_rows() as a table */
int print_rows(struct ctl *t, const char *member, sqlite3_stmt *s, json_t *(*row)(sqlite3_stmt *s),
	       const struct column *columns);

/* ---- the commands ---- */

/* user.c */
int user_add(struct ctl *t);
int user_list(struct ctl *t);
int user_show(struct ctl *t);
int user_token(struct ctl *t);
int user_rotate_key(struct ctl *t);
int user_disable(struct ctl *t);
int user_enable(struct ctl *t);
/** user_filter() - the user of --user; *@id is NULL without one */
int user_filter(struct ctl *t, __u8 user_id[MCLIC_ID_SIZE], const __u8 **id);

/* device.c */
int device_list(struct ctl *t);
int device_revoke(struct ctl *t);
/** device_rows() - of @user_id, or of all (NULL) */
int device_rows(struct ctl *t, const __u8 *user_id, json_t **rows);

/* publisher.c */
int publisher_add(struct ctl *t);
int publisher_list(struct ctl *t);
int publisher_token(struct ctl *t);

/* product.c */
int product_list(struct ctl *t);
int product_show(struct ctl *t);
int product_set(struct ctl *t);
int product_sell(struct ctl *t);
int product_withdraw(struct ctl *t);

/* licence.c */
int licence_list(struct ctl *t);
int licence_show(struct ctl *t);
int licence_revoke(struct ctl *t);
/** licence_operation() - "new", "renew", "return" */
const char *licence_operation(int operation);

/* ledger.c */
int ledger_list(struct ctl *t);
int ledger_balance(struct ctl *t);
int audit_list(struct ctl *t);

/* key.c */
int key_list(struct ctl *t);
int key_rotate(struct ctl *t);

#endif /* MCLICCTL_CTL_H */
