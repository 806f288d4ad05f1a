"""Writes ranking.json: seeded rankings of many jobs with every ranking metric, computed from the definitions.

numpy and scikit-learn (ndcg_score) only; README.md in this folder describes the layout. Each function follows the formula as it stands in the
paper it names, candidate by candidate, without the shortcuts of the Rust code. Shares are kept as fractions so that no floor is rounded.
"""

import itertools
import json
import math
import pathlib
from fractions import Fraction
from importlib.metadata import version

import numpy as np
from sklearn.metrics import ndcg_score

HERE = pathlib.Path(__file__).parent
INFINITE = "infinite"


class Absent(Exception):
    """The number does not exist for a job."""


# ---------------------------------------------------------------------------------------------- one job


def ndcg_with(gains, k):
    """scikit-learn's NDCG of a ranking that stands as it is: the scores are distinct and fall."""
    gains = np.asarray(gains, dtype=float)
    if len(gains) == 0 or gains.max() <= 0:
        raise Absent
    if len(gains) == 1:
        return 1.0  # scikit-learn refuses a single candidate
    return float(ndcg_score(gains[None, :], -np.arange(len(gains))[None, :], k=k, ignore_ties=True))


def ndcg(job, k):
    return ndcg_with([2.0**label - 1.0 for label in need(job, "labels")], k)


def ndcg_linear(job, k):
    return ndcg_with(need(job, "labels"), k)


def ndcg_original(job, k):
    places = need(job, "original")
    return ndcg_with([len(places) + 1 - place for place in places], k)


def ndcg_score_gain(job, k):
    return ndcg_with(need(job, "scores"), k)


def need(job, name):
    if job[name] is None:
        raise Absent
    return job[name]


def known(job, k):
    return [g for g in job["groups"][:k] if g >= 0]


def ndkl(job, k):
    """Geyik et al. 2019; a prefix is that of the places, its distribution that of the known groups in it."""
    wanted = need(job, "wanted")
    over = under = 0.0
    for rank in range(1, min(k, len(job["groups"])) + 1):
        prefix = known(job, rank)
        if not prefix:
            continue
        divergence = 0.0
        for g, share in enumerate(wanted):
            shown = prefix.count(g) / len(prefix)
            if shown > 0:
                if share == 0:
                    return INFINITE
                divergence += shown * math.log(shown / float(share))
        over += divergence / math.log2(rank + 1)
        under += 1 / math.log2(rank + 1)
    if under == 0:
        raise Absent
    return over / under


def skews(job, k):
    wanted = need(job, "wanted")
    top = known(job, k)
    if not top:
        raise Absent
    found = {}
    for g, share in enumerate(wanted):
        if g not in job["groups"]:
            continue
        shown = top.count(g) / len(top)
        if share == 0 and shown == 0:
            continue
        found[g] = math.inf if share == 0 else -math.inf if shown == 0 else math.log(shown / float(share))
    if not found:
        raise Absent
    return found


def finite(value):
    return INFINITE if math.isinf(value) else value


def skew(job, k):
    found = skews(job, k)
    largest = max(abs(value) for value in found.values())
    return {g: finite(value) for g, value in found.items()} | {"all": finite(largest)}


def min_skew(job, k):
    return finite(min(skews(job, k).values()))


def max_skew(job, k):
    return finite(max(skews(job, k).values()))


def infeasible(job, k):
    wanted = need(job, "wanted")
    index = count = 0
    for rank in range(1, min(k, len(job["groups"])) + 1):
        prefix = known(job, rank)
        below = sum(prefix.count(g) < math.floor(len(prefix) * share) for g, share in enumerate(wanted))
        index += below > 0
        count += below
    return float(index), float(count)


def attention_weighted_parity(job, k):
    wanted = need(job, "wanted")
    attention = np.zeros(len(wanted))
    for place, g in enumerate(job["groups"][:k]):
        if g >= 0:
            attention[g] += 1 / math.log2(place + 2)
    if attention.sum() == 0:
        raise Absent
    return float(np.abs(attention / attention.sum() - np.array([float(share) for share in wanted])).sum() / 2)


