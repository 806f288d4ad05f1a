//! Group thresholds: the best decisions by score and group whose rates agree between the groups.
//!
//! ```text
//! a rule selects with probability r_g(s), a step function that rises with the score s, one for each group g
//! TPR_g, FPR_g = expected share of selected rows among those of g with, without the favourable label
//! SR_g         = expected share of selected rows of g
//! maximise   accuracy, or balanced accuracy = (TPR + 1 - FPR) / 2 over all rows
//! subject to max over groups - min over groups <= tolerance   of   SR (demographic-parity),  TPR (equal-opportunity),
//!                                                                  FPR (false-positive-parity),  TPR and FPR each (equalized-odds)
//! ```
//!
//! What a group's rules can reach is the convex hull of its ROC curve (upper side, from nobody to everybody selected), so the best rules are the
//! solution of a linear program over the corners of the hulls; it is solved exactly, with one to three corners a group. A mixture of
//! thresholds is a rule that selects with the probability of those thresholds the score reaches.
//!
//! - Thresholds lie half-way between two fitted scores; equal scores are selected alike.
//! - `outcome = "drawn"`: the repaired score is 1 or 0, drawn for every candidate; the rates then hold on average, as in the source. The draw is
//!   made of the seed, the candidate's group and score, and of how many before it have both the same; or, where the caller gives every
//!   candidate a key (`Fitted::apply_by_key`), of seed and key alone. So it does not depend on who else is in the file, nor on their order, and
//!   whoever comes again with the same score gets the same decision. Without keys, candidates of equal group and score who are decided about in
//!   files of their own get the same draw; with keys they do not.
//!   `outcome = "probability"`: it is the probability of being selected, which is deterministic.
//! - A candidate of unknown group is selected with the mean of the groups' probabilities at its score, weighted by the groups' shares.
//! - Every group needs the labels whose rate is compared: rows with the favourable label for TPR, rows without for FPR. Refused otherwise, and
//!   for fewer than two groups.
//!
//! It needs the group of a candidate to decide about the candidate.
//!
//! Source: M. Hardt, E. Price, N. Srebro, "Equality of opportunity in supervised learning", NeurIPS 2016, section 4; the tolerance as in
//! A. F. Cruz and M. Hardt, "Unprocessing seven years of algorithmic fairness", ICLR 2024 (error-parity). Public code (fairlearn 0.15
//! ThresholdOptimizer) looks at a grid of 1000 values of the common rate, here every corner counts, and spoils a group's decisions down to the
//! worst group's curve by constant ones, here by whatever corners are best.

use std::collections::HashMap;

use evenhand_catalog::{Allowed, Card, Direction, Entry, Kind, Literal, Parameter};
use evenhand_rows::UNKNOWN;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::repair::positions;
use crate::simplex::{self, Column, Failure};
use crate::{Fitted, Repair, RerankError, Sample, Shortlist};

static CARD: Card = Card {
    id: "group-thresholds",
    name: "Group thresholds",
    kind: Kind::Repair,
    summary: "Decides by thresholds of each group's own, mixed by chance where needed, so that the groups' rates agree, at the best accuracy. \
              Needs the group of every candidate at the time of scoring.",
    formula: "maximise accuracy over step functions r_g(s) subject to max - min over groups of the rate <= tolerance; exact over the ROC \
              convex hulls",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Hardt, Price and Srebro 2016, section 4; the tolerance after Cruz and Hardt 2024",
    parameters: &[
        Parameter {
            name: "constraint",
            default: Literal::Text("demographic-parity"),
            allowed: Allowed::OneOf(&["demographic-parity", "equal-opportunity", "false-positive-parity", "equalized-odds"]),
            purpose: "the rates that must agree: of selection, of true positives, of false positives, or of both",
        },
        Parameter {
            name: "objective",
            default: Literal::Text("accuracy"),
            allowed: Allowed::OneOf(&["accuracy", "balanced-accuracy"]),
            purpose: "what is made as large as the rates allow",
        },
        Parameter {
            name: "tolerance",
            default: Literal::Number(0.0),
            allowed: Allowed::Between(0.0, 1.0),
            purpose: "largest difference of a rate between two groups, on the fitted rows",
        },
        Parameter {
            name: "outcome",
            default: Literal::Text("drawn"),
            allowed: Allowed::OneOf(&["drawn", "probability"]),
            purpose: "drawn: 1 or 0, where a rule mixes thresholds by a draw of seed, group and score (or of seed and candidate's key); \
                      probability: that of being selected",
        },
    ],
};

