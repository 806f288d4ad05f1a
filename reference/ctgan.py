"""Writes ctgan.json: CTGAN's networks by double backward in PyTorch (f64), Adam, and mixtures of scikit-learn from a given start.

README.md in this folder describes the layout. Inputs and weights are multiples of 1/1024, hence exact in single precision. Seeds are tried
until no pre-activation of a ReLU or leaky ReLU is near its kink.
"""

import json
import pathlib

import numpy as np
import sklearn
import torch
from sklearn.mixture import BayesianGaussianMixture
from torch.nn import functional

HERE = pathlib.Path(__file__).parent
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
NEAR_KINK = 1e-4


class TooNear(Exception):
    """A kink lies within single precision's reach."""


def grid(tensor):
    return torch.round(tensor * 1024) / 1024


def flat(tensor):
    return tensor.detach().reshape(-1).tolist()


def off(values):
    if bool((values.abs() < NEAR_KINK).any()):
        raise TooNear
    return values


def generate(w, case, z, gumbel, c, training):
    """Logits and activated rows of the generator; the moments of its two normalisations."""
    moments = []

    def norm(values, name):
        mean, variance = values.mean(0), values.var(0, correction=0)
        moments.append((mean, values.var(0, correction=1)))
        if not training:
            mean, variance = w[f"{name}.mean"], w[f"{name}.variance"]
        normal = (values - mean) / torch.sqrt(variance + 1e-5)
        return torch.relu(off(normal * w[f"{name}.gamma"] + w[f"{name}.beta"]))

    h1 = norm(torch.cat([z, c], 1) @ w["first"], "first_norm")
    h2 = norm(torch.cat([h1, z, c], 1) @ w["second"], "second_norm")
    logits = torch.cat([h2, h1, z, c], 1) @ w["last"] + w["bias"]
    scalars = case["scalars"]
    parts, start = [torch.tanh(logits[:, :scalars])], scalars
    for width in case["segments"]:
        noise = gumbel[:, start - scalars : start - scalars + width]
        parts.append(torch.softmax((logits[:, start : start + width] + noise) / case["temperature"], 1))
        start += width
    return logits, torch.cat(parts, 1), moments


def criticise(w, case, rows, c, mask1, mask2):
    packs = rows.shape[0] // case["pac"]
    a1 = rows.reshape(packs, -1) @ w["rows"] + c.reshape(packs, -1) @ w["conditions"] + w["first_bias"]
    h1 = functional.leaky_relu(off(a1), 0.2) * mask1
    h2 = functional.leaky_relu(off(h1 @ w["second"] + w["second_bias"]), 0.2) * mask2
    return h2 @ w["last"]


