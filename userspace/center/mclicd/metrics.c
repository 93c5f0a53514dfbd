// SPDX-License-Identifier: GPL-2.0-or-later
/* Counters, and their text for Prometheus. */
#include <stdatomic.h>
#include <stdlib.h>

#include "server.h"

#define STATUS_MAX	600
#define OUTCOME_ISSUED	PROBLEM_COUNT
#define OUTCOME_REPEATED (PROBLEM_COUNT + 1)
#define OUTCOMES	(PROBLEM_COUNT + 2)

static const char *const endpoint_names[ENDPOINT_COUNT] = {
	"status", "enrol", "licences", "products", "product", "register", "revocations",
	"healthz", "metrics", "other",
};

static const char *const operation_names[] = { "unknown", "new", "renew", "return" };

static atomic_ullong requests[ENDPOINT_COUNT][STATUS_MAX];
static atomic_ullong durations[ENDPOINT_COUNT];
static atomic_ullong licences[MCLIC_OP_RETURN + 1][OUTCOMES];
static atomic_ullong busy;
static atomic_int connections;

void metrics_request(enum endpoint e, unsigned int status, __u64 microseconds)
{
	atomic_fetch_add(&requests[e][status < STATUS_MAX ? status : 0], 1);
	atomic_fetch_add(&durations[e], microseconds);
}

void metrics_licence(const struct issue_note *note, enum problem p)
{
	unsigned int operation = note->operation <= MCLIC_OP_RETURN ? note->operation : 0;
	unsigned int outcome = p;

	if (!p)
		outcome = note->repeated ? OUTCOME_REPEATED : OUTCOME_ISSUED;
	atomic_fetch_add(&licences[operation][outcome], 1);
}

void metrics_busy(void)
{
	atomic_fetch_add(&busy, 1);
}

void metrics_connections(int change)
{
	atomic_fetch_add(&connections, change);
}

static void head(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void requests_text(FILE *f)
{
	unsigned long long n, count;
	unsigned int e, status;

	head(f, "mclicd_requests_total", "counter",
	     "Requests by address and status; status 0: the client went away.");
	for (e = 0; e < ENDPOINT_COUNT; e++)
		for (status = 0; status < STATUS_MAX; status++) {
			n = atomic_load(&requests[e][status]);
			if (n)
				fprintf(f, "mclicd_requests_total{endpoint=\"%s\",status=\"%u\"} %llu\n",
					endpoint_names[e], status, n);
		}
	head(f, "mclicd_request_duration_seconds", "summary",
	     "Time from a request's line to the end of its answer.");
	for (e = 0; e < ENDPOINT_COUNT; e++) {
		count = 0;
		for (status = 0; status < STATUS_MAX; status++)
			count += atomic_load(&requests[e][status]);
		n = atomic_load(&durations[e]);
		fprintf(f, "mclicd_request_duration_seconds_sum{endpoint=\"%s\"} %llu.%06llu\n"
			"mclicd_request_duration_seconds_count{endpoint=\"%s\"} %llu\n",
			endpoint_names[e], n / 1000000, n % 1000000, endpoint_names[e], count);
	}
}

static const char *outcome_name(unsigned int outcome)
{
	if (outcome == OUTCOME_ISSUED)
		return "issued";
	return outcome == OUTCOME_REPEATED ? "repeated" : problem_name((enum problem)outcome);
}

static void licences_text(FILE *f)
{
	unsigned int operation, outcome;
	unsigned long long n;

	head(f, "mclicd_licences_total", "counter",
	     "Requests for licences by operation and what became of them.");
	for (operation = 0; operation <= MCLIC_OP_RETURN; operation++)
		for (outcome = 0; outcome < OUTCOMES; outcome++) {
			n = atomic_load(&licences[operation][outcome]);
			if (n || (operation && outcome == OUTCOME_ISSUED))
				fprintf(f, "mclicd_licences_total{op=\"%s\",outcome=\"%s\"} %llu\n",
					operation_names[operation], outcome_name(outcome), n);
		}
}

char *metrics_text(void)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	head(f, "mclicd_build_info", "gauge", "Always 1; the label tells the release.");
	fprintf(f, "mclicd_build_info{version=\"%s\"} 1\n", MCLIC_RELEASE);
	requests_text(f);
	licences_text(f);
	head(f, "mclicd_database_busy_total", "counter",
	     "Requests put off because the database was locked or full.");
	fprintf(f, "mclicd_database_busy_total %llu\n", (unsigned long long)atomic_load(&busy));
	head(f, "mclicd_connections", "gauge", "Connections that are open.");
	fprintf(f, "mclicd_connections %d\n", atomic_load(&connections));
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}
