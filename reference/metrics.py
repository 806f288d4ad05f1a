"""Writes metrics.json: 20 seeded data sets with the metric values that independent libraries give for them.

README.md in this folder describes the layout and every definition. Where a library has no weighted or no several-groups form, the
formula stands here in plain numpy, and is compared with the library on the data where the library applies.
"""

import itertools
import json
import logging
import pathlib
import sys
import warnings
from importlib.metadata import version

import numpy as np

logging.disable(logging.WARNING)  # AIF360 reports each optional dependency that is absent
warnings.filterwarnings("ignore")

import pandas as pd
import scipy.stats
import sklearn.metrics as skm
from aif360.datasets import BinaryLabelDataset
from aif360.metrics import ClassificationMetric
from fairlearn import metrics as flm
from sklearn.decomposition import PCA

HERE = pathlib.Path(__file__).parent
LIBRARIES = ["fairlearn", "aif360", "scikit-learn", "scipy", "numpy", "pandas"]
GRID = np.arange(50) / 50  # correctly rounded, unlike np.arange(0, 1, 0.02)

MADE_BY = {
    "overall.accuracy": "scikit-learn accuracy_score",
    "overall.balanced_accuracy": "scikit-learn balanced_accuracy_score",
    "overall.precision": "scikit-learn precision_score",
    "overall.recall": "scikit-learn recall_score",
    "overall.f1": "scikit-learn f1_score",
    "overall.roc_auc": "scikit-learn roc_auc_score",
    "overall.average_precision": "scikit-learn average_precision_score",
    "overall.log_loss": "scikit-learn log_loss",
    "overall.brier": "scikit-learn brier_score_loss",
    "overall.mse": "scikit-learn mean_squared_error",
    "overall.mae": "scikit-learn mean_absolute_error",
    "overall.mse_constant": "scikit-learn mean_squared_error of numpy average",
    "overall.mae_constant": "scikit-learn mean_absolute_error of the weighted median",
    "overall.pearson": "scipy pearsonr; with weights numpy cov(aweights)",
    "overall.spearman": "scipy spearmanr; with weights numpy on weighted mid-ranks, checked against spearmanr of repeated rows for integer weights",
    "by_group": "fairlearn MetricFrame.by_group of selection_rate, true_positive_rate, false_positive_rate; scikit-learn confusion_matrix and the functions of overall",
    "disparity": "fairlearn MetricFrame.difference and .ratio over the groups in which the rate is defined",
    "disparity.fairlearn": "fairlearn functions of the same names",
    "disparity.aif360": "AIF360 ClassificationMetric",
    "against_rest": "as for pairs, with the group renamed against all others",
    "scores.spdd": "scipy wasserstein_distance",
    "scores.spdd_grid": "numpy loop over the thresholds",
    "scores.spdd_std": "scipy wasserstein_distance, numpy average",
    "scores.spdd_rank": "numpy",
    "scores.ks": "scipy ks_2samp (integer weights: repeated rows); real weights: numpy",
    "scores.speo": "scipy wasserstein_distance on every interval of label thresholds between two labels",
    "scores.speo_grid": "numpy double loop",
    "latent": "scikit-learn PCA(svd_solver='full'), numpy",
}


def undefined(reason):
    return {"undefined": reason}


# ------------------------------------------------------------------------------------------------------------------- inputs


class Data:
    """One data set: what the Rust side reads, and numpy views of it."""

    def __init__(self, name, about, scores, labels, label_kind, levels, groups, weights=None, weight_kind="none", threshold=0.5,
                 decision_rule="above", privileged=None, latent=None):
        self.name, self.about, self.label_kind, self.weight_kind = name, about, label_kind, weight_kind
        self.s = np.asarray(scores, float)
        self.y = np.asarray(labels, float)
        self.levels, self.g = levels, np.asarray(groups, int)
        self.weights = None if weights is None else np.asarray(weights, float)
        self.w = np.ones(len(self.s)) if weights is None else self.weights
        self.threshold, self.decision_rule = threshold, decision_rule
        self.privileged = privileged or levels[0]
        self.latent = latent
        self.positive = (self.y >= 0.5).astype(int)
        self.decision = ((self.s > threshold) if decision_rule == "above" else (self.s >= threshold)).astype(int)

    def rows(self, level):
        return self.g == self.levels.index(level)

    def rest(self, level):
        return (self.g >= 0) & ~self.rows(level)

    def inputs(self):
        return {
            "name": self.name, "about": self.about, "scores": self.s.tolist(),
            "labels": [int(v) for v in self.y] if self.label_kind == "binary" else self.y.tolist(), "label_kind": self.label_kind,
            "group_levels": self.levels, "groups": self.g.tolist(),
            "weights": None if self.weights is None else
                       [int(v) for v in self.weights] if self.weight_kind == "integer" else self.weights.tolist(),
            "weight_kind": self.weight_kind, "threshold": self.threshold, "decision_rule": self.decision_rule, "label_threshold": 0.5,
            "privileged": self.privileged,
            "latent": None if self.latent is None else {"width": self.latent.shape[1], "values": self.latent.ravel().tolist()},
        }


