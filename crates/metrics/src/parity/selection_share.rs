//! Share of each group among the selected: what a shortlist looks like.
//!
//! ```text
//! P(g | selected) = selected of g / selected of all groups     sums of weights
//! ```
//!
//! The shares add up to 1; rows of unknown group stay outside. The summary number is the largest share. It describes: whether a share
//! is too small depends on the group's share among all, which the selection rate takes into account and this number does not.
//! With the threshold at the k-th highest score it is the composition of the top k. `n` of a group is the number of its selected rows.
//! Undefined when nobody is selected.
//!
//! Public code of FairCVtest cuts a sorted list after k rows, so that the order of the file decides between equal scores; here equal
//! scores are selected together or not at all.

use evenhand_catalog::{Card, Direction, Kind};

use crate::counts::{Confusion, GroupCounts};
use crate::{Estimate, Finding, GroupFinding, IntervalPlan, Metric, Needs, Outcomes, rates, resample};

const CARD: Card = Card {
    id: "selection-share",
    name: "Share of the selected",
    kind: Kind::Metric,
    summary: "Share of each group among the selected.",
    formula: "P(g | selected); summary: the largest of them",
    fair_value: None,
    range: "[0, 1]",
    direction: Direction::Describes,
    source: "Standard; the composition of the top k in Pena et al. 2020",
    parameters: &[],
};

/// Share of the selected.
#[derive(Debug)]
pub(crate) struct SelectionShare;

impl Metric for SelectionShare {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs::Decisions
    }

    fn measure(&self, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> Finding {
        let selection = outcomes.selection();
        let present = &selection.present;
        let counts = outcomes.counts();
        let tables: Vec<Confusion> = counts.iter().map(GroupCounts::confusion).collect();
        let rows = |code: &u32| counts[*code as usize].row_confusion().selected() as usize;
        let found = shares(&tables, present);
        let estimate = |value: Option<f64>| value.map_or_else(|| Estimate::undefined("nobody selected"), Estimate::value);
        let mut finding = Finding::new(CARD.id);
        finding.n = present.iter().map(rows).sum();
        finding.estimate = estimate(found.as_deref().map(largest));
        finding.by_group = present
            .iter()
            .enumerate()
            .map(|(position, code)| GroupFinding {
                group: outcomes.groups.level(*code).to_owned(),
                n: rows(code),
                estimate: estimate(found.as_ref().map(|shares| shares[position])),
            })
            .collect();
        if let Some(plan) = plan.filter(|plan| plan.replicates > 0) {
            let drawn: Vec<Vec<f64>> = outcomes.tables(plan).iter().filter_map(|table| shares(table, present)).collect();
            let interval = |pick: &dyn Fn(&[f64]) -> f64| {
                resample::interval(drawn.iter().map(|shares| pick(shares)).collect(), plan.level, rates::METHOD)
            };
            finding.estimate = resample::with_interval(finding.estimate, interval(&largest));
            for (position, group) in finding.by_group.iter_mut().enumerate() {
                group.estimate = resample::with_interval(group.estimate.clone(), interval(&|shares| shares[position]));
            }
        }
        finding.left_out = selection.left_out;
        finding
    }
}

/// Shares of the present groups among the selected; `None` when nobody is selected.
fn shares(tables: &[Confusion], present: &[u32]) -> Option<Vec<f64>> {
    let selected: Vec<f64> = present.iter().map(|&code| tables[code as usize].selected()).collect();
    let total: f64 = selected.iter().sum();
    (total > 0.0).then(|| selected.into_iter().map(|weight| weight / total).collect())
}

fn largest(shares: &[f64]) -> f64 {
    shares.iter().copied().fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use evenhand_rows::{Groups, UNKNOWN};

    use super::*;

    #[test]
    fn shares_are_of_the_selected_whose_group_is_known() {
        let groups = Groups::new("g", vec!["a".to_owned(), "b".to_owned()], vec![0, 0, 0, 1, 1, UNKNOWN]);
        let outcomes = Outcomes::new(&[0.9, 0.8, 0.7, 0.6, 0.2, 0.9], &groups).unwrap();
        let finding = SelectionShare.measure(&outcomes, Some(&IntervalPlan { replicates: 50, ..IntervalPlan::default() }));
        let found: Vec<(usize, f64)> = finding.by_group.iter().map(|group| (group.n, group.estimate.number().unwrap())).collect();
        assert_eq!(found, [(3, 0.75), (1, 0.25)]);
        assert_eq!((finding.n, finding.estimate.number()), (4, Some(0.75)));
        assert!(finding.by_group.iter().all(|group| group.estimate.interval().is_some()));
    }

    #[test]
    fn without_selected_rows_there_is_no_share() {
        let groups = Groups::new("g", vec!["a".to_owned(), "b".to_owned()], vec![0, 1]);
        let finding = SelectionShare.evaluate(&Outcomes::new(&[0.1, 0.2], &groups).unwrap());
        assert_eq!(finding.estimate.reason(), Some("nobody selected"));
        assert_eq!(finding.by_group[0].estimate.reason(), Some("nobody selected"));
    }
}
