/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of mclic(1) share. One section a file. As in libmclic a function
 * returns 0 or a negative errno and leaves a sentence with mclic_fail(); only the
 * commands print.
 */
#ifndef MCLIC_PROGRAM_H
#define MCLIC_PROGRAM_H

#include <argp.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "userspace/lib/libmclic.h"

/* ---- the commands: each gets its own argv and returns the exit status ---- */

int cmd_enrol(int argc, char **argv);
int cmd_trust(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_format(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_copy(int argc, char **argv);
int cmd_request(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_install(int argc, char **argv);
int cmd_renew(int argc, char **argv);
int cmd_return(int argc, char **argv);
int cmd_update(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_rescue(int argc, char **argv);
int cmd_selftest(int argc, char **argv);
int cmd_unlock(int argc, char **argv);
int cmd_lock(int argc, char **argv);

/* ---- options.c: options that several commands have ---- */

/**
 * struct options - the command line of a command
 * @json: --json
 * @output: -o, --output FILE
 * @kind: --kind: MCLIC_PERSONAL unless asked otherwise
 * @center: --center: IDc in hex, or NULL
 * @args: the arguments proper
 * @least: how many there must be at least
 * @most: how many there may be; at most OPTIONS_ARGS
 * @count: how many there are
 */
#define OPTIONS_ARGS	4

struct options {
	unsigned int least;
	unsigned int most;
	bool json;
	const char *output;
	__u8 kind;
	const char *center;
	const char *args[OPTIONS_ARGS];
	unsigned int count;
};

/* Keys of common options that have no letter. */
#define OPTION_JSON	0x100
#define OPTION_TRACE	0x101
#define OPTION_KIND	0x102
#define OPTION_CENTER	0x103
#define OPTION_OWN	0x200	/* the first that a command may use for itself */

#define OPTION_OUTPUT_ENTRY(text) \
	{ "output", 'o', "FILE", 0, text, 0 }
#define OPTION_JSON_ENTRY \
	{ "json", OPTION_JSON, NULL, 0, "Print JSON", 0 }
#define OPTION_TRACE_ENTRY \
	{ "trace", OPTION_TRACE, NULL, 0, \
	  "Print the patent's steps S1 to S7 and S11 to S17 as they happen", 0 }
#define OPTION_KIND_ENTRY \
	{ "kind", OPTION_KIND, "KIND", 0, \
	  "Licence asked for: personal (default) or portable", 0 }
#define OPTION_CENTER_ENTRY \
	{ "center", OPTION_CENTER, "IDc", 0, \
	  "License center to ask, where this machine is enrolled at several", 0 }

/**
 * options_parse() - argp parser of the common options and the arguments
 *
 * A command's own parser calls it for every key that it does not know; a command
 * without options of its own uses it directly. argp's input is a struct options, or a
 * struct that begins with one.
 */
error_t options_parse(int key, char *arg, struct argp_state *state);

/* ---- trace.c: the patent's steps ---- */

/** trace_enable() - --trace was given */
void trace_enable(void);
/** trace_step() - print "STEP ..." on standard error where --trace was given; no keys */
void trace_step(const char *step, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** trace_request() - S1 and S11: the identifiers go to the center */
void trace_request(const struct mclic_request *q);
/** trace_response() - S12 to S14 and S2: what the center says it did; of a return, that it ended */
void trace_response(const struct mclic_request *q, const struct mclic_response *r);

/* ---- stop.c: ending cleanly on SIGINT and SIGTERM ---- */

/** stop_flag() - install the handlers (once); true in it once the user wants to stop */
const atomic_bool *stop_flag(void);

/* ---- target.c: a medium, its area and this machine's trust ---- */

/**
 * struct target - a directory on a medium
 * @path: as the user named it
 * @dirfd: the directory, open with O_DIRECTORY
 * @area: its licence area
 * @trust: certificates and revocation lists
 * @judge: for mclic_judge_title()
 * @sources: for mclic_slot_verdict()
 * @medium: identifier just read
 * @writable: the area is open for writing
 */
struct target {
	const char *path;
	int dirfd;
	struct mclic_area *area;
	struct mclic_trust *trust;
	struct mclic_judge judge;
	struct mclic_sources sources;
	struct mclic_medium medium;
	bool writable;
};

/**
 * target_open() - open a directory on a medium for reading
 * @t: gets it; target_close() it also after a failure
 * @path: of the directory
 */
int target_open(struct target *t, const char *path);
/** target_peek() - the same, also of a block device or image (then there is no dirfd) */
int target_peek(struct target *t, const char *path);
/** target_writable() - open the area again for writing, unless it is */
int target_writable(struct target *t);
void target_close(struct target *t);

#define TARGET_AUTO	__mclic_cleanup(target_close)
#define TARGET_INIT	{ .dirfd = -1 }

/** parent_beneath() - open the directory of @path below @dirfd; *@name is its last part */
int parent_beneath(int dirfd, const char *path, const char **name);

/* ---- title.c: one title of a source or target ---- */

/**
 * struct title - a product and where it lies
 * @name: top-level directory
 * @product: checked
 * @id: DID and content version
 */
struct title {
	char *name;
	struct mclic_product *product;
	struct mclic_title id;
};

/**
 * title_find() - the title that the user means
 * @s: where
 * @want: name of the directory, title of the manifest, or DID in hex
 * @t: gets it; title_drop() it
 */
int title_find(struct mclic_source *s, const char *want, struct title *t);
void title_drop(struct title *t);
/** master_damaged() - -EBADMSG in @err is a master's: say so, of which title, and what to do */
int master_damaged(const char *title, int err);

#define TITLE_AUTO	__mclic_cleanup(title_drop)

/* ---- verdicts ---- */

/** verdict_new() - over all slots, in secret memory; verdict_free() it. 0 also when refused */
int verdict_new(struct target *t, const struct mclic_title *id, struct mclic_verdict **v);
void verdict_free(struct mclic_verdict **v);

#define VERDICT_AUTO	__mclic_cleanup(verdict_free)

/** publisher_same() - S7 needs the publisher the center knows for the title: 0 or -EACCES */
int publisher_same(const __u8 publisher_id[MCLIC_ID_SIZE], const struct title *title);

/* ---- kept.c: requests and responses kept on this machine ---- */

/**
 * struct kept - a request of this machine
 * @request: its bytes
 * @path: of its file in STATE
 * @settled: it lies in STATE/licences: its licence stood once
 */
struct kept {
	struct mclic_request request;
	char *path;
	bool settled;
};

void kept_drop(struct kept *k);

#define KEPT_AUTO	__mclic_cleanup(kept_drop)

/** kept_lock() - one process at a time decides which request to send; close *@fd to unlock */
int kept_lock(int *fd);

#define KEPT_PENDING	1u	/* STATE/requests: perhaps sent, not installed */
#define KEPT_SETTLED	2u	/* STATE/licences */

/**
 * kept_find() - first request for which @match says true
 * @where: KEPT_PENDING, KEPT_SETTLED, or both: pending ones first
 * @match: for a well-formed request
 * @ctx: for @match
 * @k: gets it
 *
 * Return: 0, or -ENOENT without a sentence.
 */
int kept_find(unsigned int where, bool (*match)(const struct mclic_request *q, void *ctx),
	      void *ctx, struct kept *k);

/** kept_put() - keep @k->request as pending before it is sent; sets @k->path */
int kept_put(struct kept *k);

/** kept_answer_put() - keep the response beside the request, until it was installed */
int kept_answer_put(const struct kept *k, const struct mclic_response *r);
/** kept_answer() - the response kept beside the request; -ENOENT without a sentence */
int kept_answer(const struct kept *k, struct mclic_response *r);

/** kept_licence_id() - of the licence that @q asks for or is about */
int kept_licence_id(const struct mclic_request *q, __u8 id[MCLIC_ID_SIZE]);

/** kept_settle() - the licence is used: move the request to STATE/licences, forget the response */
int kept_settle(struct kept *k);
/** kept_forget() - remove request and response */
int kept_forget(const struct kept *k);
/** kept_forget_licence() - remove all that is kept about a licence */
int kept_forget_licence(const __u8 licence_id[MCLIC_ID_SIZE]);

/* ---- ask.c: making requests and sending them ---- */

/**
 * ask_pending() - the kept request that asks for what @want asks for, or a new one
 * @a: the account that asks
 * @want: operation, ids, kind, version, generation, licence id and sequence set
 * @alone: no new one where a licence of this title for this medium was had: -EBUSY
 * @k: gets the request, kept on disk
 */
int ask_pending(const struct mclic_account *a, const struct mclic_request *want, bool alone,
		struct kept *k);

/** ask_new() - S1, S11: what a request for a new licence of @title for @t's medium says */
void ask_new(const struct target *t, const struct title *title, __u8 kind,
	     struct mclic_request *want);
/** ask_again() - what a renewal or return of a licence says */
void ask_again(const struct target *t, __u8 operation, const struct mclic_terms *terms,
	       __u32 ka_generation, struct mclic_request *want);

/**
 * ask_send() - send a kept request, check the response, keep it beside the request
 * @a: account
 * @k: the request
 * @r: gets the response: well formed, and an answer to this request; SIG is not judged
 */
int ask_send(const struct mclic_account *a, const struct kept *k, struct mclic_response *r);

/**
 * ask_user_key() - have the KU that opens @r, answered to @q, on this machine
 *
 * The operator may have opened the next generation since this machine last asked: then it
 * is fetched, as "mclic enrol --refresh" does.
 */
int ask_user_key(const struct mclic_request *q, const struct mclic_response *r);

/** ask_account() - the account of --center, or the only one there is */
int ask_account(const char *center, struct mclic_account **a);

void account_drop(struct mclic_account **a);

#define ACCOUNT_AUTO	__mclic_cleanup(account_drop)

/* ---- offer.c: what the center says of a title before it is bought ---- */

/**
 * struct offer - a title as the center sells it
 * @json: title, publisher, price in minor units, currency; NULL when nothing was looked up
 * @publisher_id: whose it is
 * @price: with its currency, as text
 */
struct offer {
	json_t *json;
	__u8 publisher_id[MCLIC_ID_SIZE];
	char price[MCLIC_MONEY_TEXT];
};

/** offer_get() - ask the center; offer_drop() it also after a failure */
int offer_get(const struct mclic_account *a, const __u8 did[MCLIC_ID_SIZE], struct offer *offer);
/** offer_say() - tell that @what of the title is about to be bought, unless JSON is wanted */
void offer_say(const struct options *o, const char *what, const struct offer *offer);
void offer_drop(struct offer *offer);

#define OFFER_AUTO	__mclic_cleanup(offer_drop)

/* ---- accept.c: putting a response to use ---- */

/**
 * struct accepted - what became of a response
 * @operation: MCLIC_OP_* that was answered
 * @terms: of the licence, as stored
 * @index: slot, or 0 when a receipt cleared it
 * @why: what the check of the bytes read back said, when it refused them
 * @deleted: the title's files were removed with a returned licence
 */
struct accepted {
	__u8 operation;
	struct mclic_terms terms;
	__u32 index;
	enum mclic_why why;
	bool deleted;
};

/** accept_signature() - SIG of a response, by the certificates of this machine */
int accept_signature(struct mclic_trust *trust, const struct mclic_response *r);

/** accept_receipt() - does @s end the licence of @q? It carries no keys, so that it is never one */
int accept_receipt(const struct mclic_slot *s, const struct mclic_request *q);

/**
 * accept_response() - S3 to S6, or the end of a returned licence
 * @t: its area is opened for writing
 * @k: the request that was answered
 * @r: matches it
 * @what: title for messages
 * @a: gets what happened
 *
 * A licence is written to the area, read back from the device and checked in full; one
 * that is refused is taken out again. A receipt clears the slots of its licence.
 */
int accept_response(struct target *t, const struct kept *k, const struct mclic_response *r,
		    const char *what, struct accepted *a);

/* ---- licence.c: obtaining what an install needs ---- */

/**
 * struct grant - a licence in force and the key of the master
 * @verdict: in force
 * @kept: the request whose response holds EMid(Ka); kept.path is NULL when there is none
 * @response: that response
 * @have: is there one?
 * @offer: that was taken, when the licence was bought
 */
struct grant {
	struct mclic_verdict *verdict;
	struct kept kept;
	struct mclic_response response;
	bool have;
	struct offer offer;
};

void grant_drop(struct grant *g);

#define GRANT_AUTO	__mclic_cleanup(grant_drop)

/**
 * grant_licence() - a licence in force for @title on @t's medium
 * @t: target
 * @title: from the master
 * @o: kind to ask for, --center, and whether to print JSON
 * @buy: ask for a new licence where there is none
 * @g: gets the verdict
 */
int grant_licence(struct target *t, const struct title *title, const struct options *o, bool buy,
		  struct grant *g);

/** grant_settle() - the title stands: what was kept for the install is settled */
int grant_settle(struct grant *g);

/** grant_response() - find, or fetch again without paying, the response with EMid(Ka) */
int grant_response(struct target *t, const struct title *title, struct grant *g);

/* ---- inspect.c, install.c, stage.c, tree.c: S7, S15 to S17 ---- */

/**
 * struct inspected - what a title that stands at the target lacks
 * @bad: for each entry of the manifest: it is missing or damaged. free() it
 * @wrong: how many are, or have another mode
 */
struct inspected {
	bool *bad;
	size_t wrong;
};

/** inspect_title() - compare entries, modes and every block with the manifest */
int inspect_title(const struct target *t, const struct title *title,
		  const struct mclic_verdict *verdict, struct inspected *found);

/**
 * struct installed - what an install did
 * @already: the title stood complete, and nothing was copied
 * @mended: so many of its entries were missing or damaged, and were made anew
 */
struct installed {
	bool already;
	size_t mended;
};

/**
 * install_title() - copy a title under a licence in force, or mend the copy that stands
 * @t: target
 * @s: master
 * @title: of the master
 * @g: from grant_licence()
 * @done: gets what was done
 */
int install_title(struct target *t, struct mclic_source *s, const struct title *title,
		  struct grant *g, struct installed *done);

/** install_possible() - before anything is bought: is the name free, and is there room? */
int install_possible(struct target *t, const struct title *title);

/* How a title stands at the target. */
enum standing {
	STANDS_NOT,		/* no such name */
	STANDS_SAME,		/* these bytes of marker */
	STANDS_OTHERWISE,	/* this title, older: may be replaced */
};

/** tree_standing() - what the name @title->name is at the target; -EEXIST when it is not ours */
int tree_standing(int dirfd, const struct title *title, enum standing *how);
/** tree_entry() - is @e there below @dirfd, in type, size and link target? Else @why, a clause */
int tree_entry(int dirfd, const struct mclic_entry *e, const char **why, struct stat *st);
/** tree_has_modes() - can this file system keep permission bits? */
bool tree_has_modes(int dirfd);
/**
 * tree_extras() - what lies in the tree @dirfd but not in the manifest (the marker too)
 * @extra: called with the directory, the name in it, and the path in the product; it may
 *	remove the name. What it returns ends the walk unless it is 0
 */
int tree_extras(int dirfd, const struct mclic_manifest *m,
		int (*extra)(void *ctx, int dirfd, const char *name, const char *path), void *ctx);
/** tree_remove() - remove the tree @name of @dirfd, following no link; -ENOENT is success */
int tree_remove(int dirfd, const char *name);

/**
 * struct stage - a title being built, or mended where it stands
 * @rootfd: the target's directory
 * @fd: the staging directory, locked
 * @partfd: its folder of unfinished files
 * @treefd: the title's tree: the staging directory, or what bears the title's name
 * @name: of the staging directory
 * @title: being installed
 */
struct stage {
	int rootfd;
	int fd;
	int partfd;
	int treefd;
	char name[64];
	const struct title *title;
};

/** stage_is() - is it the name of a staging directory? */
bool stage_is(const char *name);
/**
 * stage_open() - make the staging directory, or take up an interrupted one
 * @how: STANDS_SAME to mend the title that stands; only its files are staged then
 */
int stage_open(struct stage *s, int rootfd, const __u8 licence_id[MCLIC_ID_SIZE],
	       const struct title *title, enum standing how);
/**
 * stage_skeleton() - the manifest's directories and symlinks
 *
 * What must not be in a staging directory is removed; in a title that stands, only what
 * is in the place of another entry.
 */
int stage_skeleton(struct stage *s);
/** stage_publish() - marker, modes, flush, and the name of the product */
int stage_publish(struct stage *s, enum standing how);
void stage_close(struct stage *s);
/** stage_discard() - remove what a cut after publishing left; not one that is in use */
void stage_discard(int rootfd, const __u8 licence_id[MCLIC_ID_SIZE]);

/* ---- cmd_request.c, cmd_import.c: what renew and return share with them ---- */

/** request_write() - write a kept request about @title to --output, and say so */
int request_write(const struct options *o, const struct kept *k, const char *title);
/** import_done() - a response was accepted: keep what a copy needs, forget the rest */
int import_done(struct kept *k, const struct mclic_response *r);
/** import_say() - tell what was accepted, and with --json what @offer was taken */
int import_say(const struct options *o, const struct accepted *a, const struct offer *offer);

/* ---- say.c: words and JSON that several commands use ---- */

/** say_kind() - "personal" or "portable" */
const char *say_kind(__u8 kind);
/** say_time() - "2026-01-02 03:04:05 UTC", or "-" for 0; @buf of 32 bytes */
const char *say_time(__u64 t, char *buf);
/** say_text() - a NUL-padded field as a string; @buf of @n + 1 bytes */
const char *say_text(const __u8 *field, size_t n, char *buf);
/** say_is_text() - is an identifier printable ASCII, so that say_raw() shows it as it is? */
bool say_is_text(const __u8 *raw, size_t len);
/** say_raw() - an identifier as text, or in hex where it is none; @buf of 2 * @len + 1 bytes */
const char *say_raw(const __u8 *raw, size_t len, char *buf);
/** say_hex() - JSON string of @n bytes in hex */
json_t *say_hex(const void *p, size_t n);
/** say_terms() - JSON object of a licence's terms */
json_t *say_terms(const struct mclic_terms *terms);
/** say_slots() - JSON array of the slots in use, each with its state */
int say_slots(struct target *t, json_t **slots);

#endif /* MCLIC_PROGRAM_H */