pub(super) const ENTRY: Entry<dyn Repair> = Entry {
    card: &CARD,
    build: |parameters| {
        let constraint = parameters.text("constraint");
        Ok(Box::new(GroupThresholds {
            rates: RATES.iter().find(|(name, _)| *name == constraint).map_or(&[][..], |(_, rates)| rates),
            balanced: parameters.text("objective") == "balanced-accuracy",
            tolerance: parameters.number("tolerance"),
            drawn: parameters.text("outcome") == "drawn",
        }))
    },
};

const RATES: [(&str, &[Rate]); 4] = [
    ("demographic-parity", &[Rate::Selection]),
    ("equal-opportunity", &[Rate::TruePositive]),
    ("false-positive-parity", &[Rate::FalsePositive]),
    ("equalized-odds", &[Rate::TruePositive, Rate::FalsePositive]),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rate {
    Selection,
    TruePositive,
    FalsePositive,
}

#[derive(Debug)]
struct GroupThresholds {
    rates: &'static [Rate],
    balanced: bool,
    tolerance: f64,
    drawn: bool,
}

/// Fitted rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupRules {
    /// Whether repaired scores are decisions drawn from the rules' probabilities, or these probabilities.
    pub drawn: bool,
    /// Expected value of the objective on the fitted rows.
    pub objective: f64,
    /// A rule for each group that had rows.
    pub groups: Vec<GroupRule>,
}

/// With what probability candidates of a group are selected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupRule {
    /// Name of the group.
    pub group: String,
    /// Its share of the fitted rows, in (0, 1].
    pub share: f64,
    /// Probability below the first step.
    pub below: f64,
    /// Where the probability rises, by rising score.
    pub steps: Vec<Step>,
}

/// A step of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Scores at or above it ...
    pub from: f64,
    /// ... are selected with this probability.
    pub probability: f64,
}

/// A corner of a group's ROC hull.
#[derive(Debug, Clone, Copy)]
struct Corner {
    /// Weights of the selected rows without and with the favourable label.
    false_positives: f64,
    true_positives: f64,
    /// Lowest selected score from here; infinite for nobody, minus infinity for everybody.
    threshold: f64,
}

/// Corners of a hull, each with the probability of its threshold.
type Probabilities = Vec<(usize, f64)>;

/// A group's hull, from nobody to everybody selected.
#[derive(Debug)]
struct Hull {
    group: usize,
    corners: Vec<Corner>,
    negatives: f64,
    positives: f64,
}

impl Hull {
    fn new(group: usize, mut rows: Vec<(f64, f64, bool)>) -> Self {
        rows.sort_by(|one, other| other.0.total_cmp(&one.0));
        let mut corners = vec![Corner { false_positives: 0.0, true_positives: 0.0, threshold: f64::INFINITY }];
        let (mut negatives, mut positives) = (0.0, 0.0);
        let equal: Vec<&[(f64, f64, bool)]> = rows.chunk_by(|one, other| one.0 == other.0).collect();
        for (at, rows) in equal.iter().enumerate() {
            for (_, weight, favourable) in *rows {
                *(if *favourable { &mut positives } else { &mut negatives }) += weight;
            }
            let score = rows[0].0;
            let threshold = equal.get(at + 1).map_or(f64::NEG_INFINITY, |next| between(next[0].0, score));
            let corner = Corner { false_positives: negatives, true_positives: positives, threshold };
            // Corners below the line from their predecessor to the newcomer are none.
            while corners.len() > 1 && !turns_down(corners[corners.len() - 2], corners[corners.len() - 1], corner) {
                corners.pop();
            }
            corners.push(corner);
        }
        Hull { group, corners, negatives, positives }
    }

