//! Impact ratios as exact fractions, of selections and of scores above the median.
//!
//! ```text
//! selection rate = selected / candidates of a category
//! scoring rate   = candidates of a category with a score strictly above the median of the full sample / candidates of the category
//! impact ratio   = rate of a category / highest rate of all categories
//! ```
//!
//! Range [0, 1]; every category that ties for the highest rate has 1. Rates and ratios are fractions in lowest terms, so that whoever prints them rounds
//! once. An empty category has no rate and therefore no ratio; where nobody was selected no category has a ratio. The median of an even
//! number of scores is the mean of the middle two. Scores of candidates whose category is unknown enter the median: it is that of the full sample.
//!
//! Source: 6 RCNY 5-300 to 5-304, the definitions and the worked examples of the rule.

use evenhand_rows::Groups;

use super::{Counted, Fraction, Undefined};
use crate::MetricError;

/// The rate and impact ratio of one category.
#[derive(Debug, Clone, PartialEq)]
pub struct CategoryImpact {
    /// Its name.
    pub category: String,
    /// Its candidates, and those selected (or with a score above the median).
    pub counted: Counted,
    /// Its rate.
    pub rate: Result<Fraction, Undefined>,
    /// Its rate over the highest rate.
    pub impact_ratio: Result<Fraction, Undefined>,
}

/// The impact ratios of all categories.
#[derive(Debug, Clone, PartialEq)]
pub struct ImpactRatios {
    /// The categories in the order given.
    pub categories: Vec<CategoryImpact>,
    /// Places of those with the highest rate; none where nobody was selected.
    pub reference: Vec<usize>,
}

/// Rates and impact ratios of categories.
///
/// ```
/// use evenhand_metrics::significance::{Counted, Fraction, impact_ratios};
///
/// let found = impact_ratios(&[("a", Counted::new(12, 16).unwrap()), ("b", Counted::new(3, 4).unwrap()), ("c", Counted::new(7, 12).unwrap())]);
/// assert_eq!(found.reference, [0, 1]);
/// assert_eq!(found.categories[1].impact_ratio, Ok(Fraction::ONE));
/// assert_eq!(found.categories[2].impact_ratio.unwrap().to_string(), "7/9");
/// ```
pub fn impact_ratios<N: AsRef<str>>(categories: &[(N, Counted)]) -> ImpactRatios {
    let counts: Vec<Counted> = categories.iter().map(|(_, counted)| *counted).collect();
    let best = highest(&counts);
    let impact = |place: usize, counted: Counted| {
        let (selected, n) = (u128::from(counted.selected()), u128::from(counted.n()));
        let rate = Fraction::new(selected, n).ok_or(Undefined::EmptyGroup { group: place });
        let ratio = best.ok_or(Undefined::NobodySelected).and_then(|best| {
            Fraction::new(selected * u128::from(best.n()), n * u128::from(best.selected())).ok_or(Undefined::EmptyGroup { group: place })
        });
        (rate, rate.and(ratio))
    };
    let categories: Vec<CategoryImpact> = categories
        .iter()
        .enumerate()
        .map(|(place, (name, counted))| {
            let (rate, impact_ratio) = impact(place, *counted);
            CategoryImpact { category: name.as_ref().to_owned(), counted: *counted, rate, impact_ratio }
        })
        .collect();
    let reference = (0..categories.len()).filter(|&place| categories[place].impact_ratio == Ok(Fraction::ONE)).collect();
    ImpactRatios { categories, reference }
}

/// The group with the highest rate, the first of several; `None` where nobody was selected.
pub(super) fn highest(groups: &[Counted]) -> Option<Counted> {
    let product = |of: &Counted, over: &Counted| u128::from(of.selected()) * u128::from(over.n());
    let selecting = groups.iter().copied().filter(|group| group.selected() > 0);
    selecting.reduce(|best, group| if product(&group, &best) > product(&best, &group) { group } else { best })
}

