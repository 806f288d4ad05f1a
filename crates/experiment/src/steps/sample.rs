//! Gate 1: rows left out of training, validation and test alike, so that a method lives in a world of other shares.

use evenhand_rebalance::REBALANCERS;
use evenhand_rows::seed::generator_for;
use evenhand_rows::{Dataset, Split};

use crate::ExperimentError;
use crate::recipe::MethodSection;

/// The rows of a part, training, validation and test, after what the method leaves out of all of them.
pub(crate) fn sample_parts(
    method: &MethodSection,
    data: &Dataset,
    attribute: &str,
    split: &Split,
    seed: u64,
) -> Result<[Dataset; 3], ExperimentError> {
    let sample = |rows: &[usize], name: &str| -> Result<Dataset, ExperimentError> {
        let chosen = data.select(rows);
        match &method.sample {
            // An empty validation part has nothing to leave out.
            Some(choice) if !chosen.is_empty() => {
                Ok(choice.build(REBALANCERS)?.rebalance(&chosen, attribute, &mut generator_for(seed, &format!("sample {name}")))?)
            }
            _ => Ok(chosen),
        }
    };
    Ok([sample(&split.train, "train")?, sample(&split.validation, "validation")?, sample(&split.test, "test")?])
}

#[cfg(test)]
mod tests {
    use super::sample_parts;
    use crate::steps::example::{method, rows, split};

    #[test]
    fn a_method_without_sample_keeps_its_rows_in_their_order() {
        let data = rows(60);
        let [train, validation, test] = sample_parts(&method("objective = \"vanilla\""), &data, "gender", &split(60), 0).unwrap();
        assert_eq!([train.len(), validation.len(), test.len()], [30, 15, 15]);
        assert_eq!([train.rows, validation.rows, test.rows].concat(), data.rows);
    }

    #[test]
    fn every_part_is_sampled_to_the_wanted_shares() {
        // Three rows of `f` to one of `m`: f, m, f, f, and again.
        let all = rows(60);
        let kept: Vec<usize> = (0..60).filter(|row| row % 2 == 0 || row % 6 == 1).collect();
        let data = all.select(&kept);
        let sampled = method("sample = { id = \"rejection-sampling\", draw = \"fewest-lost\" }");
        let draw = |seed| sample_parts(&sampled, &data, "gender", &split(40), seed).unwrap();
        let parts = draw(0);
        let sizes: Vec<Vec<usize>> = parts.iter().map(|part| part.sensitive[0].sizes()).collect();
        assert_eq!(sizes, [[5, 5], [3, 3], [2, 2]]);
        for (part, (from, to)) in parts.iter().zip([(0, 20), (20, 30), (30, 40)]) {
            assert!(part.rows.iter().all(|row| data.rows[from..to].contains(row)), "a part is drawn from itself");
        }
        assert_eq!(draw(0)[0].rows, parts[0].rows);
        assert_ne!(draw(1)[0].rows, parts[0].rows);
    }
}
