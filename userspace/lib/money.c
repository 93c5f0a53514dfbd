// SPDX-License-Identifier: GPL-2.0-or-later
/* Money: integers in the minor unit of an ISO 4217 currency. */
#include <stdio.h>
#include <string.h>

#include "libmclic.h"

#define MONEY_MAX	1000000000000000LL	/* exact as a double of any JSON reader */

/* Active codes of ISO 4217 by their number of decimal places; funds and metals are left out. */
static const char *const money_codes[] = {
	"BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF ",
	"",
	"AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN "
	"BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL "
	"GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK "
	"LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO "
	"NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE "
	"SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES "
	"WST XCD YER ZAR ZMW ZWG ",
	"BHD IQD JOD KWD LYD OMR TND ",
};

/* Decimal places; -EINVAL when the currency is not known. */
static int exponent(const char *currency)
{
	const char *at;
	size_t i;

	if (strlen(currency) == 3 && !strchr(currency, ' '))
		for (i = 0; i < sizeof(money_codes) / sizeof(money_codes[0]); i++) {
			at = strstr(money_codes[i], currency);
			if (at && (at - money_codes[i]) % 4 == 0)
				return (int)i;
		}
	return mclic_usage("%s is no currency of ISO 4217, such as EUR", currency);
}

int mclic_money_parse(const char *text, const char *currency, __s64 *amount)
{
	int places = exponent(currency);
	const char *p = text;
	int seen = -1;		/* decimal places so far; -1 before the point */
	__s64 n = 0;

	if (places < 0)
		return places;
	if (*p < '0' || *p > '9')
		goto bad;
	for (; *p; p++) {
		if (*p == '.' && seen < 0 && places > 0 && p[1]) {
			seen = 0;
			continue;
		}
		if (*p < '0' || *p > '9' || seen == places)
			goto bad;
		n = 10 * n + (*p - '0');
		if (n > MONEY_MAX)
			goto bad;
		seen += seen >= 0;
	}
	for (seen = seen < 0 ? 0 : seen; seen < places; seen++) {
		n *= 10;
		if (n > MONEY_MAX)
			goto bad;
	}
	*amount = n;
	return 0;
bad:
	return mclic_usage("%s is no amount in %s: digits%s expected, without a sign",
			   text, currency, places ? ", a point, and decimal places" : " alone");
}

char *mclic_money_text(__s64 amount, const char *currency, char *out)
{
	int places = exponent(currency);
	__u64 n = amount < 0 ? -(__u64)amount : (__u64)amount;
	char digits[MCLIC_MONEY_TEXT];
	int len;

	if (places < 0)
		places = 0;
	len = snprintf(digits, sizeof(digits), "%0*llu", places + 1, (unsigned long long)n);
	snprintf(out, MCLIC_MONEY_TEXT, "%s%.*s%s%s %.3s", amount < 0 ? "-" : "", len - places,
		 digits, places ? "." : "", digits + len - places, currency);
	return out;
}
