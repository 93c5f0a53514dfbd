# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel.awk - the table of one guest, from the lines "value FS METRIC NUMBER" of
# tests/bench/kernel-guest.sh. Variables: kernel, mib, files.

$1 == "value" { v[$2, $3] = $4 }

function rule(   i, line) {
	line = sprintf("%-40s", "========================================")
	for (i = 1; i <= n; i++)
		line = line "  =========="
	return line
}

# Cost without the cipher: the same run minus the bare cipher
function net(fs, cipher) {
	if (((fs, "cold") in v) && ((cipher, "cipher") in v))
		return v[fs, "cold"] - v[cipher, "cipher"]
	return -1
}

function cell(x, unit) {
	return x == "" || x < 0 ? sprintf("  %10s", "\\-") : sprintf("  %10.*f", unit < 1000 ? 0 : 1,
		x / unit)
}

function row(title, metric, unit,   i, line) {
	line = sprintf("%-40s", title)
	for (i = 1; i <= n; i++)
		line = line cell(((fs[i], metric) in v) ? v[fs[i], metric] : "", unit)
	print line
}

END {
	n = split("ext4 mclicfs ecryptfs fscrypt dmcrypt", fs, " ")
	split("ext4 mclicfs eCryptfs fscrypt dm-crypt", name, " ")
	cipher["mclicfs"] = "gcm"
	cipher["ecryptfs"] = "cbc"
	cipher["fscrypt"] = cipher["dmcrypt"] = "xts"

	print rule()
	line = sprintf("%-40s", "Linux " kernel)
	for (i = 1; i <= n; i++)
		line = line sprintf("  %10s", name[i])
	print line
	print rule()
	row("read " mib " MiB, cold (ms)", "cold", 1e6)
	line = sprintf("%-40s", "... without the cipher (ms)")
	for (i = 1; i <= n; i++)
		line = line cell(fs[i] in cipher ? net(fs[i], cipher[fs[i]]) : "", 1e6)
	print line
	row("read again (ms)", "again", 1e6)
	row("mapped, cached (ms)", "mapped", 1e6)
	row("4 KiB at random, cold (us)", "random", 1000)
	row("md5sum of " files " files, cold (ms)", "md5-cold", 1e6)
	row("... again (ms)", "md5-again", 1e6)
	row("ls -lR of them, cold (ms)", "ls-cold", 1e6)
	row("... again (ms)", "ls-again", 1e6)
	row("pages cached by a cold read", "pages", 1)
	print rule()
}
