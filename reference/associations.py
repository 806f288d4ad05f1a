"""Expected values for associations of inputs with an attribute (crates/experiment/src/analyses/importance.rs).

chi squared comes from scipy's contingency tables; epsilon squared is reached over scipy's F of the one-way analysis of variance:
epsilon2 = (k - 1)(F - 1) / ((k - 1) F + n - k).

    python reference/associations.py > reference/associations.json
"""

import json
import sys

import numpy as np
import scipy
from scipy import stats

assert scipy.__version__ == "1.17.1", scipy.__version__


def category(groups, codes):
    table = stats.contingency.crosstab(groups, codes).count
    n, (r, c) = table.sum(), table.shape
    chi2 = stats.chi2_contingency(table, correction=False).statistic
    phi2 = max(0.0, chi2 / n - (r - 1) * (c - 1) / (n - 1))
    r, c = r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)
    plain = np.sqrt(chi2 / n / (min(table.shape) - 1))
    return {"groups": groups.tolist(), "codes": codes.tolist(), "plain": float(plain), "association": float(np.sqrt(phi2 / min(r - 1, c - 1)))}


def number(groups, numbers):
    f = stats.f_oneway(*(numbers[groups == g] for g in np.unique(groups))).statistic
    k, n = len(np.unique(groups)), len(numbers)
    epsilon2 = max(0.0, (k - 1) * (f - 1) / ((k - 1) * f + n - k))
    return {"groups": groups.tolist(), "numbers": numbers.tolist(), "association": float(np.sqrt(epsilon2))}


def main():
    rng = np.random.default_rng(7)
    two, three = rng.integers(0, 2, 60), rng.integers(0, 3, 90)
    cases = {
        "categories": [
            category(two, rng.integers(0, 60, 60)),
            category(two, np.where(rng.random(60) < 0.7, two, 1 - two)),
            category(three, (three + (rng.random(90) < 0.4)) % 3),
            category(three, rng.integers(0, 5, 90)),
            category(three, three * 2 + rng.integers(0, 2, 90)),
        ],
        "numbers": [
            number(two, rng.normal(size=60).round(4)),
            number(two, (two + rng.normal(size=60)).round(4)),
            number(three, (0.5 * three + rng.normal(size=90)).round(4)),
            number(three, (10 * three + rng.normal(size=90)).round(4)),
        ],
    }
    json.dump(cases, sys.stdout, indent=None, separators=(",", ":"))
    print()


main()