    fn weight(&self) -> f64 {
        self.negatives + self.positives
    }

    fn rate(&self, corner: &Corner, rate: Rate) -> f64 {
        match rate {
            Rate::Selection => (corner.false_positives + corner.true_positives) / self.weight(),
            Rate::TruePositive => corner.true_positives / self.positives,
            Rate::FalsePositive => corner.false_positives / self.negatives,
        }
    }
}

/// A number above `low` and up to `high`, half-way where there is room.
fn between(low: f64, high: f64) -> f64 {
    let middle = low / 2.0 + high / 2.0;
    if middle > low && middle <= high { middle } else { high }
}

fn turns_down(one: Corner, two: Corner, three: Corner) -> bool {
    let rise = |from: Corner, to: Corner| (to.false_positives - from.false_positives, to.true_positives - from.true_positives);
    let (first, second) = (rise(one, two), rise(one, three));
    first.1 * second.0 > second.1 * first.0
}

/// What a column of the program stands for.
#[derive(Debug, Clone, Copy)]
enum Meaning {
    /// A corner of the hull at this position.
    Corner { hull: usize, corner: usize },
    /// The lowest rate of all groups, and what a group's rate may still rise or fall.
    Slack,
}

impl Repair for GroupThresholds {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, sample: &Sample) -> Result<Fitted, RerankError> {
        let labels = sample.labels(CARD.id)?;
        let rows = sample.by_group().into_iter().enumerate().filter(|(_, rows)| !rows.is_empty());
        let hulls: Vec<Hull> = rows
            .map(|(group, rows)| Hull::new(group, rows.into_iter().map(|(row, weight)| (sample.score(row), weight, labels[row])).collect()))
            .collect();
        let name = |hull: &Hull| sample.levels()[hull.group].clone();
        if hulls.len() < 2 {
            return Err(RerankError::TooFewGroups { method: CARD.id, groups: hulls.iter().map(name).collect() });
        }
        for hull in &hulls {
            for (rate, weight, favourable) in [(Rate::TruePositive, hull.positives, true), (Rate::FalsePositive, hull.negatives, false)] {
                if self.rates.contains(&rate) && weight == 0.0 {
                    return Err(RerankError::OneLabel { method: CARD.id, group: name(hull), favourable });
                }
            }
        }
        let total: f64 = hulls.iter().map(Hull::weight).sum();
        let (objective, mixtures) = self.solve(&hulls)?;
        let groups =
            hulls.iter().zip(mixtures).map(|(hull, mixture)| GroupRule::new(name(hull), hull.weight() / total, hull, &mixture)).collect();
        Ok(Fitted::GroupThresholds(GroupRules { drawn: self.drawn, objective, groups }))
    }
}

impl GroupThresholds {
    /// Worth of a selected row without and with the favourable label, and of selecting nobody.
    fn worths(&self, hulls: &[Hull]) -> (f64, f64, f64) {
        let negatives: f64 = hulls.iter().map(|hull| hull.negatives).sum();
        let positives: f64 = hulls.iter().map(|hull| hull.positives).sum();
        if !self.balanced {
            let total = negatives + positives;
            return (-1.0 / total, 1.0 / total, negatives / total);
        }
        // With labels of one kind only there is one rate to look at.
        let half = |weight: f64| if weight > 0.0 { 0.5 / weight } else { 0.0 };
        (-half(negatives), half(positives), if negatives > 0.0 { 0.5 } else { 0.0 })
    }