def networks(case, seed):
    torch.manual_seed(seed)
    noise, width, critic_width, pac, batch = (case[name] for name in ("noise", "width", "critic_width", "pac", "batch"))
    row = case["scalars"] + sum(case["segments"])
    places = sum(case["segments"][len(case["segments"]) - case["categories"] :])
    packs = batch // pac
    draw = lambda *shape: grid(torch.randn(*shape) * 0.5)
    generator = {
        "first": draw(noise + places, width),
        "first_norm.gamma": draw(width) + 1,
        "first_norm.beta": draw(width),
        "second": draw(width + noise + places, width),
        "second_norm.gamma": draw(width) + 1,
        "second_norm.beta": draw(width),
        "last": draw(2 * width + noise + places, row),
        "bias": draw(row),
        "first_norm.mean": draw(width),
        "first_norm.variance": draw(width).abs() + 0.5,
        "second_norm.mean": draw(width),
        "second_norm.variance": draw(width).abs() + 0.5,
    }
    critic = {
        "rows": draw(pac * row, critic_width),
        "conditions": draw(pac * places, critic_width),
        "first_bias": draw(critic_width),
        "second": draw(critic_width, critic_width),
        "second_bias": draw(critic_width),
        "last": draw(critic_width),
    }
    z, gumbel = draw(batch, noise), grid(-torch.log(-torch.log(torch.rand(batch, row - case["scalars"]))))
    if places:
        condition = torch.randint(places, (batch,))
        c = functional.one_hot(condition, places).double()
    else:
        condition, c = None, torch.zeros(batch, 0)
    scalars = grid(torch.rand(batch, case["scalars"]) * 1.8 - 0.9)
    ones, starts = [], []
    start = case["scalars"]
    for segment in case["segments"]:
        ones.append(torch.randint(segment, (batch,)) + start)
        starts.append(start)
        start += segment
    ones = torch.stack(ones, 1)
    real = torch.zeros(batch, row)
    real[:, : case["scalars"]] = scalars
    real.scatter_(1, ones, 1.0)
    masks = [2.0 * torch.randint(2, (3, packs, critic_width)).double() for _ in range(2)]  # fake, mix, real
    rho = grid(torch.rand(packs))
    lam = 10.0

    learned = {name: value.clone().requires_grad_() for name, value in generator.items()}
    judge = {name: value.clone().requires_grad_() for name, value in critic.items()}

    with torch.no_grad():
        _, settled, _ = generate(learned, case, z, gumbel, c, False)
    logits, made, moments = generate(learned, case, z, gumbel, c, True)
    fake = made.detach()
    y_fake = criticise(judge, case, fake, c, masks[0][0], masks[1][0])
    y_real = criticise(judge, case, real, c, masks[0][2], masks[1][2])
    rate = rho.repeat_interleave(pac)[:, None]
    mix = (rate * real + (1 - rate) * fake).requires_grad_()
    y_mix = criticise(judge, case, mix, c, masks[0][1], masks[1][1])
    (gradient,) = torch.autograd.grad(y_mix.sum(), mix, create_graph=True)
    penalty = lam * ((gradient.reshape(packs, -1).norm(2, 1) - 1) ** 2).mean()
    loss = y_fake.mean() - y_real.mean() + penalty
    critic_slopes = torch.autograd.grad(loss, list(judge.values()), allow_unused=True)

    made.retain_grad()
    value = criticise(judge, case, made, c, masks[0][0], masks[1][0]).mean()
    entropy = torch.zeros(())
    if places:
        first = row - places
        for begin, segment in zip(starts, case["segments"]):
            if begin >= first:
                own = (condition + first >= begin) & (condition + first < begin + segment)
                if bool(own.any()):
                    entropy = entropy + functional.cross_entropy(logits[own, begin : begin + segment], condition[own] + first - begin, reduction="sum")
        entropy = entropy / batch
    (entropy - value).backward()

    zero = lambda slope, like: torch.zeros_like(like) if slope is None else slope
    return {
        **case,
        "generator": {name: flat(tensor) for name, tensor in generator.items()},
        "critic": {name: flat(tensor) for name, tensor in critic.items()},
        "z": flat(z),
        "gumbel": flat(gumbel),
        "condition": None if condition is None else condition.tolist(),
        "scalar_values": flat(scalars),
        "ones": flat(ones),
        "masks": [flat(mask) for mask in masks],
        "rho": flat(rho),
        "lambda": lam,
        "expected": {
            "made": flat(made),
            "made_settled": flat(settled),
            "moments": {
                "first_norm.mean": flat(0.9 * generator["first_norm.mean"] + 0.1 * moments[0][0]),
                "first_norm.variance": flat(0.9 * generator["first_norm.variance"] + 0.1 * moments[0][1]),
                "second_norm.mean": flat(0.9 * generator["second_norm.mean"] + 0.1 * moments[1][0]),
                "second_norm.variance": flat(0.9 * generator["second_norm.variance"] + 0.1 * moments[1][1]),
            },
            "critic_loss": [y_fake.mean().item(), y_real.mean().item(), penalty.item()],
            "critic_slopes": {name: flat(zero(slope, judge[name])) for name, slope in zip(judge, critic_slopes)},
            "value": value.item(),
            "entropy": entropy.item(),
            "made_slopes": flat(torch.autograd.grad(-criticise(critic, case, mixless := fake.clone().requires_grad_(), c, masks[0][0], masks[1][0]).mean(), mixless)[0]),
            "generator_slopes": {name: flat(tensor.grad) for name, tensor in learned.items() if tensor.grad is not None},
        },
    }


