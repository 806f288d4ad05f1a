//! Gate 1 on the training rows.

use evenhand_rebalance::REBALANCERS;
use evenhand_rows::Dataset;
use evenhand_rows::seed::generator_for;

use crate::ExperimentError;
use crate::recipe::MethodSection;

/// The training rows after a method's rebalancer; without one, as they are.
pub(crate) fn balance_rows(method: &MethodSection, train: &Dataset, attribute: &str, seed: u64) -> Result<Dataset, ExperimentError> {
    match &method.rebalance {
        Some(choice) => Ok(choice.build(REBALANCERS)?.rebalance(train, attribute, &mut generator_for(seed, "rebalance"))?),
        None => Ok(train.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::balance_rows;
    use crate::steps::example::{method, rows};

    #[test]
    fn weights_make_label_and_group_independent() {
        let data = rows(60);
        let balanced = balance_rows(&method("rebalance = \"reweighing\""), &data, "gender", 0).unwrap();
        assert_eq!(balanced.rows, data.rows);
        let weights = balanced.weights.unwrap();
        let sum = |keep: &dyn Fn(u32, f64) -> bool| -> f64 {
            let labels = &data.label.as_ref().unwrap().values;
            let all = data.sensitive[0].codes().iter().zip(labels).zip(&weights);
            all.filter(|((code, label), _)| keep(**code, **label)).map(|(_, weight)| weight).sum()
        };
        let rate = |group: u32| sum(&|code, label| code == group && label == 1.0) / sum(&|code, _| code == group);
        assert!((rate(0) - rate(1)).abs() < 1e-12);
    }

    #[test]
    fn without_a_rebalancer_nothing_is_done() {
        let data = rows(12);
        assert_eq!(balance_rows(&method("objective = \"vanilla\""), &data, "gender", 0).unwrap(), data);
    }
}