def draw(number, n, shares, *, about, labels="binary", weights="none", digits=6, label_digits=6, tiny=(), no_positives=(), no_negatives=(),
         unknown=0.0, empty_level=False, threshold=0.5, decision_rule="above", latent=0, scale=None, privileged=0, constant=(), no_selected=()):
    """A data set whose scores lean towards the label and differ between groups. `tiny` gives exact sizes to the last groups."""
    rng = np.random.default_rng(20_000 + number)
    levels = [chr(ord("a") + i) for i in range(len(shares) + len(tiny))]
    groups = rng.choice(len(shares), size=n, p=np.asarray(shares) / np.sum(shares))
    for extra, size in enumerate(tiny):
        groups = np.concatenate([groups, np.full(size, len(shares) + extra)])
    n = len(groups)
    groups = groups[rng.permutation(n)]
    quality = rng.beta(2.0, 2.0, n)
    shift = rng.uniform(-0.15, 0.15, len(levels))[groups]
    scores = np.clip(0.55 * quality + 0.45 * rng.beta(2.0, 2.5, n) + shift, 0.0, 1.0)
    truth = np.clip(quality + 0.25 * shift + rng.normal(0, 0.08, n), 0.0, 1.0)
    y = (truth > 0.52).astype(float) if labels == "binary" else np.round(truth, label_digits)
    for level in no_positives:
        rows = groups == levels.index(level)
        y[rows] = 0.0 if labels == "binary" else np.round(y[rows] * 0.49, label_digits)
    for level in no_negatives:
        y[groups == levels.index(level)] = 1.0
    for level in no_selected:
        scores[groups == levels.index(level)] *= 0.4
    scores = np.round(scores, digits)
    for level in constant:
        scores[groups == levels.index(level)] = 0.5
    if scale is not None:
        scores = np.round(np.log((scores + 0.01) / (1.01 - scores)) * scale, digits)
    if unknown > 0:
        known_tiny = np.isin(groups, np.arange(len(shares), len(levels)))
        groups[(rng.random(n) < unknown) & ~known_tiny] = -1
    w = None
    if weights == "integer":
        w = rng.integers(1, 8, n)
    elif weights == "real":
        w = np.round(rng.gamma(2.0, 0.7, n) + 0.01, 4)
    z = None
    if latent:
        z = rng.normal(0, 1, (n, latent)) * (0.6 ** np.arange(latent)) + 0.8 * quality[:, None] + np.where(groups == 0, 0.3, -0.1)[:, None]
        z = np.round(z * 256) / 256  # exact in f32
    return Data(f"{number:02}-{len(levels)}-groups-{labels}-{weights}", about, scores, y, labels,
                levels + (["empty"] if empty_level else []), groups, w, weights, threshold, decision_rule, levels[privileged], z)


