"""Writes reductions.json: what fairlearn, scikit-learn, numpy and scipy make of one small table, for the tests of the reductions and of meta-fair.

README.md in this folder describes the layout. All inputs are multiples of 1/64, hence exact in single precision.
"""

import json
import pathlib
import warnings

import numpy as np
import pandas as pd
import scipy.optimize
from fairlearn.reductions import (
    DemographicParity,
    EqualizedOdds,
    ErrorRateParity,
    ExponentiatedGradient,
    FalsePositiveRateParity,
    GridSearch,
    TruePositiveRateParity,
)
from sklearn.linear_model import LogisticRegression

HERE = pathlib.Path(__file__).parent
ROWS = 500
CONSTRAINTS = {
    "demographic-parity": DemographicParity,
    "equalized-odds": EqualizedOdds,
    "equal-opportunity": TruePositiveRateParity,
    "false-positive-rate-parity": FalsePositiveRateParity,
    "error-rate-parity": ErrorRateParity,
}


def short(values, digits=10):
    return [round(float(value), digits) + 0.0 for value in np.asarray(values).reshape(-1)]


def table():
    """Three groups; a quality that decides the label, seen through noise; a one-hot column and a number that leak the group."""
    rng = np.random.default_rng(5)
    group = rng.choice(3, ROWS, p=[0.5, 0.3, 0.2])
    quality = rng.normal(size=ROWS)
    label = (quality + np.array([0.5, -0.3, -0.8])[group] + rng.normal(size=ROWS) > 0).astype(int)
    kind = (group + rng.choice(4, ROWS, p=[0.55, 0.2, 0.15, 0.1])) % 4
    leak = np.array([1.0, -0.5, -1.0])[group] + rng.normal(size=ROWS)
    columns = np.column_stack([quality + 0.7 * rng.normal(size=ROWS), leak, np.eye(4)[kind], rng.normal(size=ROWS)])
    return np.round(columns * 64) / 64, label, group


def logistic(l2=1.0):
    return LogisticRegression(C=1 / l2, tol=1e-10, max_iter=100_000)


def coefficients(x, label):
    """Optima under several penalties and weights."""
    rng = np.random.default_rng(6)
    cases = []
    for l2, weights in [(1.0, np.ones(ROWS)), (0.01, np.ones(ROWS)), (25.0, rng.integers(0, 8, ROWS) / 4), (1.0, 8.0 * (label == 1) + 0.125)]:
        fitted = LogisticRegression(C=1 / l2, solver="newton-cholesky", tol=1e-12, max_iter=10_000).fit(x, label, sample_weight=weights)
        check = logistic(l2).fit(x, label, sample_weight=weights)
        assert np.abs(fitted.coef_ - check.coef_).max() < 1e-5
        cases.append({"l2": l2, "weights": short(weights), "coefficients": short(fitted.coef_), "intercept": float(fitted.intercept_[0])})
    return cases


def exponentiated(x, label, group, name, **bounds):
    method = ExponentiatedGradient(logistic(), CONSTRAINTS[name](**bounds))
    method.fit(x, label, sensitive_features=group)
    weights = method.weights_.sort_index()
    expected = sum(weight * predictor.predict(x) for weight, predictor in zip(weights, method.predictors_))
    error = float(np.abs(expected - label).mean())
    gamma = method.constraints_.gamma(lambda _: expected)
    return {"constraint": name, **bounds, "error": error, "violation": float(gamma.max()), "gap": float(method.best_gap_), "nu": float(method.nu),
            "rounds": int(method.last_iter_) + 1}


