"""Expected values for `evenhand_metrics::significance`, by scipy and statsmodels: writes significance.json beside this file.

    python reference/significance.py

Every table is random and seeded. A number that a library gives as NaN or infinite is written as null; our side must then have a reason. Where
a library's own rounding is above 1e-11, which is checked with fractions and with decimals of 50 digits, the exact value stands in its place and is
counted under "replaced".
"""

import json
import math
import warnings
from decimal import Decimal, getcontext
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path

import numpy as np
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable, Table2x2
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest

HERE = Path(__file__).parent
LEVEL = 0.95
Z = stats.norm.ppf((1 + LEVEL) / 2)
getcontext().prec = 50
replaced = {}


def written(value):
    """A number, or null where there is none."""
    value = float(value)
    return value if math.isfinite(value) else None


def checked(name, theirs, exact):
    """Theirs where it is exact to 1e-11, or else the exact value."""
    theirs, exact = float(theirs), float(exact)
    if not math.isfinite(theirs):
        return None
    if abs(theirs - exact) <= 1e-11 * abs(exact):
        return theirs
    count, worst = replaced.get(name, (0, 0.0))
    replaced[name] = (count + 1, max(worst, abs(theirs - exact) / abs(exact) if exact else math.inf))
    return exact


def fisher(a, n1, c, n2):
    """Two-sided, less, greater with decimals of 50 digits: probabilities relative to the observed table, by the ratio of neighbours."""
    k, n = a + c, n1 + n2
    low, high = max(0, k - n2), min(n1, k)

    def ratio(x):
        return Decimal((n1 - x) * (k - x)) / Decimal((x + 1) * (n2 - k + x + 1))

    # From the observed table to both ends; beyond the mode, what is below 1e-40 of the observed table no longer counts.
    negligible = Decimal("1e-40")
    weights = {a: Decimal(1)}
    weight, total = Decimal(1), Decimal(1)
    for x in range(a, high):
        step = ratio(x)
        weight *= step
        if step < 1 and weight < negligible:
            break
        weights[x + 1] = weight
        total += weight
    weight = Decimal(1)
    for x in range(a - 1, low - 1, -1):
        step = 1 / ratio(x)
        weight *= step
        if step < 1 and weight < negligible:
            break
        weights[x] = weight
        total += weight
    equal = 1 + Decimal("1e-14")
    tails = [lambda x, w: w <= equal, lambda x, _: x <= a, lambda x, _: x >= a]
    return [min(Decimal(1), sum((w for x, w in weights.items() if tail(x, w)), Decimal(0)) / total) for tail in tails]


def size(rng):
    return max(1, int(10 ** rng.uniform(0, 5)))


def count(rng, n, rate):
    return int(rng.binomial(n, rate))


def table(rng):
    """[a, n1, c, n2]: sizes from 1 to 100,000, in a quarter of the tables an outcome or a group of 0."""
    n1, n2 = size(rng), size(rng)
    if rng.random() < 0.2:
        n2 = n1
    rate = rng.uniform(0.01, 0.99)
    other = min(0.99, max(0.01, rate + rng.choice([0, 1]) * rng.normal() * 0.2 / n1**0.25))
    a, c = count(rng, n1, rate), count(rng, n2, other)
    match rng.integers(0, 24):
        case 0:
            a = 0
        case 1:
            a = n1
        case 2:
            c = 0
        case 3:
            c = n2
        case 4:
            a = c = 0
        case 5:
            a, c = n1, n2
        case 6:
            a, n1 = 0, 0
        case 7:
            n2 = c = 0
    return [a, n1, c, n2]