def data_sets():
    yield draw(1, 30, [1, 1], about="smallest: two groups, binary labels")
    yield draw(2, 83, [3, 2], digits=1, about="scores of one digit: ties everywhere, many on the threshold")
    yield draw(3, 83, [3, 2], digits=1, decision_rule="at-or-above", privileged=1, about="ties, and scores on the threshold are selected")
    yield draw(4, 149, [2, 1, 1], weights="integer", digits=2, about="integer weights, ties")
    yield draw(5, 211, [2, 1, 1], weights="real", digits=2, unknown=0.1, about="real weights, ties, unknown groups")
    yield draw(6, 97, [5, 3], tiny=[1], no_positives=["c"], about="a group of one row without positives")
    yield draw(7, 127, [4, 3, 2], tiny=[3, 2], no_positives=["d"], no_negatives=["e"], weights="real",
               about="a group of three without positives, a group of two without negatives, real weights")
    yield draw(8, 307, [1, 1], labels="continuous", latent=4, about="continuous labels, latent space of width 4")
    yield draw(9, 401, [3, 1], labels="continuous", weights="real", digits=2, label_digits=2, about="continuous labels, real weights, ties in scores and labels")
    yield draw(10, 251, [2, 2, 1], labels="continuous", weights="integer", digits=2, label_digits=1, unknown=0.08, about="continuous labels of one digit, integer weights, unknown groups")
    yield draw(11, 499, [6, 5, 4, 3, 2, 1], about="six groups", unknown=0.05)
    yield draw(12, 557, [8, 5, 3, 1], tiny=[2, 1], no_positives=["e"], labels="continuous", digits=3, label_digits=2, latent=6, about="continuous labels, tiny groups of two and one, latent space of width 6")
    yield draw(13, 601, [2, 1], digits=2, threshold=0.3, weights="integer", about="threshold 0.3 with scores on it, integer weights")
    yield draw(14, 199, [3, 3, 2], constant=["b"], digits=2, about="one group's scores are all 0.5, the threshold")
    yield draw(15, 173, [3, 2], tiny=[3], no_selected=["b", "c"], threshold=0.6, unknown=0.1, about="two groups of whom nobody is selected")
    yield draw(16, 223, [4, 3], scale=1.5, digits=3, threshold=0.25, weights="real", about="scores on the real line (log odds), threshold 0.25")
    yield draw(17, 331, [3, 3, 1], labels="continuous", no_positives=["c"], empty_level=True, label_digits=3, digits=3, about="a level without rows, a group whose labels all lie below 0.5")
    yield draw(18, 1009, [5, 4], digits=4, weights="real", threshold=0.45, about="a thousand rows, real weights")
    yield draw(19, 1201, [5, 4, 3, 2], labels="continuous", digits=3, label_digits=2, unknown=0.03, latent=3, privileged=3, about="four groups, continuous labels, unknown groups, latent space of width 3")
    yield draw(20, 1999, [9, 6, 3, 2, 1], tiny=[1], weights="integer", digits=2, threshold=0.55, decision_rule="at-or-above", unknown=0.02, about="two thousand rows, six groups, a group of one, integer weights")


# --------------------------------------------------------------------------------------------------------- overall statistics


def weighted_pearson(x, y, w):
    c = np.cov(np.vstack([x, y]), aweights=w)
    return float(c[0, 1] / np.sqrt(c[0, 0] * c[1, 1]))


def weighted_midranks(x, w):
    values, inverse = np.unique(x, return_inverse=True)
    tied = np.bincount(inverse, weights=w, minlength=len(values))
    return (np.cumsum(tied) - tied / 2)[inverse]


def spearman(x, y, w, kind):
    if kind == "none":
        return float(scipy.stats.spearmanr(x, y).statistic)
    ours = weighted_pearson(weighted_midranks(x, w), weighted_midranks(y, w), w)
    if kind == "integer":
        repeats = w.astype(int)
        theirs = scipy.stats.spearmanr(np.repeat(x, repeats), np.repeat(y, repeats)).statistic
        assert abs(ours - theirs) < 1e-12, (ours, theirs)
    return ours


def weighted_median(y, w):
    order = np.argsort(y, kind="stable")
    cumulative = np.cumsum(w[order])
    return float(y[order][np.searchsorted(cumulative, cumulative[-1] / 2)])


def performance(d, rows):
    """name -> value of the statistics of `overall` on some rows."""
    s, y, t, p = d.s[rows], d.y[rows], d.positive[rows], d.decision[rows]
    w = d.w[rows]
    names = [key.split(".")[1] for key in MADE_BY if key.startswith("overall.")]
    if len(s) == 0:
        return {name: undefined("no rows") for name in names}
    both = 0 < t.sum() < len(t)
    unit = s.min() >= 0 and s.max() <= 1
    one_class, outside, flat = undefined("one class only"), undefined("a score outside [0, 1]"), undefined("fewer than two rows, or scores or labels constant")
    correlates = len(s) > 1 and np.ptp(s) > 0 and np.ptp(y) > 0
    kind = d.weight_kind
    return {
        "accuracy": skm.accuracy_score(t, p, sample_weight=w),
        "balanced_accuracy": skm.balanced_accuracy_score(t, p, sample_weight=w) if both else one_class,
        "precision": skm.precision_score(t, p, sample_weight=w) if p.any() else undefined("nobody selected"),
        "recall": skm.recall_score(t, p, sample_weight=w) if t.any() else undefined("no positives"),
        "f1": skm.f1_score(t, p, sample_weight=w, zero_division=0.0) if t.any() or p.any() else undefined("no positives and nobody selected"),
        "roc_auc": skm.roc_auc_score(t, s, sample_weight=w) if both else one_class,
        "average_precision": skm.average_precision_score(t, s, sample_weight=w) if t.any() else undefined("no positives"),
        "log_loss": skm.log_loss(t, s, sample_weight=w, labels=[0, 1]) if unit else outside,
        "brier": skm.brier_score_loss(t, s, sample_weight=w, pos_label=1, labels=[0, 1]) if unit else outside,
        "mse": skm.mean_squared_error(y, s, sample_weight=w),
        "mae": skm.mean_absolute_error(y, s, sample_weight=w),
        "mse_constant": skm.mean_squared_error(y, np.full(len(y), np.average(y, weights=w)), sample_weight=w),
        "mae_constant": skm.mean_absolute_error(y, np.full(len(y), weighted_median(y, w)), sample_weight=w),
        "pearson": (float(scipy.stats.pearsonr(s, y).statistic) if kind == "none" else weighted_pearson(s, y, w)) if correlates else flat,
        "spearman": spearman(s, y, w, kind) if correlates else flat,
    }