    /// The objective, and of each hull the corners with their probabilities.
    fn solve(&self, hulls: &[Hull]) -> Result<(f64, Vec<Probabilities>), RerankError> {
        // Rows: one for each hull's probabilities; then, rate by rate and hull by hull, rate - lowest - above = 0, and, with a tolerance,
        // above + below = tolerance.
        let count = hulls.len();
        let per_rate = if self.tolerance > 0.0 { 2 * count } else { count };
        let rows = count + self.rates.len() * per_rate;
        let (negative, positive, nobody) = self.worths(hulls);
        let mut columns: Vec<Column<Meaning>> = Vec::new();
        for (position, hull) in hulls.iter().enumerate() {
            for (number, corner) in hull.corners.iter().enumerate() {
                let mut uses = vec![0.0; rows];
                uses[position] = 1.0;
                for (block, &rate) in self.rates.iter().enumerate() {
                    uses[count + block * per_rate + position] = hull.rate(corner, rate);
                }
                let worth = negative * corner.false_positives + positive * corner.true_positives;
                columns.push(Column { uses, worth, meaning: Meaning::Corner { hull: position, corner: number } });
            }
        }
        let mut slack = |entries: &[(usize, f64)]| {
            let mut uses = vec![0.0; rows];
            for &(row, entry) in entries {
                uses[row] = entry;
            }
            columns.push(Column { uses, worth: 0.0, meaning: Meaning::Slack });
        };
        let mut rhs = vec![0.0; rows];
        rhs[..count].fill(1.0);
        for start in (0..self.rates.len()).map(|block| count + block * per_rate) {
            slack(&(start..start + count).map(|row| (row, -1.0)).collect::<Vec<_>>());
            if self.tolerance > 0.0 {
                for row in start..start + count {
                    slack(&[(row, -1.0), (row + count, 1.0)]);
                    slack(&[(row + count, 1.0)]);
                    rhs[row + count] = self.tolerance;
                }
            }
        }
        let best = |prices: &[f64], weight: f64| {
            let reduced = |column: &Column<Meaning>| {
                weight * column.worth - prices.iter().zip(&column.uses).map(|(price, entry)| price * entry).sum::<f64>()
            };
            columns
                .iter()
                .map(|column| (reduced(column), column))
                .max_by(|one, other| one.0.total_cmp(&other.0))
                .map(|(_, column)| column.clone())
        };
        let found = simplex::maximise(&rhs, best).map_err(|failure| RerankError::Program {
            method: CARD.id,
            reason: match failure {
                Failure::Infeasible => "no rules have rates that agree, though selecting nobody does; this is a slip of ours",
                Failure::NoEnd => "rounding kept the program from an end; try a tolerance that differs a little",
            },
        })?;
        let mut mixtures = vec![Vec::new(); count];
        let mut objective = nobody;
        for (amount, column) in found {
            objective += amount * column.worth;
            if let Meaning::Corner { hull, corner } = column.meaning {
                mixtures[hull].push((corner, amount));
            }
        }
        Ok((objective, mixtures))
    }
}

impl GroupRule {
    fn new(group: String, share: f64, hull: &Hull, mixture: &[(usize, f64)]) -> Self {
        let total: f64 = mixture.iter().map(|(_, probability)| probability).sum();
        let mut thresholds: Vec<(f64, f64)> =
            mixture.iter().map(|&(corner, probability)| (hull.corners[corner].threshold, probability / total)).collect();
        thresholds.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut rule = GroupRule { group, share, below: 0.0, steps: Vec::new() };
        let mut reached = 0.0;
        for (from, probability) in thresholds {
            reached += probability;
            if from == f64::NEG_INFINITY {
                rule.below = reached;
            } else if from < f64::INFINITY {
                // The last sum may miss 1 by a rounding.
                rule.steps.push(Step { from, probability: f64::min(reached, 1.0) });
            }
        }
        rule
    }

