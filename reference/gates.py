"""Tables of docs/results/gates.md from the reports of recipes/arafan2022-gates*.toml. By hand; needs scipy.

    gates.py REPORT.json

Means over the seeds with 95 % t-intervals. The seeds cut one made-up data set anew, so their tests share jobs: an interval says how far another cut
would move a number, not another world. Differences are taken seed by seed (the same test rows on both sides).
"""

import json
import math
import pathlib
import sys

from scipy import stats

SHOWN = [("ROC AUC", "roc-auc"), ("F1", "f1"), ("SPDD", "spdd")]
LISTS = [
    ("NDCG (labels), by score", "before", "ndcg"), ("NDCG (labels), re-ranked", "after", "ndcg"), ("NDCG (order by score), re-ranked", "after", "ndcg-original"),
    ("NDKL, by score", "before", "ndkl"), ("NDKL, re-ranked", "after", "ndkl"),
]  # fmt: skip


def number(findings, metric):
    return next(finding["estimate"].get("value") for finding in findings if finding["metric"] == metric)


def values(run):
    overall = run["performance"] + [finding for attribute in run["attributes"] for finding in attribute["findings"]]
    found = {name: number(overall, metric) for name, metric in SHOWN}
    return found | {name: number(run["shortlists"][order], metric) for name, order, metric in LISTS}


def spread(numbers):
    mean = sum(numbers) / len(numbers)
    deviation = math.sqrt(sum((one - mean) ** 2 for one in numbers) / (len(numbers) - 1))
    return mean, stats.t.ppf(0.975, len(numbers) - 1) * deviation / math.sqrt(len(numbers))


def cell(numbers, digits=3):
    mean, half = spread(numbers)
    return f"{mean:.{digits}f} [{mean - half:.{digits}f}, {mean + half:.{digits}f}]"


def table(heads, rows):
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def main():
    report = json.loads(pathlib.Path(sys.argv[1]).read_text())
    methods = {method["name"]: [values(run) for run in sorted(method["runs"], key=lambda run: run["seed"])] for method in report["methods"]}
    lots = {method["name"]: [number(run["shortlists"]["by_lot"], "ndkl") for run in method["runs"]] for method in report["methods"]}
    names = [name for name, _ in SHOWN] + [name for name, *_ in LISTS]
    rows = []
    for method, runs in methods.items():
        before, after = ([run[f"NDKL, {order}"] for run in runs] for order in ("by score", "re-ranked"))
        share = spread(after)[0] / spread(before)[0]
        utility = spread([run["NDCG (order by score), re-ranked"] for run in runs])[0]
        digits = {"NDKL, re-ranked": 4}
        rows.append([method, *(cell([run[name] for run in runs], digits.get(name, 3)) for name in names), f"{share:.3f}", "yes" if share <= 0.2 and utility >= 0.93 else "no", f"{spread(lots[method])[0]:.4f}"])
    table(["scorer", *names, "NDKL after / before", "a fifth at NDCG 0.93", "NDKL by lot"], rows)
    differences = []
    for method, runs in methods.items():
        balance, _, kind = method.partition(": ")
        rows_of, comma, scorer = kind.partition(", ")
        real = methods.get(f"{balance}: real rows{comma}{scorer}")
        if not real or rows_of == "real rows":
            continue
        told = []
        for name in names:
            apart = [made[name] - other[name] for made, other in zip(runs, real)]
            mean, half = spread(apart)
            told.append(f"{mean:+.3f} [{mean - half:+.3f}, {mean + half:+.3f}]")
        differences.append([method, *told])
    if differences:
        table(["minus real rows", *names], differences)


main()