def share_at_k(job, k):
    top = known(job, k)
    if not top:
        raise Absent
    shares = {g: top.count(g) / len(top) for g in range(job["levels"])}
    return shares | {"all": max(shares.values())}


def of_members(job, statistic):
    """A statistic of the ranks (from 1) of each group's candidates, and of all."""
    found = {}
    for g in {g for g in job["groups"] if g >= 0}:
        found[g] = statistic([place + 1 for place, code in enumerate(job["groups"]) if code == g])
    if job["groups"]:
        found["all"] = statistic(list(range(1, len(job["groups"]) + 1)))
    return found


def exposure(job, k):
    return of_members(job, lambda ranks: sum(1 / math.log2(1 + r) for r in ranks if r <= k) / len(ranks))


def selection_rate_at_k(job, k):
    return of_members(job, lambda ranks: sum(r <= k for r in ranks) / len(ranks))


def average_rank(job, k):
    return of_members(job, lambda ranks: sum(ranks) / len(ranks))


def worst_rank(job, k):
    return of_members(job, lambda ranks: float(max(ranks)))


def reciprocal_rank(job, k):
    return of_members(job, lambda ranks: 1 / min(ranks) if min(ranks) <= k else 0.0)


SCALARS = {
    "ndcg": ndcg,
    "ndcg-linear": ndcg_linear,
    "ndcg-original": ndcg_original,
    "ndcg-score": ndcg_score_gain,
    "ndkl": ndkl,
    "min-skew": min_skew,
    "max-skew": max_skew,
    "infeasible-index": lambda job, k: infeasible(job, k)[0],
    "infeasible-count": lambda job, k: infeasible(job, k)[1],
    "attention-weighted-parity": attention_weighted_parity,
}
BY_GROUP = {
    "skew": skew,
    "share-at-k": share_at_k,
    "exposure": exposure,
    "selection-rate-at-k": selection_rate_at_k,
    "average-rank": average_rank,
    "worst-rank": worst_rank,
    "reciprocal-rank": reciprocal_rank,
}
GAPS = {
    "exposure-difference": (exposure, "difference"),
    "exposure-ratio": (exposure, "ratio"),
    "average-rank-difference": (average_rank, "difference"),
    "worst-rank-difference": (worst_rank, "difference"),
    "reciprocal-rank-difference": (reciprocal_rank, "difference"),
    "demographic-parity-difference-at-k": (selection_rate_at_k, "difference"),
    "impact-ratio-at-k": (selection_rate_at_k, "ratio"),
}

# ---------------------------------------------------------------------------------------------- many jobs


def mean(values):
    """Mean and number of jobs; None where it does not exist or is infinite."""
    numbers = [value for value in values if value is not None and value != INFINITE]
    value = float(np.mean(numbers)) if numbers and INFINITE not in values else None
    return {"value": value, "n": len(numbers)}


def attempt(function, job, k):
    try:
        return function(job, k)
    except Absent:
        return None


def gap(rows, levels, kind):
    best = None
    for a, b in itertools.combinations(range(levels), 2):
        both = [row for row in rows if a in row and b in row]
        if not both:
            continue
        low, high = sorted([np.mean([row[a] for row in both]), np.mean([row[b] for row in both])])
        if kind == "ratio" and high == 0:
            continue
        value = high - low if kind == "difference" else low / high
        if best is None or (value > best[0] if kind == "difference" else value < best[0]):
            best = (float(value), len(both))
    return {"value": best[0], "n": best[1]} if best else {"value": None, "n": 0}


def expected(jobs, levels, k):
    k = 10**9 if k is None else k
    result = {id: mean([attempt(function, job, k) for job in jobs]) for id, function in SCALARS.items()}
    for id, function in BY_GROUP.items():
        rows = [attempt(function, job, k) or {} for job in jobs]
        result[id] = mean([row.get("all") for row in rows])
        result[id]["by_group"] = [mean([row.get(g) for row in rows]) for g in range(levels)]
    for id, (function, kind) in GAPS.items():
        result[id] = gap([attempt(function, job, k) or {} for job in jobs], levels, kind)
    return result


