/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* zones: where rules choose the zone that Linux looks for the packet's connection in: which is it?
 * Reads  as rules.h.
 * Sets   p->facts, its ct_zone and ct_zone_dir.
 * Punts  RULES_NEW, SHORT, RULE (a rule that TNA can't do comes before), CT_SPECIAL.
 *
 * The chains that come before connection tracking are asked here for that alone: they neither drop
 * nor count the packet, and what they change is forgotten. rules.h asks them again, with all others.
 */
#ifndef TNA_FPM_ZONES_H
#define TNA_FPM_ZONES_H

#include "lib/rule_facts.h"

static __always_inline enum tna_verdict fpm_zones(struct tna_pkt *p)
{
	struct tna_rule_facts *f = tna_facts();

	if (!tna_rules_same(p))
		return tna_punt(p, TNA_R_RULES_NEW);
	if (!f)
		return tna_punt(p, TNA_R_CT_SPECIAL);
	if (!tna_rule_facts_at_first(p, f))
		return tna_punt(p, TNA_R_SHORT);
	f->ct_zone = f->ct_zone_dir = 0;
	p->facts = f;
	if ((p->ip_version == 4 ? tna_zones4(f) : tna_zones6(f)) != TNA_NEXT)
		return tna_punt(p, TNA_R_RULE);
	return TNA_NEXT;
}

#endif
