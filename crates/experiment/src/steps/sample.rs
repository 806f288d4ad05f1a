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
    fn sampled_rows_are_fewer_and_every_part_is_drawn_from_itself() {
        let data = rows(60);
        let sampled = method("sample = \"rejection-sampling\"");
        let parts = sample_parts(&sampled, &data, "gender", &split(60), 0).unwrap();
        for (part, (from, to)) in parts.iter().zip([(0, 30), (30, 45), (45, 60)]) {
            assert!(part.len() < to - from && !part.is_empty());
            assert!(part.rows.iter().all(|row| data.rows[from..to].contains(row)));
            // Each group has as many favourable labels as the other, in share.
            let labels = &part.label.as_ref().unwrap().values;
            let rate = |group: u32| {
                let of: Vec<f64> =
                    part.sensitive[0].codes().iter().zip(labels).filter(|(code, _)| **code == group).map(|(_, y)| *y).collect();
                of.iter().sum::<f64>() / of.len() as f64
            };
            assert!((rate(0) - rate(1)).abs() < 0.2, "{} and {}", rate(0), rate(1));
        }
        let again = sample_parts(&sampled, &data, "gender", &split(60), 0).unwrap();
        assert_eq!(again[0].rows, parts[0].rows);
        assert_ne!(sample_parts(&sampled, &data, "gender", &split(60), 1).unwrap()[0].rows, parts[0].rows);
    }
}