# ---------------------------------------------------------------------------------------------- data sets


def fractions(rng, levels, zero=False):
    weights = [int(w) for w in rng.integers(1, 8, levels)]
    if zero:
        weights[-1] = 0
    return [Fraction(w, sum(weights)) for w in weights]


def ranking(rng, size, levels, unknown, ties, grades):
    """A pool ranked by score (ties keep their order), then perturbed as a re-ranker would."""
    tilt = rng.dirichlet(np.full(levels, 2.0))
    groups = rng.choice(levels, size, p=tilt)
    scores = rng.random(size) * 0.8 + 0.1 * groups / max(levels - 1, 1)
    if ties:
        scores = np.round(scores * 8) / 8
    order = np.argsort(-scores, kind="stable")
    moved = np.argsort(np.arange(size) + rng.normal(0, size / 5, size), kind="stable")
    labels = rng.integers(0, grades, size) * (rng.random(size) < 0.5)
    groups = np.where(rng.random(size) < unknown, -1, groups)
    return {
        "groups": [int(groups[order[m]]) for m in moved],
        "scores": [float(scores[order[m]]) for m in moved],
        "labels": [float(labels[order[m]]) for m in moved],
        "original": [int(m) + 1 for m in moved],
    }


def data_set(name, seed, sizes, levels, unknown=0.0, ties=False, grades=2, wanted="all", zero=False, cutoffs=(None, 1, 5, 10)):
    rng = np.random.default_rng(seed)
    jobs = [ranking(rng, size, levels, unknown, ties, grades) for size in sizes]
    shared = fractions(rng, levels, zero)
    shares = [shared if wanted == "all" else fractions(rng, levels, zero) for _ in jobs]
    for job, share in zip(jobs, shares):
        job["wanted"], job["levels"] = (None if wanted == "none" else share), levels
    columns = {key: [value for job in jobs for value in job[key]] for key in ["groups", "scores", "labels", "original"]}
    written = {"none": None, "all": [float(s) for s in shared], "jobs": [float(s) for share in shares for s in share]}[wanted]
    by_k = [{"k": k, "findings": expected(jobs, levels, k)} for k in cutoffs]
    return {"name": name, "levels": levels, "sizes": list(sizes), **columns, "wanted_kind": wanted, "wanted": written, "expected": by_k}


def main():
    sets = [
        data_set("one job, two groups", 1, [20], 2),
        data_set("one job of one candidate", 2, [1], 2),
        data_set("eight jobs, two groups", 3, [12, 30, 7, 25, 18, 40, 9, 15], 2, wanted="jobs"),
        data_set("three groups, graded labels", 4, [22, 31, 8, 16], 3, grades=5),
        data_set("four groups, each job its own shares", 5, [35, 14, 28, 6, 11], 4, grades=3, wanted="jobs"),
        data_set("unknown groups", 6, [20, 15, 30], 2, unknown=0.3),
        data_set("mostly unknown groups", 7, [6, 9, 4, 12, 5], 3, unknown=0.8, wanted="jobs"),
        data_set("ties of scores and labels", 8, [25, 25, 10], 3, ties=True, grades=3),
        data_set("a group that nobody wants", 9, [30, 20], 3, zero=True),
        data_set("short lists", 10, [1, 2, 3, 4, 2, 1], 2, unknown=0.1),
        data_set("an empty job", 11, [10, 0, 6], 2, wanted="jobs"),
        data_set("no wanted shares", 12, [18, 9], 3, unknown=0.1, wanted="none"),
        data_set("thirty jobs, four groups", 13, [int(n) for n in np.random.default_rng(99).integers(2, 30, 30)], 4, unknown=0.05, ties=True, grades=4),
        data_set("one long list", 14, [400], 4, cutoffs=(None, 25, 100)),
    ]
    text = {"format": 1, "libraries": {name: version(name) for name in ["numpy", "scikit-learn"]}, "data_sets": sets}
    (HERE / "ranking.json").write_text(json.dumps(text, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
