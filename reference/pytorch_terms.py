"""Writes terms.json: loss terms and their gradients by PyTorch in double precision, for the tests of the training objectives.

README.md in this folder describes the layout. All inputs are multiples of 1/1024, hence exact in single precision.
"""

import itertools
import json
import pathlib

import torch

HERE = pathlib.Path(__file__).parent
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def grid(tensor):
    return torch.round(tensor * 1024) / 1024


def flat(tensor):
    return tensor.detach().reshape(-1).tolist()


# ---------------------------------------------------------------------------------------------------------- 1-Wasserstein


def wasserstein(x, y, p=None, q=None):
    """Distance of the two weighted samples through the merged quantile steps; differentiable in x and y."""
    p = torch.ones_like(x) if p is None else p
    q = torch.ones_like(y) if q is None else q
    x, order_x = torch.sort(x)
    y, order_y = torch.sort(y)
    ends_x, ends_y = torch.cumsum(p[order_x] / p.sum(), 0), torch.cumsum(q[order_y] / q.sum(), 0)
    ends = torch.sort(torch.cat([ends_x, ends_y]))[0].clamp(max=1.0)
    starts = torch.cat([torch.zeros(1), ends[:-1]])
    middle = (starts + ends) / 2  # a piece lies within one step of either function, so its middle names the step
    i = torch.searchsorted(ends_x.contiguous(), middle).clamp(max=len(x) - 1)
    j = torch.searchsorted(ends_y.contiguous(), middle).clamp(max=len(y) - 1)
    return torch.sum((ends - starts) * torch.abs(x[i] - y[j]))


def wasserstein_case(name, scores, groups, weights=None):
    scores = grid(torch.as_tensor(scores, dtype=torch.float64))
    groups = torch.as_tensor(groups)
    w = torch.ones(len(scores)) if weights is None else torch.as_tensor(weights, dtype=torch.float64)
    levels = sorted(set(groups[groups >= 0].tolist()))

    def between(s, a, b):
        return wasserstein(s[a], s[b], w[a], w[b])

    def summary(kind, s):
        pairs = [between(s, groups == a, groups == b) for a, b in itertools.combinations(levels, 2)]
        if kind == "largest":
            return max(pairs)
        if kind == "mean":
            return torch.stack(pairs).mean()
        return torch.stack([between(s, groups == a, (groups >= 0) & (groups != a)) for a in levels]).mean()

    out = {"name": name, "scores": flat(scores), "groups": groups.tolist(), "weights": None if weights is None else list(weights)}
    for kind in ("largest", "mean", "against_rest"):
        s = scores.clone().requires_grad_(True)
        value = summary(kind, s)
        value.backward()
        out[kind] = {"value": value.item(), "gradient": flat(s.grad)}
    return out


# --------------------------------------------------------------------------------------------------------------- MMD, L2