    fn probability(&self, score: f64) -> f64 {
        let after = self.steps.partition_point(|step| step.from <= score);
        after.checked_sub(1).map_or(self.below, |step| self.steps[step].probability)
    }

    fn check(&self) -> Result<(), RerankError> {
        let probabilities = || [self.below].into_iter().chain(self.steps.iter().map(|step| step.probability));
        let whole = self.steps.is_sorted_by(|one, other| one.from < other.from)
            && self.steps.iter().all(|step| step.from.is_finite())
            && probabilities().all(|probability| (0.0..=1.0).contains(&probability))
            && probabilities().is_sorted()
            && self.share > 0.0
            && self.share <= 1.0;
        if whole {
            Ok(())
        } else {
            Err(RerankError::BadFit { method: CARD.id, what: "steps and probabilities in [0, 1] must rise, shares lie in (0, 1]" })
        }
    }
}

impl GroupRules {
    /// Probability with which each candidate is selected.
    pub fn probabilities(&self, rows: &Shortlist) -> Result<Vec<f64>, RerankError> {
        if self.groups.is_empty() {
            return Err(RerankError::BadFit { method: CARD.id, what: "there must be a rule for a group" });
        }
        self.groups.iter().try_for_each(GroupRule::check)?;
        let positions = positions(rows, &self.groups.iter().map(|rule| rule.group.as_str()).collect::<Vec<_>>())?;
        let shares: f64 = self.groups.iter().map(|rule| rule.share).sum();
        let probability = |(&score, &group): (&f64, &u32)| {
            if group == UNKNOWN {
                self.groups.iter().map(|rule| rule.share / shares * rule.probability(score)).sum()
            } else {
                self.groups[positions[group as usize]].probability(score)
            }
        };
        Ok(rows.scores().iter().zip(rows.groups()).map(probability).collect())
    }

    pub(crate) fn apply(&self, rows: &Shortlist, seed: u64) -> Result<Vec<f64>, RerankError> {
        let groups: Vec<u64> = rows.levels().iter().map(|level| hash(level)).collect();
        let mut before: HashMap<(u64, u64), u64> = HashMap::new();
        self.decided(rows, |row| {
            // The sum turns -0 into 0, which is the same score.
            let score = (rows.scores()[row] + 0.0).to_bits();
            // No level, no hash: 0 is nobody's but by an accident of one in 2^64.
            let group = groups.get(rows.groups()[row] as usize).copied().unwrap_or(0);
            let count = before.entry((group, score)).or_default();
            *count += 1;
            draw([seed, group, score, *count])
        })
    }

    pub(crate) fn apply_by_key(&self, rows: &Shortlist, keys: &[impl AsRef<str>], seed: u64) -> Result<Vec<f64>, RerankError> {
        // The last part counts from 1 where there are no keys, so that the two kinds of draws have nothing in common.
        self.decided(rows, |row| draw([seed, hash(keys[row].as_ref()), 0, 0]))
    }

    /// 1 where a candidate's draw from [0, 1) lies below its probability, else 0; the probabilities themselves where nothing is drawn.
    fn decided(&self, rows: &Shortlist, mut draw: impl FnMut(usize) -> f64) -> Result<Vec<f64>, RerankError> {
        let mut probabilities = self.probabilities(rows)?;
        if self.drawn {
            for (row, probability) in probabilities.iter_mut().enumerate() {
                *probability = f64::from(u8::from(draw(row) < *probability));
            }
        }
        Ok(probabilities)
    }
}

/// A number from [0, 1) that these words decide: the first one of the generator whose key they are.
fn draw(words: [u64; 4]) -> f64 {
    let mut key = [0; 32];
    key.chunks_exact_mut(8).zip(words).for_each(|(bytes, word)| bytes.copy_from_slice(&word.to_le_bytes()));
    ChaCha8Rng::from_seed(key).random()
}

/// FNV-1a of 64 bits: the same on every machine and in every edition.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