def grid_search(x, label, group, name, size):
    """Over a grid of our own: n steps of 2/n, for every group but the largest of each event, whole vectors of absolute sum at most n."""
    constraint = CONSTRAINTS[name]()
    constraint.load_data(x, pd.Series(label), sensitive_features=pd.Series(group))
    index, shares = constraint.index, constraint.prob_group_event
    free = []
    for event in sorted({event for _, event, _ in index}):
        groups = sorted(shares[event].index, key=lambda level: (-shares[event][level], level))
        free += [(event, level) for level in groups[1:]]

    def vectors(length, left):
        if length == 0:
            return [[]]
        return [[entry, *rest] for entry in range(-left, left + 1) for rest in vectors(length - 1, left - abs(entry))]

    steps = 1
    while len(vectors(len(free), steps + 1)) <= size:
        steps += 1
    points = vectors(len(free), steps)
    grid = pd.DataFrame(0.0, index=index, columns=range(len(points)))
    for number, point in enumerate(points):
        for (event, level), entry in zip(free, point):
            grid.loc[("+" if entry > 0 else "-", event, level), number] = abs(entry) * 2 / steps
    method = GridSearch(logistic(), CONSTRAINTS[name](), grid=grid)
    method.fit(x, label, sensitive_features=group)
    return {"constraint": name, "size": size, "errors": short(method.objectives_), "violations": short(method.gammas_.max()), "best": int(method.best_idx_)}


def meta_fair(x, label, group, ridge=1e-3):
    """Posteriors of (label, group) by normal distributions of one covariance, and the exact optimum of the linear program over rules."""
    cell = 2 * group + label
    levels = np.unique(cell)
    means = np.array([x[cell == level].mean(axis=0) for level in levels])
    centred = x - means[np.searchsorted(levels, cell)]
    covariance = centred.T @ centred / len(x)
    covariance += ridge * np.diag(x.var(axis=0))
    logs = []
    for level, mean in zip(levels, means):
        away = x - mean
        logs.append(np.log((cell == level).mean()) - 0.5 * np.einsum("ij,ij->i", away, np.linalg.solve(covariance, away.T).T))
    posterior = np.exp(np.array(logs).T)
    posterior /= posterior.sum(axis=1, keepdims=True)

    eta = posterior[:, levels % 2 == 1].sum(axis=1)
    groups = np.unique(group)
    of_group = np.array([posterior[:, levels // 2 == level].sum(axis=1) for level in groups])
    unfavourable = np.array([posterior[:, (levels // 2 == level) & (levels % 2 == 0)].sum(axis=1) for level in groups])
    shares = of_group.mean(axis=1, keepdims=True)
    programs = []
    for rate, lower, upper in [("statistical-rate", 0.32, 0.4), ("statistical-rate", 0.5, 0.5), ("statistical-rate", 0.08, 0.1),
                               ("false-discovery", 0.16, 0.2), ("false-discovery", 0.25, 0.25)]:
        if rate == "statistical-rate":
            rows = [*(of_group / shares), *(-of_group / shares)]
            ends = [upper] * len(groups) + [-lower] * len(groups)
        else:
            rows = [*((unfavourable - upper * of_group) / shares), *(-(unfavourable - lower * of_group) / shares)]
            ends = [0.0] * 2 * len(groups)
        found = scipy.optimize.linprog(-(eta - 0.5) / len(x), np.array(rows) / len(x), ends, bounds=(0, 1), method="highs")
        assert found.status == 0
        programs.append({"rate": rate, "lower": lower, "upper": upper, "value": -float(found.fun)})
    return {"ridge": ridge, "cells": levels.tolist(), "posteriors": short(posterior[:20], 12), "programs": programs}


def main():
    warnings.simplefilter("ignore")
    x, label, group = table()
    two = (group > 0).astype(int)
    content = {
        "columns": x.shape[1],
        "features": [float(value) for value in x.reshape(-1)],
        "labels": label.tolist(),
        "groups": group.tolist(),
        "logistic": coefficients(x, label),
        "exponentiated_gradient": [
            {"levels": levels, **exponentiated(x, label, codes, name)} for levels, codes in ((2, two), (3, group)) for name in CONSTRAINTS
        ] + [{"levels": 2, **exponentiated(x, label, two, "demographic-parity", ratio_bound=0.8)},
             {"levels": 3, **exponentiated(x, label, group, "equalized-odds", difference_bound=0.05)}],
        "grid_search": [
            {"levels": levels, **grid_search(x, label, codes, name, size)}
            for levels, codes, name, size in [
                (2, two, "demographic-parity", 10), (2, two, "equalized-odds", 25), (2, two, "error-rate-parity", 9), (3, group, "demographic-parity", 25),
                (3, group, "equal-opportunity", 13),
            ]
        ],
        "meta_fair": meta_fair(x, label, group),
    }
    (HERE / "reductions.json").write_text(json.dumps(content) + "\n")


if __name__ == "__main__":
    main()