def mmd(z, a, b, kernels=5, factor=2.0):
    """Biased (V-statistic) MMD^2 with a sum of Gaussian kernels around the mean pairwise squared distance, a constant for the gradient."""
    z = torch.cat([z[a], z[b]])
    m = int(a.sum())
    squared = ((z[:, None, :] - z[None, :, :]) ** 2).sum(-1)
    n = len(z)
    bandwidth = squared.detach().sum() / (n * n - n)
    k = sum(torch.exp(-squared / (bandwidth * factor ** (i - kernels // 2))) for i in range(kernels))
    return k[:m, :m].mean() + k[m:, m:].mean() - 2 * k[:m, m:].mean()


def means(z, a, b):
    return z[a].mean(0) - z[b].mean(0)


def representation_case(name, z, groups):
    z = grid(z)
    groups = torch.as_tensor(groups)
    a, b = groups == 0, groups == 1
    out = {"name": name, "width": z.shape[1], "values": flat(z), "groups": groups.tolist()}
    terms = {
        "mmd": lambda t: mmd(t, a, b),
        "l2_mean_squared": lambda t: (means(t, a, b) ** 2).mean(),
        "l2_squared": lambda t: (means(t, a, b) ** 2).sum(),
        "l2_distance": lambda t: means(t, a, b).norm(),
    }
    for key, term in terms.items():
        t = z.clone().requires_grad_(True)
        value = term(t)
        value.backward()
        out[key] = {"value": value.item(), "gradient": flat(t.grad)}
    return out


# ------------------------------------------------------------------------------------------------------ gradient reversal


class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(context, z, coefficient):
        context.coefficient = coefficient
        return z.view_as(z)

    @staticmethod
    def backward(context, gradient):
        return -context.coefficient * gradient, None


def reversal_case(generator, coefficient):
    """Encoder z = relu(x E + e); adversary with two outputs behind the reversal, cross-entropy, mean over the rows."""
    x = grid(torch.randn(6, 4, generator=generator))
    tensors = {"encoder_weight": grid(torch.randn(4, 3, generator=generator)), "encoder_bias": grid(torch.randn(3, generator=generator) * 0.3),
               "adversary_weight": grid(torch.randn(3, 2, generator=generator)), "adversary_bias": grid(torch.randn(2, generator=generator) * 0.3)}
    groups = torch.tensor([0, 1, 1, 0, 1, 0])
    free = {key: value.clone().requires_grad_(True) for key, value in tensors.items()}
    z = torch.relu(x @ free["encoder_weight"] + free["encoder_bias"])
    logits = Reverse.apply(z, coefficient) @ free["adversary_weight"] + free["adversary_bias"]
    loss = torch.nn.functional.cross_entropy(logits, groups)
    loss.backward()
    return {"coefficient": coefficient, "features": flat(x), "groups": groups.tolist(), "rows": 6, "inputs": 4, "width": 3,
            "weights_are": "inputs x outputs, row after row", **{key: flat(value) for key, value in tensors.items()},
            "loss": loss.item(), "gradients": {key: flat(value.grad) for key, value in free.items()}}


# ----------------------------------------------------------------------------------------- whole loss, and the optimisers


def total_loss_case(generator):
    """Gradient with respect to the logits of BCE + 0.5 W1(sigmoid), and of MSE + 0.5 W1(sigmoid)."""
    logits = grid(torch.randn(9, generator=generator))
    labels = torch.tensor([1.0, 0, 0, 1, 1, 0, 1, 0, 0])
    targets = grid(torch.rand(9, generator=generator))
    groups = torch.tensor([0, 0, 1, 1, 0, 1, 0, 0, 0])
    out = {"logits": flat(logits), "labels": flat(labels), "targets": flat(targets), "groups": groups.tolist(), "factor": 0.5}
    for key in ("bce", "mse"):
        l = logits.clone().requires_grad_(True)
        s = torch.sigmoid(l)
        fit = torch.nn.functional.binary_cross_entropy_with_logits(l, labels) if key == "bce" else torch.nn.functional.mse_loss(s, targets)
        distance = wasserstein(s[groups == 0], s[groups == 1])
        (fit + 0.5 * distance).backward()
        out[key] = {"loss": fit.item(), "distance": distance.item(), "gradient": flat(l.grad)}
    return out


def optimiser_case(generator, kind):
    """Three full-batch steps of an MLP 4-5-1 with ReLU under BCE on logits."""
    x = grid(torch.randn(8, 4, generator=generator))
    y = torch.tensor([1.0, 0, 1, 1, 0, 0, 1, 0])
    start = {"hidden_weight": grid(torch.randn(4, 5, generator=generator) * 0.5), "hidden_bias": grid(torch.randn(5, generator=generator) * 0.1),
             "output_weight": grid(torch.randn(5, 1, generator=generator) * 0.5), "output_bias": grid(torch.randn(1, generator=generator) * 0.1)}
    free = {key: value.clone().requires_grad_(True) for key, value in start.items()}
    settings = dict(lr=0.01, betas=(0.9, 0.999), eps=1e-8)
    step = torch.optim.AdamW(free.values(), weight_decay=0.05, **settings) if kind == "adamw" else torch.optim.Adam(free.values(), **settings)
    losses = []
    for _ in range(3):
        step.zero_grad()
        hidden = torch.relu(x @ free["hidden_weight"] + free["hidden_bias"])
        loss = torch.nn.functional.binary_cross_entropy_with_logits((hidden @ free["output_weight"] + free["output_bias"]).squeeze(1), y)
        loss.backward()
        step.step()
        losses.append(loss.item())
    return {"optimiser": kind, "learning_rate": 0.01, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8,
            "weight_decay": 0.05 if kind == "adamw" else 0.0, "features": flat(x), "labels": flat(y), "rows": 8, "inputs": 4, "hidden": 5,
            "weights_are": "inputs x outputs, row after row", "start": {key: flat(value) for key, value in start.items()}, "losses": losses,
            "end": {key: flat(value) for key, value in free.items()}}


# ------------------------------------------------------------------------------------- gaps of mean scores, HSIC, Fair Mixup


def small_network(generator):
    """An MLP 4-5-1 with ReLU, and eight rows in two groups."""
    x = grid(torch.randn(8, 4, generator=generator))
    groups, labels = torch.tensor([0, 1, 0, 0, 1, 1, 0, 1]), torch.tensor([1.0, 1, 0, 1, 0, 1, 0, 0])
    weights = {"hidden_weight": grid(torch.randn(4, 5, generator=generator) * 0.5), "hidden_bias": grid(torch.randn(5, generator=generator) * 0.1),
               "output_weight": grid(torch.randn(5, 1, generator=generator) * 0.5), "output_bias": grid(torch.randn(1, generator=generator) * 0.1)}
    return x, groups, labels, {key: value.requires_grad_(True) for key, value in weights.items()}


def scores_of(x, w):
    return torch.sigmoid((torch.relu(x @ w["hidden_weight"] + w["hidden_bias"]) @ w["output_weight"] + w["output_bias"]).squeeze(1))


def network_case(x, groups, labels, weights, values):
    out = {"features": flat(x), "groups": groups.tolist(), "labels": flat(labels), "weights": {key: flat(value) for key, value in weights.items()}}
    for name, value in values.items():
        gradients = torch.autograd.grad(value, list(weights.values()), retain_graph=True)
        out[name] = {"value": value.item(), "gradients": {key: flat(gradient) for key, gradient in zip(weights, gradients)}}
    return out


def penalty_case(seed):
    x, groups, labels, weights = small_network(torch.Generator().manual_seed(seed))
    score = scores_of(x, weights)

    def mean_gap(rows):
        return (score[rows & (groups == 0)].mean() - score[rows & (groups == 1)].mean()).abs()

    def hsic(bandwidth):
        n = len(score)
        kernel = torch.exp(-((score[:, None] - score[None, :]) ** 2) / (2 * bandwidth**2))
        same = (groups[:, None] == groups[None, :]).double()
        centre = torch.eye(n) - 1.0 / n
        return torch.trace(kernel @ centre @ same @ centre) / n**2

    def mixup(rows, share):
        """Double backward: the gradient at the mixed rows times the way between them, rows paired in their order."""
        one, other = x[rows & (groups == 0)], x[rows & (groups == 1)]
        count = min(len(one), len(other))
        one, other = one[:count], other[:count]
        mixed = (share * one + (1 - share) * other).requires_grad_(True)
        slope = torch.autograd.grad(scores_of(mixed, weights).sum(), mixed, create_graph=True)[0]
        return (slope * (one - other)).sum(1).mean().abs()

    every = torch.ones(len(score), dtype=torch.bool)
    return network_case(x, groups, labels, weights, {
        "demographic_parity": mean_gap(every),
        "equalized_odds": mean_gap(labels == 1) + mean_gap(labels == 0),
        "hsic_0.2": hsic(0.2),
        "fair_mixup_0.25": mixup(every, 0.25),
        "fair_mixup_favourable_0.625": mixup(labels == 1, 0.625),
    })


def main():
    generator = torch.Generator().manual_seed(20_230)

    def uniform(n):
        # distinct values: at ties within a group any split of the slope among the tied rows is a subgradient
        return (torch.randperm(1021, generator=generator)[:n] + 1) / 1024

    out = {
        "format": 1,
        "libraries": {"torch": torch.__version__.split("+")[0]},
        "wasserstein": [
            wasserstein_case("three against one, by hand: 0.8/3", [0.2, 0.4, 0.9, 0.3], [0, 0, 0, 1]),
            wasserstein_case("equal sizes", uniform(8), [0, 1, 1, 0, 1, 0, 0, 1]),
            wasserstein_case("seven against four", uniform(11), [0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0]),
            wasserstein_case("one tie between the groups: slope 0 there", [0.25, 0.5, 0.75, 0.5, 0.125], [0, 0, 0, 1, 1]),
            wasserstein_case("weights, an unknown row", uniform(9), [0, 0, 1, 1, -1, 0, 1, 0, 1], [1.0, 2.5, 0.5, 3.0, 1.0, 1.25, 2.0, 0.75, 1.0]),
            wasserstein_case("three groups of 5, 3 and 2", uniform(10), [0, 1, 2, 0, 0, 1, 2, 0, 1, 0]),
        ],
        "representation": [
            representation_case("width 1, five against three", torch.rand(8, 1, generator=generator), [0, 1, 0, 0, 1, 0, 1, 0]),
            representation_case("width 3, four against six", torch.randn(10, 3, generator=generator), [1, 1, 0, 0, 1, 0, 1, 1, 0, 1]),
            representation_case("width 4, seven against one", torch.randn(8, 4, generator=generator), [0, 0, 0, 0, 1, 0, 0, 0]),
        ],
        "reversal": [reversal_case(generator, 1.0), reversal_case(generator, 0.46)],
        "total_loss": total_loss_case(generator),
        "optimiser": [optimiser_case(generator, "adam"), optimiser_case(generator, "adamw")],
        "penalties": [penalty_case(seed) for seed in (1, 2, 3)],
    }
    (HERE / "terms.json").write_text(json.dumps(out, indent=1).replace(",\n     ", ", ").replace("[\n     ", "[") + "\n")


if __name__ == "__main__":
    main()
