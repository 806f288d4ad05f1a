"""Expected values for the tests between methods (crates/experiment/src/analyses/contrast.rs).

t-tests and quantiles come from scipy; Holm's correction is worked from its definition by trying every level that matters.

    python reference/contrasts.py > reference/contrasts.json
"""

import itertools
import json
import sys

import numpy as np
import scipy
from scipy import stats

assert scipy.__version__ == "1.17.1", scipy.__version__


def corrected(differences, overlap):
    d = np.asarray(differences)
    n = len(d)
    if overlap == 0.0:
        plain = stats.ttest_1samp(d, 0.0)
        interval = plain.confidence_interval(0.95)
        return d.mean(), plain.pvalue, [interval.low, interval.high]
    error = np.sqrt((1 / n + overlap) * d.var(ddof=1))
    reach = stats.t.ppf(0.975, n - 1) * error
    return d.mean(), 2 * stats.t.sf(abs(d.mean() / error), n - 1), [d.mean() - reach, d.mean() + reach]


def holm(p):
    """Smallest level at which the sequential procedure of Holm still rejects each hypothesis, found by trying all levels that matter."""
    m = len(p)
    order = np.argsort(p, kind="stable")
    levels = sorted({min(1.0, (m - k) * p[i]) for k, i in itertools.product(range(m), range(m))} | {1.0})
    adjusted = [1.0] * m
    for level in reversed(levels):
        for rank, place in enumerate(order):
            if p[place] > level / (m - rank) * (1 + 1e-12):
                break
            adjusted[place] = min(adjusted[place], level)
    return adjusted


rng = np.random.default_rng(5)
cases = []
for n, overlap in [(2, 0.0), (3, 0.25), (5, 0.3125), (10, 0.0), (10, 0.3125), (30, 1.0)]:
    differences = rng.normal(0.01, 0.02, n)
    difference, p_value, interval = corrected(differences, overlap)
    cases.append(
        {"differences": differences.tolist(), "overlap": overlap, "difference": difference, "p_value": p_value, "interval": interval}
    )
families = [[0.01, 0.04, 0.03, 0.005], [0.5, 0.6], [0.2], [0.001, 0.001, 0.9, 0.02, 0.3], rng.uniform(0, 0.2, 12).tolist()]
json.dump({"cases": cases, "holm": [{"p_values": p, "adjusted": holm(p)} for p in families]}, sys.stdout, indent=1)
