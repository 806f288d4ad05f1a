//! What a scorer would say of the same candidates as members of another group: the attribute is re-written, everything else stays.
//!
//! ```text
//! score change       mean over rows and other groups b of |s(x(b)) - s(x)|                 0 at parity, in [0, 1]
//! decisions changed  share of these pairs whose decision changes at the threshold          0 at parity, in [0, 1]
//! metric difference  |M(y, s(x(b)), a) - M(y, s(x), a)|, b the other of two groups; a, the groups compared, stay the real ones
//! ```
//!
//! `rescore` asks the fitted scorer. `retrain` fits the method once more on training and validation rows that are re-written as well, and
//! asks that scorer of re-written test rows: what a world with the attribute swapped would have learned. With two groups only.
//! Both ask about the direct use of the attribute: what depends on it in the world (a proxy) is not changed along with it, so this is a
//! necessary condition of counterfactual fairness (Kusner et al., "Counterfactual fairness", 2017), not the whole of it.
//! The metric differences over re-writing are those of Barker et al. (FairVIC), section 3.3 and table 5.

use evenhand_learn::{Candidates, Prediction, Scorer};
use evenhand_rows::{Dataset, Matrix, SensitiveInput, UNKNOWN};

use crate::ExperimentError;
use crate::report::{Counterfactual, Measured, Shift};

/// The groups that rows are re-written to with two known groups: each to the other one. `None` with another number of groups.
pub(crate) fn swapped(input: &SensitiveInput, codes: &[u32]) -> Option<Vec<u32>> {
    let known = input.groups().iter().filter(|values| values.is_some()).count();
    let other = |&code: &u32| input.others(code).next().filter(|_| input.values(code).is_some()).unwrap_or(UNKNOWN);
    (known == 2).then(|| codes.iter().map(other).collect())
}

/// Scores the rows as every other group. `measure` gives the main table's numbers of some predictions.
pub(crate) fn rescored(
    scorer: &Scorer,
    input: &SensitiveInput,
    features: &Matrix,
    scores: &[f64],
    test: &Dataset,
    decide: impl Fn(f64) -> bool,
    measure: impl Fn(&Prediction) -> Result<Vec<Measured>, ExperimentError>,
) -> Result<Option<Counterfactual>, ExperimentError> {
    let groups = test.groups(input.attribute())?;
    let mut totals = vec![(0_usize, 0.0_f64, 0.0_f64); groups.levels().len()];
    let (mut pairs, mut turned) = (0_usize, 0_usize);
    let targets = input.groups().iter().enumerate().filter(|(_, values)| values.is_some()).map(|(code, _)| code as u32);
    for target in targets {
        let movable = |code: u32| code != UNKNOWN && code != target && input.values(code).is_some();
        let to: Vec<u32> = groups.codes().iter().map(|&code| if movable(code) { target } else { UNKNOWN }).collect();
        if to.iter().all(|&code| code == UNKNOWN) {
            continue;
        }
        let rewritten = input.rewritten(features, &to);
        let other = scorer.predict(Candidates { features: &rewritten, recordings: test.recordings.as_ref() })?.scores;
        for (row, &code) in groups.codes().iter().enumerate().filter(|(row, _)| to[*row] != UNKNOWN) {
            let total = &mut totals[code as usize];
            total.0 += 1;
            total.1 += other[row] - scores[row];
            total.2 += (other[row] - scores[row]).abs();
            pairs += 1;
            turned += usize::from(decide(other[row]) != decide(scores[row]));
        }
    }
    if pairs == 0 {
        return Ok(None);
    }
    let measured = match swapped(input, groups.codes()) {
        Some(to) => {
            let rewritten = input.rewritten(features, &to);
            measure(&scorer.predict(Candidates { features: &rewritten, recordings: test.recordings.as_ref() })?)?
        }
        None => Vec::new(),
    };
    let sizes = groups.sizes();
    let shifts = totals.iter().enumerate().filter(|(_, total)| total.0 > 0).map(|(code, total)| Shift {
        group: groups.levels()[code].clone(),
        n: sizes[code],
        mean: total.1 / total.0 as f64,
    });
    Ok(Some(Counterfactual {
        attribute: input.attribute().to_owned(),
        rows: groups.codes().iter().filter(|&&code| input.others(code).next().is_some() && input.values(code).is_some()).count(),
        score_change: totals.iter().map(|total| total.2).sum::<f64>() / pairs as f64,
        decisions_changed: turned as f64 / pairs as f64,
        shifts: shifts.collect(),
        measured,
        retrained: Vec::new(),
    }))
}
