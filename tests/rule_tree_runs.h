/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* rule_tree_runs.h: what rule_tree.bpf.c and those who run it agree on. */
#ifndef TNA_RULE_TREE_RUNS_H
#define TNA_RULE_TREE_RUNS_H

#define RULE_TREE_VECTORS 65536 /* asked about in turn */

#endif
