//! A randomised classifier: members that decide 0 or 1, each taken with its probability.
//!
//! ```text
//! p(x)        = sum_j q_j [s_j(x) > 0.5]                       q_j: probability of member j, s_j: its score
//! expected      score p(x): the probability of a positive decision
//! randomised    score 1 where u(x, seed) < p(x), else 0        u: a number in [0, 1) hashed from the row's inputs and the seed
//! ```
//!
//! What the members promise together (so small a gap between the groups' selection rates) they promise of the mean of p, and of
//! randomised decisions on average. Cutting p at 0.5 is a majority vote, another classifier, of which nothing is promised.
//!
//! The draw depends on the row's inputs and the seed alone: not on the other rows, their order, or how they are cut into batches. Rows
//! with the same inputs are decided alike, so on a table of few distinct rows the rates of one seed scatter more than independent draws
//! would.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::LearnError;
use crate::rows::Candidates;
use crate::scorer::{self, Fitted, Loader, Manifest, Prediction, read_json, write_json};

const FILE: &str = "mixture.json";

/// A classifier of the mixture.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) weight: f64,
    pub(crate) fitted: Box<dyn Fitted>,
}

/// Members with their probabilities.
#[derive(Debug)]
pub(crate) struct Mixture {
    pub(crate) columns: usize,
    pub(crate) members: Vec<Member>,
    /// Seed of the draws; `None` gives the expected decision.
    pub(crate) draw: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    draw: Option<u64>,
    members: Vec<KeptMember>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptMember {
    weight: f64,
    model: String,
}

impl Mixture {
    pub(crate) const LOADER: Loader = Loader { name: "mixture", load: Self::load };

    fn load(folder: &Path, manifest: &Manifest) -> Result<Box<dyn Fitted>, LearnError> {
        let path = folder.join(FILE);
        let kept: Kept = read_json(&path)?;
        let bad = |problem: String| {
            let remedy = "it may be edited; train again or restore it from a copy";
            Err(LearnError::BadFile { path: path.clone(), problem, remedy })
        };
        if let Some(member) = kept.members.iter().find(|member| !(member.weight > 0.0 && member.weight <= 1.0)) {
            return bad(format!("holds the probability {}", member.weight));
        }
        let total: f64 = kept.members.iter().map(|member| member.weight).sum();
        if (total - 1.0).abs() > 1e-9 {
            return bad(format!("holds probabilities that sum to {total}, not 1"));
        }
        let mut members = Vec::with_capacity(kept.members.len());
        for (number, member) in kept.members.into_iter().enumerate() {
            if member.model == Self::LOADER.name {
                return bad("names a mixture as a member of a mixture".to_owned());
            }
            let fitted = scorer::load_fitted(&member.model, &place(folder, number), &path, manifest)?;
            members.push(Member { weight: member.weight, fitted });
        }
        Ok(Box::new(Mixture { columns: manifest.columns(), members, draw: kept.draw }))
    }
}

fn place(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("member-{}", number + 1))
}

impl Fitted for Mixture {
    fn name(&self) -> &'static str {
        Self::LOADER.name
    }

    fn columns(&self) -> usize {
        self.columns
    }

    fn predict(&self, candidates: Candidates<'_>) -> Result<Prediction, LearnError> {
        let mut scores = vec![0.0; candidates.features.rows()];
        for member in &self.members {
            let decisions = member.fitted.predict(candidates)?.scores;
            scores.iter_mut().zip(decisions).filter(|(_, own)| *own > 0.5).for_each(|(score, _)| *score += member.weight);
        }
        for (row, score) in scores.iter_mut().enumerate() {
            // The probabilities sum to 1 but for rounding.
            *score = score.min(1.0);
            if let Some(seed) = self.draw {
                *score = f64::from(u8::from(drawn(candidates.features.row(row), seed) < *score));
            }
        }
        Ok(Prediction { scores, ..Prediction::default() })
    }

    fn save(&self, folder: &Path) -> Result<(), LearnError> {
        for (number, member) in self.members.iter().enumerate() {
            let place = place(folder, number);
            std::fs::create_dir(&place).map_err(|source| LearnError::Io { action: "writing", path: place.clone(), source })?;
            member.fitted.save(&place)?;
        }
        let members = self.members.iter().map(|member| KeptMember { weight: member.weight, model: member.fitted.name().to_owned() });
        write_json(&folder.join(FILE), &Kept { draw: self.draw, members: members.collect() })
    }
}

/// A number in [0, 1) that depends on the inputs and the seed, as good as random: the finaliser of SplitMix64 after every input.
fn drawn(inputs: &[f32], seed: u64) -> f64 {
    let mixed = inputs.iter().fold(mix(seed), |state, value| {
        // 0 and -0 are one input.
        mix(state ^ u64::from((value + 0.0).to_bits()))
    });
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

fn mix(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use evenhand_rows::Matrix;

    use super::*;
    use crate::learners::Logistic;

    /// Two members: one selects where the input is above 0, one everybody.
    fn mixture(draw: Option<u64>) -> Mixture {
        let member = |weight, coefficients: &[f64]| Member { weight, fitted: Box::new(Logistic { coefficients: coefficients.to_vec() }) };
        Mixture { columns: 2, members: vec![member(0.25, &[1.0, 0.0, 0.0]), member(0.75, &[0.0, 0.0, 1.0])], draw }
    }

    #[test]
    fn expected_scores_are_the_weights_of_those_who_select() {
        let features = Matrix::new(2, vec![1.0, 5.0, -1.0, 5.0, 0.0, 5.0]);
        assert_eq!(mixture(None).predict((&features).into()).unwrap().scores, [1.0, 0.75, 0.75]);
    }

    #[test]
    fn draws_come_with_their_probability_and_belong_to_the_row() {
        let rows = 20_000;
        let values: Vec<f32> = (0..rows).flat_map(|row| [if row % 2 == 0 { 1.0 } else { -1.0 }, row as f32]).collect();
        let features = Matrix::new(2, values.clone());
        let scores = mixture(Some(3)).predict((&features).into()).unwrap().scores;
        let rate = |scores: &[f64], side: usize| scores.iter().skip(side).step_by(2).sum::<f64>() / f64::from(rows / 2);
        assert_eq!(rate(&scores, 0), 1.0);
        // Standard error .0043.
        assert!((rate(&scores, 1) - 0.75).abs() < 0.015, "{}", rate(&scores, 1));
        // In another order and in parts, the same; under another seed, other draws.
        let reversed: Vec<f32> = values.chunks(2).rev().take(100).flatten().copied().collect();
        let part = mixture(Some(3)).predict((&Matrix::new(2, reversed)).into()).unwrap().scores;
        assert!(part.iter().eq(scores.iter().rev().take(100)));
        let other = mixture(Some(4)).predict((&features).into()).unwrap().scores;
        let agree = scores.iter().zip(&other).skip(1).step_by(2).filter(|(a, b)| a == b).count() as f64 / f64::from(rows / 2);
        assert!((agree - 0.625).abs() < 0.02, "independent draws agree in .75^2 + .25^2 of the rows: {agree}");
        assert_eq!(drawn(&[0.0, 1.0], 1), drawn(&[-0.0, 1.0], 1));
    }
}
