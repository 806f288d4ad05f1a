"""Expected values of rank SPDD (`rank-spdd`), by scipy and by brute force: writes ranks.json beside this file.

    python reference/ranks.py

Ranks are scipy's mid-ranks of everybody (rows of whole weight stand as many times), the distance is scipy's. Where no two score alike the number is also the mean
over all lengths of a shortlist of the difference of the groups' shares on it, which is counted by hand here and must agree.
"""

import json
from importlib.metadata import version
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy.stats import rankdata, wasserstein_distance

HERE = Path(__file__).parent


def rank_spdd(scores, groups, weights):
    """The largest pair of groups that have rows."""
    scores, groups = np.repeat(scores, weights), np.repeat(groups, weights)
    ranks = (rankdata(scores) - 0.5) / len(scores)
    pairs = combinations(np.unique(groups), 2)
    return max(wasserstein_distance(ranks[groups == a], ranks[groups == b]) for a, b in pairs)


def by_shortlists(scores, groups):
    """Sum over shortlists of 1 to n - 1 of the gap of the shares on them, over n."""
    order = groups[np.argsort(-scores)]

    def gap(a, b):
        shares = [np.cumsum(order == group) / np.sum(order == group) for group in (a, b)]
        return np.abs(shares[0] - shares[1]).sum() / len(order)

    return max(gap(a, b) for a, b in combinations(np.unique(groups), 2))


def main():
    rng = np.random.default_rng(20261201)
    cases = []
    for number in range(120):
        rows = int(rng.integers(4, 60))
        count = int(rng.integers(2, 6))
        groups = rng.integers(0, count, rows)
        groups[:2] = (0, 1)
        scores = rng.normal(size=rows) + 0.3 * groups
        kind = ("untied", "one digit", "five points", "weighted")[number % 4]
        if kind == "one digit":
            scores = np.round(scores, 1)
        elif kind == "five points":
            scores = np.clip(np.round(scores), -2, 2)
        scores = np.round(scores, 6)
        weights = rng.integers(1, 5, rows) if kind == "weighted" else np.ones(rows, dtype=int)
        expected = float(rank_spdd(scores, groups, weights))
        if kind == "untied" and len(np.unique(scores)) == rows:
            assert abs(expected - by_shortlists(scores, groups)) < 1e-12, number
        cases.append(
            {
                "kind": kind,
                "scores": scores.tolist(),
                "groups": groups.tolist(),
                "weights": weights.tolist() if kind == "weighted" else None,
                "rank_spdd": expected,
            }
        )
    versions = {name: version(name) for name in ("scipy", "numpy")}
    lines = ",\n".join("  " + json.dumps(case, separators=(",", ":")) for case in cases)
    head = json.dumps(versions)
    (HERE / "ranks.json").write_text(f'{{\n "versions": {head},\n "cases": [\n{lines}\n ]\n}}\n')


if __name__ == "__main__":
    main()