/// How many of each category have a score above the median of all.
#[derive(Debug, Clone, PartialEq)]
pub struct Scoring {
    /// Median of the full sample.
    pub median: f64,
    /// Every category with candidates, in the order of the levels, with those strictly above the median.
    pub categories: Vec<(String, Counted)>,
    /// The same of the candidates whose category is unknown.
    pub unknown: Counted,
}

/// Counts the scores above the median of the full sample; [`impact_ratios`] takes the categories on.
///
/// ```
/// use evenhand_metrics::significance::{Counted, scoring};
/// use evenhand_rows::Groups;
///
/// let groups = Groups::from_texts("g", [Some("a"), Some("a"), Some("b"), None].into_iter());
/// let found = scoring(&[0.9, 0.2, 0.6, 0.1], &groups).unwrap();
/// assert_eq!(found.median, 0.4);
/// assert_eq!(found.categories, [("a".to_owned(), Counted::new(1, 2).unwrap()), ("b".to_owned(), Counted::new(1, 1).unwrap())]);
/// assert_eq!(found.unknown, Counted::new(0, 1).unwrap());
/// ```
pub fn scoring(scores: &[f64], groups: &Groups) -> Result<Scoring, MetricError> {
    if scores.is_empty() {
        return Err(MetricError::NoRows);
    }
    if groups.codes().len() != scores.len() {
        return Err(MetricError::Length { what: "the group column", expected: scores.len(), found: groups.codes().len() });
    }
    if let Some(row) = scores.iter().position(|score| !score.is_finite()) {
        return Err(MetricError::NotFinite { what: "the score", row, value: scores[row] });
    }
    let median = median(scores);
    let levels = groups.levels();
    let mut counts = vec![(0, 0); levels.len() + 1];
    for (&score, &code) in scores.iter().zip(groups.codes()) {
        let (above, n) = &mut counts[(code as usize).min(levels.len())];
        *above += u64::from(score > median);
        *n += 1;
    }
    // Of rows in memory there are fewer than a group may hold.
    let counted = |&(above, n): &(u64, u64)| Counted::new(above, n);
    let filled = levels.iter().zip(&counts).filter(|(_, (_, n))| *n > 0);
    Ok(Scoring {
        median,
        categories: filled.filter_map(|(level, count)| Some((level.clone(), counted(count)?))).collect(),
        unknown: counts.last().and_then(counted).unwrap_or_default(),
    })
}

/// Of at least one score.
fn median(scores: &[f64]) -> f64 {
    let mut scores = scores.to_vec();
    let middle = scores.len() / 2;
    let even = scores.len().is_multiple_of(2);
    let (below, &mut upper, _) = scores.select_nth_unstable_by(middle, f64::total_cmp);
    let lower = below.iter().copied().max_by(f64::total_cmp);
    lower.filter(|_| even).map_or(upper, |lower| f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_without_candidates_or_selections_say_why() {
        let of = |selected, n| Counted::new(selected, n).unwrap();
        let found = impact_ratios(&[("a", of(0, 0)), ("b", of(1, 2)), ("c", of(0, 3))]);
        assert_eq!(found.reference, [1]);
        assert_eq!(found.categories[0].rate, Err(Undefined::EmptyGroup { group: 0 }));
        assert_eq!(found.categories[0].impact_ratio, Err(Undefined::EmptyGroup { group: 0 }));
        assert_eq!(found.categories[2].impact_ratio, Ok(Fraction::new(0, 5).unwrap()));
        let nobody = impact_ratios(&[("b", of(0, 2)), ("c", of(0, 3))]);
        assert!(nobody.reference.is_empty());
        assert_eq!(nobody.categories[0].rate, Ok(Fraction::new(0, 1).unwrap()));
        assert_eq!(nobody.categories[0].impact_ratio, Err(Undefined::NobodySelected));
    }

    #[test]
    fn medians_of_odd_and_even_numbers() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 8.0]), 3.0);
        assert_eq!(median(&[5.0]), 5.0);
        // The mean of the middle two must not overflow.
        assert_eq!(median(&[f64::MAX, f64::MAX]), f64::MAX);
    }
}
