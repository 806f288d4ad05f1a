//! The parts of a grid: training, validation and test rows of every seed and fold.

use std::borrow::Cow;

use evenhand_rows::seed::generator_for;
use evenhand_rows::{Dataset, Split, skew, split};

use crate::ExperimentError;
use crate::recipe::{Recipe, SkewSection, SplitSection, Together};

/// The rows of one seed and fold.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) seed: u64,
    pub(crate) fold: Option<usize>,
    pub(crate) split: Split,
}

/// Cuts the rows once a seed and fold, and tilts what trains and validates where the recipe asks for it.
pub(crate) fn cut_parts(recipe: &Recipe, data: &Dataset, attribute: &str) -> Result<Vec<Part>, ExperimentError> {
    let mut parts = Vec::new();
    for &seed in &recipe.seeds {
        match &recipe.split {
            // What was asked for of the loader must not be lost in the recipe's other half.
            SplitSection::HoldOut { .. } | SplitSection::KFold { .. } if data.parts.is_some() => {
                return Err(ExperimentError::Request(format!(
                    "the loader `{}` hands out the corpus' own parts, and the recipe cuts it anew; write kind = \"given\" under [split], or \
                     leave the loader's `split` out",
                    recipe.data.loader.id
                )));
            }
            SplitSection::HoldOut { shares, together } => {
                let kept_together = keep_together(data, *together)?;
                parts.push(Part { seed, fold: None, split: split::hold_out(&kept_together, *shares, Some(attribute), seed)? });
            }
            SplitSection::Given => parts.push(Part { seed, fold: None, split: split::given(data)? }),
            SplitSection::KFold { folds, validation_share, together } => {
                let splits = split::k_fold(&*keep_together(data, *together)?, *folds, *validation_share, Some(attribute), seed)?;
                parts.extend(splits.into_iter().enumerate().map(|(fold, split)| Part { seed, fold: Some(fold), split }));
            }
        }
    }
    if let Some(section) = &recipe.skew {
        for part in &mut parts {
            tilt_part(section, data, attribute, part)?;
        }
    }
    Ok(parts)
}

/// The rows as a split sees them, which leaves nobody's rows on two sides: jobs stand in the place of persons where jobs stay together.
fn keep_together(data: &Dataset, together: Together) -> Result<Cow<'_, Dataset>, ExperimentError> {
    if together == Together::Person {
        return Ok(Cow::Borrowed(data));
    }
    let Some(job) = data.job.clone() else {
        return Err(ExperimentError::Request(
            "[split] together = \"job\", and the data names no jobs; name their column with `job` under [data], or leave `together` out"
                .to_owned(),
        ));
    };
    Ok(Cow::Owned(Dataset {
        name: data.name.clone(),
        label: data.label.clone(),
        sensitive: data.sensitive.clone(),
        person: Some(job),
        rows: data.rows.clone(),
        ..Dataset::default()
    }))
}

/// Leaves out training and validation rows until labels and groups have the wanted unfairness degree.
fn tilt_part(section: &SkewSection, data: &Dataset, attribute: &str, part: &mut Part) -> Result<(), ExperimentError> {
    let groups = data.groups(section.attribute.as_deref().unwrap_or(attribute))?;
    let labels = &data.label()?.values;
    // Validation rows come from the same tilted world as the training rows: who trains on biased data has no other.
    for (stream, rows) in [&mut part.split.train, &mut part.split.validation].into_iter().enumerate() {
        let mut rng = generator_for(part.seed, &format!("skew {stream} {:?}", part.fold));
        let chosen: Vec<f64> = rows.iter().map(|&row| labels[row]).collect();
        let kept = skew::subset(
            &chosen,
            &groups.select(rows),
            &section.privileged,
            &section.unprivileged,
            section.threshold,
            section.alpha,
            &mut rng,
        )?;
        *rows = kept.iter().map(|&position| rows[position]).collect();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use evenhand_rows::Identity;

    use super::*;
    use crate::steps::example::{recipe, rows};

    #[test]
    fn each_seed_is_cut_once_or_into_its_folds() {
        let data = rows(60);
        let mut recipe = recipe("objective = \"vanilla\"");
        recipe.seeds = vec![3, 5];
        let seeds = |parts: &[Part]| parts.iter().map(|part| (part.seed, part.fold)).collect::<Vec<_>>();
        let cut = cut_parts(&recipe, &data, "gender").unwrap();
        assert_eq!(seeds(&cut), [(3, None), (5, None)]);
        recipe.split = SplitSection::KFold { folds: 2, validation_share: 0.2, together: Together::Person };
        let cut = cut_parts(&recipe, &data, "gender").unwrap();
        assert_eq!(seeds(&cut), [(3, Some(0)), (3, Some(1)), (5, Some(0)), (5, Some(1))]);
        let mut tested = [cut[0].split.test.clone(), cut[1].split.test.clone()].concat();
        tested.sort_unstable();
        assert_eq!(tested, (0..60).collect::<Vec<_>>(), "every row is tested once a seed");
    }

    #[test]
    fn jobs_stay_together_where_they_are_asked_to() {
        let mut data = rows(60);
        let mut recipe = recipe("objective = \"vanilla\"");
        recipe.split = SplitSection::HoldOut { shares: [0.6, 0.2, 0.2], together: Together::Job };
        let refused = cut_parts(&recipe, &data, "gender").unwrap_err().to_string();
        assert!(refused.contains("names no jobs"), "{refused}");
        data.job = Some(Identity {
            name: "job".to_owned(),
            levels: (0..10).map(|job| job.to_string()).collect(),
            codes: (0..60).map(|row| row / 6).collect(),
        });
        let split = &cut_parts(&recipe, &data, "gender").unwrap()[0].split;
        let jobs = |rows: &[usize]| rows.iter().map(|row| row / 6).collect::<std::collections::BTreeSet<_>>();
        assert!(jobs(&split.train).is_disjoint(&jobs(&split.test)) && !split.test.is_empty());
    }

    #[test]
    fn a_skew_tilts_what_trains_and_validates_and_leaves_the_test_rows() {
        let data = rows(200);
        let mut recipe = recipe("objective = \"vanilla\"");
        let plain = cut_parts(&recipe, &data, "gender").unwrap().remove(0).split;
        recipe.skew =
            Some(SkewSection { attribute: None, privileged: "f".to_owned(), unprivileged: "m".to_owned(), alpha: 2.0, threshold: 0.5 });
        let tilted = cut_parts(&recipe, &data, "gender").unwrap().remove(0).split;
        assert_eq!(tilted.test, plain.test);
        let alpha = |rows: &[usize]| {
            let part = data.select(rows);
            let labels = &part.label.as_ref().unwrap().values;
            skew::measure(labels, &part.sensitive[0], "f", "m", 0.5).unwrap().alpha.unwrap()
        };
        assert!(alpha(&plain.train) < 1.0 && (alpha(&tilted.train) - 2.0).abs() < 0.25, "{}", alpha(&tilted.train));
        assert!(tilted.train.iter().all(|row| plain.train.contains(row)));
    }
}