# ------------------------------------------------------------------------------------------------------------ by group, gaps

RATES = {
    "selection_rate": (flm.selection_rate, lambda t, p: True, "no rows"),
    "true_positive_rate": (flm.true_positive_rate, lambda t, p: t.any(), "no positives"),
    "false_positive_rate": (flm.false_positive_rate, lambda t, p: not t.all(), "no negatives"),
    "precision": (skm.precision_score, lambda t, p: p.any(), "nobody selected"),
}


def rate_table(d, labels_of_sides):
    """rate -> side -> value, for a dict side -> row mask, through fairlearn's MetricFrame."""
    known = np.zeros(len(d.s), bool)
    side = np.empty(len(d.s), object)
    for name, mask in labels_of_sides.items():
        known |= mask
        side[mask] = name
    functions = {rate: entry[0] for rate, entry in RATES.items()}
    parameters = {rate: {"sample_weight": d.w[known]} for rate in RATES}
    frame = flm.MetricFrame(metrics=functions, y_true=d.positive[known], y_pred=d.decision[known], sensitive_features=side[known].astype(str),
                            sample_params=parameters)
    table = {}
    for rate, (_, is_defined, reason) in RATES.items():
        table[rate] = {}
        for name, mask in labels_of_sides.items():
            if not mask.any():
                table[rate][name] = undefined("no rows")
            elif not is_defined(d.positive[mask], d.decision[mask]):
                table[rate][name] = undefined(reason)
            else:
                table[rate][name] = float(frame.by_group[rate][name])
    return table


def gaps(d, sides):
    """Difference and ratio of each rate over the sides in which it is defined, by MetricFrame on those rows."""
    table = rate_table(d, sides)
    out = {}
    names = {"selection_rate": "demographic_parity", "true_positive_rate": "equal_opportunity", "false_positive_rate": "false_positive_rate",
             "precision": "predictive_parity"}
    for rate, label in names.items():
        entering = [name for name, value in table[rate].items() if not isinstance(value, dict)]
        if len(entering) < 2:
            out[f"{label}_difference"] = out[f"{label}_ratio"] = undefined("fewer than two groups in which the rate is defined")
            continue
        rows = np.any([sides[name] for name in entering], axis=0)
        side = np.empty(len(d.s), object)
        for name in entering:
            side[sides[name]] = name
        frame = flm.MetricFrame(metrics=RATES[rate][0], y_true=d.positive[rows], y_pred=d.decision[rows], sensitive_features=side[rows].astype(str),
                                sample_params={"sample_weight": d.w[rows]})
        out[f"{label}_difference"] = float(frame.difference())
        out[f"{label}_ratio"] = float(frame.ratio()) if frame.group_max() > 0 else undefined("the largest rate is 0")
    return out


def number_or(value, reason):
    return float(value) if np.isfinite(value) else undefined(reason)