def two_groups(cells):
    a, n1, c, n2 = cells
    both = np.array([[a, n1 - a], [c, n2 - c]])
    expected = {"table": cells}
    if n1 and n2:
        exact = fisher(a, n1, c, n2)
        expected["fisher"] = [
            checked("fisher", stats.fisher_exact(both, alternative=alternative).pvalue, value)
            for alternative, value in zip(["two-sided", "less", "greater"], exact)
        ]
    else:
        expected["fisher"] = None
    k, n = a + c, n1 + n2
    z = proportions_ztest([a, c], [n1, n2])[0] if n1 and n2 else math.nan
    if math.isfinite(z):
        squared = Fraction((a * n2 - c * n1) ** 2 * n, n1 * n2 * k * (n - k))
        exact = math.copysign(float(Decimal(squared.numerator) / Decimal(squared.denominator)) ** 0.5, a * n2 - c * n1)
        z = checked("z", z, exact)
        expected["z"] = [z, written(2 * stats.norm.sf(abs(z)))]
    else:
        expected["z"] = None
    plain = Table2x2(both, shift_zeros=False)
    # The half in every cell, as it is ours under its own name.
    half = Table2x2(both + 0.5, shift_zeros=False)
    expected["odds_ratio"] = [written(value) for value in [plain.oddsratio, *plain.oddsratio_confint(1 - LEVEL)]]
    expected["haldane_anscombe"] = [written(value) for value in [half.oddsratio, *half.oddsratio_confint(1 - LEVEL)]]
    expected["ratio"] = [written(value) for value in [plain.riskratio, *plain.riskratio_confint(1 - LEVEL)]]
    if n1 and n2:
        expected["wilson"] = [written(value) for value in proportion_confint(a, n1, 1 - LEVEL, "wilson")]
        newcombe = confint_proportions_2indep(a, n1, c, n2, "newcomb", "diff", 1 - LEVEL, correction=False)
        expected["newcombe"] = [written(value) for value in newcombe]
    return expected


def many_groups(rng):
    groups = [table(rng)[:2] for _ in range(rng.integers(2, 9))]
    x, n = np.array(groups).T
    margins = n.min() == 0 or x.sum() == 0 or x.sum() == n.sum()
    if margins:
        return {"groups": groups, "chi_squared": None}
    found = stats.chi2_contingency(np.array([x, n - x]), correction=False)
    total, selected = int(n.sum()), int(x.sum())
    exact = sum(Fraction((xi * total - ni * selected) ** 2, ni * selected * (total - selected)) for xi, ni in groups)
    statistic = checked("chi_squared", found.statistic, exact)
    return {"groups": groups, "chi_squared": [statistic, int(found.dof), written(stats.chi2.sf(statistic, found.dof))]}


def informative(cells):
    a, n1, c, n2 = cells
    return n1 > 0 and n2 > 0 and 0 < a + c < n1 + n2


def breslow_day(strata):
    """Without and with Tarone's adjustment, with decimals of 50 digits; None where the library divides by 0."""
    ratio = sum(Fraction(a * (n2 - c), n1 + n2) for a, n1, c, n2 in strata), sum(Fraction((n1 - a) * c, n1 + n2) for a, n1, c, n2 in strata)
    if 0 in ratio or ratio[0] == ratio[1]:
        return None
    ratio = ratio[0] / ratio[1]
    ratio = Decimal(ratio.numerator) / Decimal(ratio.denominator)
    statistic = deviations = variances = Decimal(0)
    for a, n1, c, n2 in strata:
        k, rest = a + c, n2 - a - c
        square, linear, constant = 1 - ratio, ratio * (n1 + k) + rest, -ratio * n1 * k
        expected = (-linear + (linear * linear - 4 * square * constant).sqrt()) / (2 * square)
        variance = 1 / (1 / expected + 1 / (n1 - expected) + 1 / (k - expected) + 1 / (rest + expected))
        statistic += (a - expected) ** 2 / variance
        deviations += a - expected
        variances += variance
    return statistic, statistic - deviations**2 / variances