def steps():
    """Adam with decay in the gradient, four steps."""
    torch.manual_seed(5)
    start, gradients = grid(torch.randn(7)), grid(torch.randn(4, 7))
    gradients[:, 3] = 0
    values = start.clone().requires_grad_()
    adam = torch.optim.Adam([values], lr=0.125, betas=(0.5, 0.9), weight_decay=0.25)
    after = []
    for gradient in gradients:
        values.grad = gradient.clone()
        adam.step()
        after.append(flat(values))
    return {"rate": 0.125, "decay": 0.25, "start": flat(start), "gradients": [flat(row) for row in gradients], "after": after}


class Started(BayesianGaussianMixture):
    """Begins with every point in a given mode."""

    def _initialize_parameters(self, X, random_state, xp=None):
        shares = np.zeros((len(X), self.n_components))
        shares[np.arange(len(X)), self.start] = 1.0
        self._initialize(X, shares)


def mixtures():
    rng = np.random.default_rng(11)
    columns = {
        "three bumps": np.concatenate([rng.normal(-20, 2, 150), rng.normal(5, 1, 200), rng.normal(30, 6, 120)]).round(2),
        "mostly zero": np.concatenate([np.zeros(400), rng.lognormal(7, 1, 40).round()]),
        "whole numbers": rng.poisson(9, 300).astype(float),
        "skewed": rng.lognormal(0, 1, 400).round(3),
    }
    cases = []
    for name, values in columns.items():
        points, counts = np.unique(values, return_counts=True)
        modes = min(10, len(points))
        # A start that anyone can repeat: the distinct values, cut into runs of equal length.
        start = np.arange(len(points)) * modes // len(points)
        standard = (values - values.mean()) / values.std()
        model = Started(
            n_components=modes, weight_concentration_prior_type="dirichlet_process", weight_concentration_prior=0.001, max_iter=100
        )
        model.start = start[np.searchsorted(points, values)]
        model.fit(standard[:, None])
        free = [
            BayesianGaussianMixture(
                n_components=modes, weight_concentration_prior_type="dirichlet_process", weight_concentration_prior=0.001, random_state=seed
            ).fit(standard[:, None])
            for seed in range(5)
        ]
        cases.append({
            "name": name,
            "values": values.tolist(),
            "start": start.tolist(),
            "weights": model.weights_.tolist(),
            "means": model.means_[:, 0].tolist(),
            "variances": model.covariances_[:, 0, 0].tolist(),
            "steps": model.n_iter_,
            "log_likelihood": [float(one.score(standard[:, None])) for one in [model, *free]],
        })
    return cases


def tried(case):
    for seed in range(1000):
        try:
            return networks(case, seed)
        except TooNear:
            continue
    raise SystemExit("no seed keeps clear of the kinks")


def main():
    small = {"noise": 5, "width": 6, "critic_width": 7, "pac": 3, "batch": 24, "temperature": 0.2}
    result = {
        "format": 1,
        "libraries": {"torch": torch.__version__.split("+")[0], "scikit-learn": sklearn.__version__, "numpy": np.__version__},
        "networks": [
            tried({"name": "numbers and categories", "scalars": 2, "segments": [3, 4, 2, 3], "categories": 2, **small}),
            tried({"name": "numbers only", "scalars": 2, "segments": [3, 4], "categories": 0, **small}),
            tried({"name": "categories only, one row a pack", "scalars": 0, "segments": [2, 5], "categories": 2, **small, "pac": 1, "batch": 11}),
        ],
        "adam": steps(),
        "mixtures": mixtures(),
    }
    (HERE / "ctgan.json").write_text(json.dumps(result) + "\n")


main()
