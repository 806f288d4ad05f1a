"""Writes rerank.json: what AIF360, fairsearch, fairlearn, scipy and numpy make of small lists, for the tests of the re-rankers and of the repairs.

README.md in this folder describes the layout. `--time` writes nothing: it measures AIF360's DetConstSort beside ours (the example `rank_list` of evenhand-rerank,
built with `--release`), in one run on the same list.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import time
import warnings

import numpy as np
import pandas as pd
import scipy.optimize
from aif360.algorithms.postprocessing import DeterministicReranking
from aif360.datasets import RegressionDataset
from fairlearn.postprocessing import ThresholdOptimizer
from fairsearchcore import fail_prob, mtable_generator
from sklearn.base import BaseEstimator, ClassifierMixin

HERE = pathlib.Path(__file__).parent

# fairsearch's key hashes to a float under numpy 2, which Python refuses.
fail_prob.LegalAssignmentKey.__hash__ = lambda key: hash(
    (key.remaining_candidates, len(key.remaining_block_sizes), key.current_block_number, key.candidates_assigned_so_far)
)


def short(values, digits=12):
    return [round(float(value), digits) + 0.0 for value in np.asarray(values).reshape(-1)]


# ----------------------------------------------------------------------------------------------------------- re-rankers


def constrained(scores, groups, shares, length):
    """AIF360's DetConstSort, and the seconds it takes once the list is its data set.

    Its data sets know binary attributes only and rescale every column, so a group is the bits of its code, and a candidate is found again by its score.
    """
    bits = max(1, (len(shares) - 1).bit_length())
    names = [f"bit{bit}" for bit in range(bits)]
    table = pd.DataFrame({name: np.asarray(groups) >> bit & 1 for bit, name in enumerate(names)} | {"score": scores})
    data = RegressionDataset(table, dep_var_name="score", protected_attribute_names=names, privileged_classes=[[1]] * bits)
    sides = [{name: group >> bit & 1 for bit, name in enumerate(names)} for group in range(len(shares))]
    method = DeterministicReranking(unprivileged_groups=sides[:1], privileged_groups=sides[1:])
    method.fit(data)
    start = time.perf_counter()
    ranked = method.predict(data, rec_size=length, target_prop=list(shares), rerank_type="Constrained")
    seconds = time.perf_counter() - start
    candidate = {score: position for position, score in enumerate(data.labels[:, 0])}
    assert len(candidate) == len(scores), "scores must differ"
    return [candidate[score] for score in ranked.labels[:, 0]], seconds


def const_sort():
    rng = np.random.default_rng(1)
    cases = []
    for shares, size, length in [
        ([0.5, 0.5], 20, 30), ([0.3, 0.7], 40, 50), ([0.25, 0.35, 0.4], 40, 60), ([0.1, 0.2, 0.3, 0.4], 50, 80), ([0.15, 0.15, 0.35, 0.35], 40, 25),
        ([0.05] * 4 + [0.2] * 4, 40, 100),
    ]:
        groups = np.repeat(np.arange(len(shares)), size)
        scores = rng.permutation(len(groups)) / 1024 + 0.05 * groups
        order, _ = constrained(scores, groups, shares, length)
        cases.append({"shares": shares, "groups": groups.tolist(), "scores": scores.tolist(), "length": length, "order": order})
    return cases


def fa_ir():
    """Tables at alpha as it is and adjusted; failure probability of the table without its last prefix, which fairsearch leaves out."""
    cases = []
    for length, share, alpha in [(10, 0.5, 0.1), (20, 0.25, 0.1), (30, 0.3, 0.05), (40, 0.6, 0.1), (50, 0.4, 0.15), (25, 0.8, 0.1), (45, 0.1, 0.15)]:
        plain = mtable_generator.MTableGenerator(length, share, alpha, False)
        plain_table = plain.mtable_as_dataframe()
        found = fail_prob.RecursiveNumericFailProbabilityCalculator(length, share, alpha)
        adjusted = found.adjust_alpha()
        cases.append({
            "length": length, "share": share, "alpha": alpha,
            "table": [int(value) for value in plain_table["m"]],
            "failure_without_last": float(found.calculate_fail_probability(plain_table)),
            "adjusted_alpha": float(adjusted.alpha),
            "adjusted_table": [int(value) for value in adjusted.mtable["m"]],
            "adjusted_failure_without_last": float(adjusted.fail_prob),
        })
    return cases


def exposure():
    """The program of Singh and Joachims over all doubly stochastic matrices."""
    rng = np.random.default_rng(2)
    cases = []
    for sizes, shares, length in [
        ([3, 3], [0.5, 0.5], 6), ([4, 3], [4 / 7, 3 / 7], 7), ([5, 2], [0.6, 0.4], 7), ([3, 3, 2], [0.375, 0.375, 0.25], 8), ([3, 3, 3], [1 / 3] * 3, 9), ([4, 4], [0.5, 0.5], 3),
        ([5, 3, 2], [0.4, 0.3, 0.3], 5), ([3, 2, 2, 2], [0.25] * 4, 9), ([6, 4], [0.55, 0.45], 10), ([4, 4, 4], [0.5, 0.25, 0.25], 12),
    ]:
        groups = np.repeat(np.arange(len(sizes)), sizes)
        n = len(groups)
        scores = np.round((rng.random(n) - 0.25 * groups) * 64) / 64
        places = np.arange(1, n + 1)
        weights = np.where(places <= length, 1 / np.log2(1 + places), 0.0)
        rows = [np.kron(np.eye(n)[i], np.ones(n)) for i in range(n)] + [np.tile(np.eye(n)[j], n) for j in range(n)]
        rows += [np.kron((groups == g).astype(float), weights) for g in range(len(sizes))]
        rhs = [1.0] * (2 * n) + [share * weights.sum() for share in shares]
        found = scipy.optimize.linprog(-np.kron(scores, weights), A_eq=np.array(rows), b_eq=rhs, bounds=(0, 1), method="highs")
        assert found.status == 0, (sizes, shares, found.message)
        cases.append({"shares": shares, "groups": groups.tolist(), "scores": scores.tolist(), "length": length, "utility": -found.fun})
    return cases


# -------------------------------------------------------------------------------------------------------------- repairs


def distribution(scores, weights):
    values = np.unique(scores)
    at = np.array([weights[scores == value].sum() for value in values])
    return values, (np.cumsum(at) - at / 2) / at.sum()


def quantiles():
    rng = np.random.default_rng(3)
    cases = []
    for name, scale, weighted in [("probabilities", 1.0, False), ("ties and weights", 1.0, True), ("any numbers", 5.0, False)]:
        group = rng.choice(3, 150, p=[0.5, 0.3, 0.2])
        scores = np.clip(rng.beta(2 + group, 3, 150), 0.02, 0.98) * scale - (scale - 1) / 2
        scores = np.round(scores * (16 if weighted else 1024)) / (16 if weighted else 1024)
        weights = rng.integers(1, 5, 150) / 2 if weighted else np.ones(150)
        new = np.sort(np.concatenate([np.round(rng.random(20) * 4096) / 4096, [scores.min(), scores.max()]]))
        shares = [weights[group == g].sum() / weights.sum() for g in range(3)]
        parts = [distribution(scores[group == g], weights[group == g]) for g in range(3)] + [distribution(scores, weights)]
        repaired = []
        for values, levels in parts:
            target = sum(share * np.interp(levels, other_levels, other) for share, (other, other_levels) in zip(shares, parts))
            inside = np.interp(new, values, target)
            if scale == 1.0:
                ends = np.interp(new, np.concatenate([[0.0], values, [1.0]]), np.concatenate([[0.0], target, [1.0]]))
            else:
                ends = np.where(new < values[0], target[0] + new - values[0], np.where(new > values[-1], target[-1] + new - values[-1], inside))
            repaired.append(short(ends))
        cases.append({"name": name, "groups": group.tolist(), "scores": scores.tolist(), "weights": weights.tolist(), "new": new.tolist(), "repaired": repaired[:3], "unknown": repaired[3]})
    return cases


class Given(ClassifierMixin, BaseEstimator):
    """A fitted estimator whose probability is its only column."""

    classes_ = np.array([0, 1])

    def fit(self, x, y):
        return self

    def predict_proba(self, x):
        return np.column_stack([1 - x[:, 0], x[:, 0]])

    def __sklearn_is_fitted__(self):
        return True


RATES = {
    "demographic-parity": ("demographic_parity", ["selection"]),
    "equal-opportunity": ("true_positive_rate_parity", ["tpr"]),
    "false-positive-parity": ("false_positive_rate_parity", ["fpr"]),
    "equalized-odds": ("equalized_odds", ["tpr", "fpr"]),
}


def rates(chosen, label, rows):
    return {"selection": chosen[rows].mean(), "tpr": chosen[rows & (label == 1)].mean(), "fpr": chosen[rows & (label == 0)].mean()}


def measure(chosen, label, objective):
    tpr, tnr = chosen[label == 1].mean(), 1 - chosen[label == 0].mean()
    return (tpr + tnr) / 2 if objective == "balanced-accuracy" else (chosen * label + (1 - chosen) * (1 - label)).mean()


def best(scores, label, group, constraint, objective, tolerance):
    """The optimum over all mixtures of thresholds, by HiGHS over every threshold of every group."""
    columns, worth, blocks = [], [], []
    positives, negatives, rows = (label == 1).sum(), (label == 0).sum(), len(label)
    levels = np.unique(group)
    for g in levels:
        own = group == g
        for threshold in np.concatenate([[np.inf], np.unique(scores[own])[::-1]]):
            chosen = own & (scores >= threshold)
            hit, false = (chosen & (label == 1)).sum(), (chosen & (label == 0)).sum()
            worth.append(hit / positives / 2 - false / negatives / 2 if objective == "balanced-accuracy" else (hit - false) / rows)
            columns.append(rates(chosen.astype(float), label, own))
            blocks.append(g)
    n, names = len(columns), RATES[constraint][1]
    a_ub, b_ub, blocks = [], [], np.array(blocks)
    for name in names:
        value = np.array([column[name] for column in columns])
        for one in levels:
            for other in levels:
                if one != other:
                    a_ub.append(value * (blocks == one) - value * (blocks == other))
                    b_ub.append(tolerance)
    a_eq = np.array([(blocks == g).astype(float) for g in levels])
    found = scipy.optimize.linprog(-np.array(worth), A_ub=np.array(a_ub), b_ub=b_ub, A_eq=a_eq, b_eq=np.ones(len(levels)), bounds=(0, 1), method="highs-ds",
                                   options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10})
    assert found.status == 0, found.message
    return -found.fun + (0.5 if objective == "balanced-accuracy" else negatives / rows)


def thresholds():
    rng = np.random.default_rng(4)
    cases = []
    for levels, n, grid in [(2, 240, 1024), (3, 300, 16)]:
        group = rng.choice(levels, n, p=[0.6, 0.4] if levels == 2 else [0.5, 0.3, 0.2])
        label = (rng.random(n) < np.array([0.6, 0.4, 0.3])[group]).astype(int)
        scores = np.round(1 / (1 + np.exp(-(rng.normal(size=n) + (1.6 - 0.5 * group) * (label - 0.5) - 0.4 * group))) * grid) / grid
        case = {"groups": group.tolist(), "scores": scores.tolist(), "labels": label.tolist(), "optima": [], "fairlearn": []}
        for constraint, (theirs, names) in RATES.items():
            for objective in ("accuracy", "balanced-accuracy"):
                for tolerance in (0.0, 0.02, 0.1):
                    value = best(scores, label, group, constraint, objective, tolerance)
                    case["optima"].append({"constraint": constraint, "objective": objective, "tolerance": tolerance, "value": value})
                optimizer = ThresholdOptimizer(estimator=Given(), constraints=theirs, objective=objective.replace("-", "_") + "_score", prefit=True, predict_method="predict_proba")
                optimizer.fit(scores[:, None], label, sensitive_features=group)
                chosen = optimizer._pmf_predict(scores[:, None], sensitive_features=group)[:, 1]
                by_group = [rates(chosen, label, group == g) for g in range(levels)]
                gap = max(max(found[name] for found in by_group) - min(found[name] for found in by_group) for name in names)
                case["fairlearn"].append({"constraint": constraint, "objective": objective, "value": measure(chosen, label, objective), "gap": float(gap)})
        cases.append(case)
    return cases


# -------------------------------------------------------------------------------------------------------------- speed


def timed(size, repeats):
    """Two groups, half of the pool wanted; whole numbers as scores, handed to both."""
    rng = np.random.default_rng(5)
    groups = rng.integers(0, 2, size)
    scores = (rng.permutation(size) - (0.1 * size + 0.5) * groups) / size
    length = size // 2
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", HERE.parent / "target")) / "release" / "examples" / "rank_list"
    request = json.dumps({"method": "det-const-sort", "scores": scores.tolist(), "groups": groups.tolist(), "shares": [0.5, 0.5], "length": length, "repeats": 101})
    ours, theirs = [], []
    for _ in range(repeats):
        done = json.loads(subprocess.run([target], input=request, stdout=subprocess.PIPE, text=True, check=True).stdout)
        ours.append(done["seconds"])
        order, seconds = constrained(scores, groups, [0.5, 0.5], length)
        theirs.append(seconds)
        assert order == done["order"], "the two lists differ"
    ours, theirs = statistics.median(ours), statistics.median(theirs)
    print(json.dumps({"size": size, "length": length, "ours": ours, "theirs": theirs}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--time", action="store_true", help="measure, write nothing; prints a JSON object a list with the medians of the seconds")
    parser.add_argument("--repeats", type=int, default=3, help="with --time: runs of each")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.time:
        for size in (1000, 10_000):
            timed(size, arguments.repeats)
        return
    content = {"const_sort": const_sort(), "fa_ir": fa_ir(), "exposure": exposure(), "quantile_repair": quantiles(), "group_thresholds": thresholds()}
    (HERE / "rerank.json").write_text(json.dumps(content) + "\n")


if __name__ == "__main__":
    main()
