//! Gate 3: the lists of candidates that a run's scores are made into.

use std::borrow::Cow;
use std::collections::BTreeMap;

use evenhand_rows::Dataset;

use super::RunPlan;
use crate::ExperimentError;
use crate::recipe::{MethodSection, Recipe, ShortlistSection};
use crate::report::Shortlists;
use evenhand_audit::rank::{Lists, Plan, Wanted};

/// The lists that a method's scores are made into; a re-ranker asks for them by itself.
pub(crate) fn wanted_lists<'a>(recipe: &'a Recipe, method: &MethodSection) -> Option<Cow<'a, ShortlistSection>> {
    let usual = || method.rerank.as_ref().map(|_| Cow::Owned(ShortlistSection::default()));
    recipe.shortlist.as_ref().map(Cow::Borrowed).or_else(usual)
}

/// The lists of the test rows by score and by the method's re-ranker.
pub(crate) fn list_candidates(plan: &RunPlan<'_>, scores: &[f64], test: &Dataset) -> Result<Option<Shortlists>, ExperimentError> {
    let (Some(section), Some(groups)) = (wanted_lists(plan.recipe, plan.method), test.sensitive.first()) else { return Ok(None) };
    // Of the targets of single jobs those that this part tests.
    let tested = |name: &String| test.job.as_ref().is_some_and(|job| job.codes.iter().any(|&code| job.levels[code as usize] == *name));
    let by_job: BTreeMap<String, Wanted> =
        section.jobs.iter().filter(|(name, _)| tested(name)).map(|(name, wanted)| (name.clone(), wanted.clone())).collect();
    let asked = Plan {
        reranker: plan.method.rerank.as_ref(),
        wanted: &section.target,
        by_job: &by_job,
        top: section.top,
        as_published: false,
        seed: plan.seed,
    };
    let lists = Lists::new(&asked, scores, groups, test.job.as_ref())?;
    let labels = test.label.as_ref().map(|label| label.values.as_slice());
    Ok(Some(lists.measure(&asked, groups, labels, plan.recipe.intervals.plan().as_ref(), plan.first)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::example::{plan, recipe, rows};

    #[test]
    fn a_reranker_asks_for_lists_and_a_plain_method_does_not() {
        let data = rows(40);
        let scores: Vec<f64> = (0..40).map(f64::from).collect();
        let both = recipe("objective = \"vanilla\"\n[[method]]\nrerank = \"det-greedy\"");
        assert_eq!(list_candidates(&plan(&both, 0), &scores, &data).unwrap(), None);
        let lists = list_candidates(&plan(&both, 1), &scores, &data).unwrap().unwrap();
        assert_eq!((lists.top, lists.jobs), (25, 1));
        let mut asked = recipe("objective = \"vanilla\"");
        asked.shortlist = Some(ShortlistSection { top: 4, ..ShortlistSection::default() });
        let lists = list_candidates(&plan(&asked, 0), &scores, &data).unwrap().unwrap();
        assert_eq!(lists.top, 4);
        assert!(lists.after.is_empty() && !lists.before.is_empty());
    }
}
