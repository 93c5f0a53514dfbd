# SPDX-License-Identifier: GPL-2.0-or-later
#
# Medians of FS, METRIC, VALUE lines, as JSON or as a table for the documentation, with
# the ratio of mclicfs to the best of the others.

function median(key,   n, i, j, v, tmp) {
	n = split(values[key], v, " ")
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && v[j] + 0 < v[j - 1] + 0; j--) {
			tmp = v[j]; v[j] = v[j - 1]; v[j - 1] = tmp
		}
	return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
}

function metric(id, name, more_is_better, form) {
	ids[++rows] = id
	names[id] = name
	more[id] = more_is_better
	forms[id] = form
}

# The ratio, above 1 when mclicfs is the better one; "" when there is nothing to compare.
function ratio(id,   f, m, best, ours) {
	best = ""
	for (f = 1; f <= nfs; f++) {
		if (fs[f] == "below" || fs[f] == "mclicfs" || !((fs[f], id) in values))
			continue
		m = median(fs[f] SUBSEP id)
		if (best == "" || (more[id] ? m > best : m < best))
			best = m
	}
	if (best == "" || !(("mclicfs", id) in values))
		return ""
	ours = median("mclicfs" SUBSEP id)
	if (!(ours > 0 && best > 0))
		return ""
	return more[id] ? ours / best : best / ours
}

BEGIN {
	FS = "\t"
	metric("seq-cold", "read, cold (MB/s)", 1, "%.0f")
	metric("seq-raised", "... readahead raised (MB/s)", 1, "%.0f")
	metric("seq-again", "read again (MB/s)", 1, "%.0f")
	metric("rand1-cold", "4 KiB random, cold, 1 job (/s)", 1, "%.0f")
	metric("rand4-cold", "4 KiB random, cold, 4 jobs (/s)", 1, "%.0f")
	metric("rand1-again", "4 KiB random, again, 1 job (/s)", 1, "%.0f")
	metric("rand4-again", "4 KiB random, again, 4 jobs (/s)", 1, "%.0f")
	metric("tree-cold", "md5sum of the tree, cold (s)", 0, "%.2f")
	metric("tree-again", "md5sum of the tree, again (s)", 0, "%.2f")
	metric("ls", "ls -lR (s)", 0, "%.3f")
	metric("memory", "daemon's memory, peak (MiB)", 0, "%.0f")
}

{
	if (!($1 in seen)) {
		seen[$1] = 1
		fs[++nfs] = $1
	}
	measured[$2] = 1
	values[$1, $2] = values[$1, $2] " " $3
}

function json(   f, i, v, n, k, comma) {
	printf "{\"who\": \"%s\", \"results\": {", who
	for (i = 1; i <= rows; i++) {
		printf "%s\n \"%s\": {\"ratio\": %s", (i > 1 ? "," : ""), ids[i], \
			ratio(ids[i]) == "" ? "null" : sprintf("%.2f", ratio(ids[i]))
		for (f = 1; f <= nfs; f++) {
			if (!((fs[f], ids[i]) in values))
				continue
			printf ",\n  \"%s\": {\"median\": %s, \"values\": [", fs[f], \
				median(fs[f] SUBSEP ids[i])
			n = split(values[fs[f], ids[i]], v, " ")
			for (k = 1; k <= n; k++)
				printf "%s%s", (k > 1 ? ", " : ""), v[k]
			printf "]}"
		}
		printf "}"
	}
	print "\n}}"
}

function rule(   f) {
	printf "================================"
	for (f = 1; f <= nfs + 1; f++)
		printf "  =========="
	print ""
}

function rst(   f, i, r, label) {
	rule()
	printf "%-32s", "as " who
	for (f = 1; f <= nfs; f++)
		printf "  %10s", fs[f]
	printf "  %10s\n", "ratio"
	rule()
	for (i = 1; i <= rows; i++) {
		label = names[ids[i]]
		if (!(ids[i] in measured))
			continue
		printf "%-32s", label
		for (f = 1; f <= nfs; f++)
			if ((fs[f], ids[i]) in values)
				printf "  %10s", sprintf(forms[ids[i]], median(fs[f] SUBSEP ids[i]))
			else
				printf "  %10s", "\\-"
		r = ratio(ids[i])
		printf "  %10s\n", r == "" ? "\\-" : sprintf("%.2f", r)
	}
	rule()
}

END {
	if (format == "json")
		json()
	else
		rst()
}