def disparity(d):
    sides = {level: d.rows(level) for level in d.levels}
    out = gaps(d, sides)
    tpr, fpr = out["equal_opportunity_difference"], out["false_positive_rate_difference"]
    if isinstance(tpr, dict) or isinstance(fpr, dict):
        for name in ("max", "mean", "sum"):
            out[f"equalized_odds_{name}"] = undefined("the TPR or the FPR difference is undefined")
    else:
        out.update(equalized_odds_max=max(tpr, fpr), equalized_odds_mean=(tpr + fpr) / 2, equalized_odds_sum=tpr + fpr)

    known = d.g >= 0
    t, p, w = d.positive[known], d.decision[known], d.w[known]
    groups = np.asarray(d.levels)[d.g[known]]
    arguments = dict(sensitive_features=groups, sample_weight=w)
    zero = "0/0: the rate is 0 in every group"
    out["fairlearn"] = {
        "demographic_parity_difference": number_or(flm.demographic_parity_difference(t, p, **arguments), zero),
        "demographic_parity_ratio": number_or(flm.demographic_parity_ratio(t, p, **arguments), zero),
        "equal_opportunity_difference": number_or(flm.equal_opportunity_difference(t, p, **arguments), zero),
        "equal_opportunity_ratio": number_or(flm.equal_opportunity_ratio(t, p, **arguments), zero),
        "equalized_odds_difference_worst_case": number_or(flm.equalized_odds_difference(t, p, agg="worst_case", **arguments), zero),
        "equalized_odds_difference_mean": number_or(flm.equalized_odds_difference(t, p, agg="mean", **arguments), zero),
        "equalized_odds_ratio_worst_case": number_or(flm.equalized_odds_ratio(t, p, agg="worst_case", **arguments), zero),
    }

    frame = pd.DataFrame({"group": (groups == d.privileged).astype(float), "label": t.astype(float), "weight": w})
    truth = BinaryLabelDataset(df=frame, label_names=["label"], protected_attribute_names=["group"], instance_weights_name="weight")
    predicted = truth.copy()
    predicted.labels = p.astype(float).reshape(-1, 1)
    metric = ClassificationMetric(truth, predicted, unprivileged_groups=[{"group": 0.0}], privileged_groups=[{"group": 1.0}])
    reason = "a rate without a denominator, or a privileged rate of 0"
    out["aif360"] = {name: number_or(getattr(metric, name)(), reason) for name in
                     ("statistical_parity_difference", "disparate_impact", "average_odds_difference", "average_abs_odds_difference", "equal_opportunity_difference")}
    return out


# -------------------------------------------------------------------------------------------------------------------- scores


def distribution_functions(d, a, b):
    points = np.unique(np.concatenate([d.s[a], d.s[b]]))
    cdf = [np.array([d.w[side][d.s[side] <= point].sum() for point in points]) / d.w[side].sum() for side in (a, b)]
    return points, cdf[0], cdf[1]


def wasserstein(d, a, b):
    return float(scipy.stats.wasserstein_distance(d.s[a], d.s[b], d.w[a], d.w[b]))


def share_above(d, rows, tau):
    return d.w[rows & (d.s > tau)].sum() / d.w[rows].sum()


def score_distances(d, a, b):
    """name -> value for two sides given as row masks."""
    names = ["spdd", "spdd_grid", "spdd_std", "spdd_rank", "ks", "ks_at", "speo", "speo_measure", "speo_grid", "speo_grid_paper"]
    if not a.any() or not b.any():
        return {name: undefined("a group without rows") for name in names}
    out = {"spdd": wasserstein(d, a, b)}
    out["spdd_grid"] = float(np.mean([abs(share_above(d, a, tau) - share_above(d, b, tau)) for tau in GRID]))
    pooled = a | b
    mean = np.average(d.s[pooled], weights=d.w[pooled])
    deviation = np.sqrt(np.average((d.s[pooled] - mean) ** 2, weights=d.w[pooled]))
    out["spdd_std"] = float(out["spdd"] / deviation) if deviation > 0 else undefined("all scores equal")
    points, fa, fb = distribution_functions(d, a, b)
    mass = np.array([d.w[pooled][d.s[pooled] == point].sum() for point in points]) / d.w[pooled].sum()
    out["spdd_rank"] = float(np.sum(mass * np.abs(fa - fb)))
    largest = float(np.max(np.abs(fa - fb)))
    if d.weight_kind != "real":
        repeats = d.w.astype(int)
        theirs = scipy.stats.ks_2samp(np.repeat(d.s[a], repeats[a]), np.repeat(d.s[b], repeats[b])).statistic
        assert abs(largest - theirs) < 1e-12, (largest, theirs)
        largest = float(theirs)
    out["ks"] = largest
    out["ks_at"] = float(points[np.abs(np.abs(fa - fb) - largest) < 1e-12][0])

    # SPEO: between two neighbouring labels the rows with label > v do not change, so one distance a piece is the exact integral.
    ends = np.unique(np.concatenate([[0.0, 1.0], d.y[pooled]]))
    integral = measure = 0.0
    for low, high in zip(ends[:-1], ends[1:]):
        above = d.y > low
        if (a & above).any() and (b & above).any():
            integral += (high - low) * wasserstein(d, a & above, b & above)
            measure += high - low
    none = undefined("at no label threshold do both groups have rows above it")
    out["speo"] = float(integral / measure) if measure > 0 else none
    out["speo_measure"] = float(measure)

    defined, paper = [], []
    for v in GRID:
        above = d.y > v
        rows = (a & above, b & above)
        rates = [[share_above(d, side, tau) if side.any() else 0.0 for side in rows] for tau in GRID]
        gap = np.mean([abs(x - y) for x, y in rates])
        paper.append(gap)
        if rows[0].any() and rows[1].any():
            defined.append(gap)
    out["speo_grid"] = float(np.mean(defined)) if defined else none
    out["speo_grid_paper"] = float(np.mean(paper))
    return out