def greenland_robins(strata):
    """Risk difference and risk ratio with their intervals, from the formulas of the paper; they are in no library used here."""
    a, n1, c, n2 = np.array([cells for cells in strata if cells[1] and cells[3]], dtype=float).reshape(-1, 4).T
    n, k, b, d = n1 + n2, a + c, n1 - a, n2 - c
    weight = np.sum(n1 * n2 / n)
    difference = np.sum((a * n2 - c * n1) / n) / weight
    error = np.sqrt(np.sum((a * b * n2**3 + c * d * n1**3) / (n1 * n2 * n**2))) / weight
    up, down = np.sum(a * n2 / n), np.sum(c * n1 / n)
    ratio = up / down
    spread = np.sqrt(np.sum((n1 * n2 * k - a * c * n) / n**2) / (up * down))
    return (
        [written(value) for value in [difference, difference - Z * error, difference + Z * error]],
        [written(value) for value in [ratio, ratio * np.exp(-Z * spread), ratio * np.exp(Z * spread)]],
    )


def within_strata(rng):
    shared = rng.random() < 0.5
    strata = []
    for _ in range(rng.integers(1, 13)):
        cells = table(rng)
        if shared and cells[1] and cells[3]:
            # Much the same odds ratio in all strata.
            cells[2] = count(rng, cells[3], min(0.95, max(0.05, cells[0] / cells[1])))
        strata.append(cells)
    kept = [cells for cells in strata if informative(cells)]
    expected = {"strata": strata, "informative": len(kept)}
    for name, chosen in [("as_given", strata), ("kept", kept)]:
        if not chosen or (name == "as_given" and kept == strata):
            expected[name] = None
            continue
        both = StratifiedTable([np.array([[a, n1 - a], [c, n2 - c]]) for a, n1, c, n2 in chosen])
        test, corrected = both.test_null_odds(), both.test_null_odds(correction=True)
        equal, tarone = both.test_equal_odds(), both.test_equal_odds(adjust=True)
        freedom = len(chosen) - 1
        # In the far tail a p-value has the error of the statistic some hundred times.
        equal, tarone = [[statistic, stats.chi2.sf(statistic, freedom)] for statistic in [equal.statistic, tarone.statistic]]
        if exact := name == "kept" and freedom > 0 and breslow_day(chosen):
            equal, tarone = [
                [checked(name, statistic, exact), stats.chi2.sf(float(exact), freedom)]
                for name, (statistic, _), exact in zip(["breslow_day", "tarone"], [equal, tarone], exact)
            ]
        expected[name] = {
            "odds_ratio": [written(value) for value in [both.oddsratio_pooled, *both.oddsratio_pooled_confint(1 - LEVEL)]],
            "risk_ratio": written(both.riskratio_pooled),
            # The p-values of statsmodels are 1 minus a distribution function; these have digits in the tail too.
            "test": [written(test.statistic), written(stats.chi2.sf(test.statistic, 1))],
            "corrected_test": [written(corrected.statistic), written(stats.chi2.sf(corrected.statistic, 1))],
            "breslow_day": [written(value) for value in equal],
            "tarone": [written(value) for value in tarone],
        }
        if name == "kept":
            deviation = abs(sum(Fraction(a * n2 - c * n1, n1 + n2) for a, n1, c, n2 in chosen))
            expected["deviation"] = float(deviation)
    difference, ratio = greenland_robins(strata)
    expected["risk_difference"], expected["risk_ratio"] = difference, ratio
    return expected


def adjusted(rng):
    p_values = [float(p) for p in rng.random(rng.integers(1, 15)) ** 3]
    if len(p_values) > 3:
        p_values[1] = p_values[2]
    return {"p_values": p_values, "adjusted": [float(p) for p in multipletests(p_values, method="holm")[1]]}


def main():
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    rng = np.random.default_rng(20)
    expected = {
        "format": 1,
        "libraries": {name: version(name) for name in ["numpy", "scipy", "statsmodels"]},
        "level": LEVEL,
        "two_groups": [two_groups(table(rng)) for _ in range(1000)],
        "many_groups": [many_groups(rng) for _ in range(300)],
        "strata": [within_strata(rng) for _ in range(400)],
        "holm": [adjusted(rng) for _ in range(50)],
    }
    expected["replaced"] = {name: {"values": count, "largest_relative_error": worst} for name, (count, worst) in replaced.items()}
    (HERE / "significance.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