def latent(d):
    if d.latent is None:
        return None
    z = d.latent.astype(np.float32).astype(np.float64)
    plane = PCA(n_components=2, svd_solver="full").fit_transform(z)
    out = {}
    for space, points in (("space", z), ("pca", plane)):
        out[space] = {"high": {}, "low": {}}
        for part, chosen in (("high", d.positive == 1), ("low", d.positive == 0)):
            for x, y in itertools.combinations(d.levels, 2):
                a, b = d.rows(x) & chosen, d.rows(y) & chosen
                out[space][part][f"{x}|{y}"] = (float(np.linalg.norm(points[a].mean(axis=0) - points[b].mean(axis=0)))
                                                if a.any() and b.any() else undefined("a group without rows in this part"))
    return out


def expected(d):
    by_group = {}
    for level in d.levels:
        rows = d.rows(level)
        for name, value in performance(d, rows).items():
            by_group.setdefault(name, {})[level] = value
        t, p, w = d.positive[rows], d.decision[rows], d.w[rows]
        tn, fp, fn, tp = skm.confusion_matrix(t, p, sample_weight=w, labels=[0, 1]).ravel() if rows.any() else np.zeros(4)
        for name, value in dict(rows=int(rows.sum()), weight=w.sum(), true_positives=tp, false_positives=fp, true_negatives=tn, false_negatives=fn).items():
            by_group.setdefault(name, {})[level] = value
    for rate, row in rate_table(d, {level: d.rows(level) for level in d.levels}).items():
        if rate != "precision":
            by_group[rate] = row

    against_rest = {}
    for level in d.levels:
        a, b = d.rows(level), d.rest(level)
        if not a.any():
            continue
        wanted = ("demographic_parity_difference", "demographic_parity_ratio", "equal_opportunity_difference", "false_positive_rate_difference", "predictive_parity_difference")
        against_rest[level] = {name: value for name, value in gaps(d, {"a": a, "rest": b}).items() if name in wanted}
        distances = score_distances(d, a, b)
        against_rest[level].update({name: distances[name] for name in ("spdd", "ks", "spdd_grid", "speo")})

    scores = {}
    for x, y in itertools.combinations(d.levels, 2):
        for name, value in score_distances(d, d.rows(x), d.rows(y)).items():
            scores.setdefault(name, {})[f"{x}|{y}"] = value
    scores["spdd_max"] = max(value for value in scores["spdd"].values() if not isinstance(value, dict))
    return {"overall": performance(d, np.ones(len(d.s), bool)), "by_group": by_group, "disparity": disparity(d), "against_rest": against_rest,
            "scores": scores, "latent": latent(d)}


def plain(value):
    """numpy numbers to Python's, refusing what JSON cannot hold."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, (np.integer, int)) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, (np.floating, float)):
        assert np.isfinite(value), "a value is not finite: give the reason instead"
        return float(value)
    return value


def main():
    out = {"format": 1, "libraries": {name: version(name) for name in LIBRARIES}, "made_by": MADE_BY, "data_sets": []}
    for d in data_sets():
        print(d.name, len(d.s), "rows", file=sys.stderr)
        out["data_sets"].append({**d.inputs(), "expected": plain(expected(d))})
    lines = ",\n".join("  " + json.dumps(entry, separators=(",", ":")) for entry in out.pop("data_sets"))
    head = json.dumps(out, indent=1)[:-2]
    (HERE / "metrics.json").write_text(f'{head},\n "data_sets": [\n{lines}\n ]\n}}\n')


if __name__ == "__main__":
    main()
