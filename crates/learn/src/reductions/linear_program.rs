//! The linear program of a saddle point over finitely many classifiers, by the simplex method.
//!
//! ```text
//! minimise  sum_j e_j q_j + B x     over q >= 0, sum_j q_j = 1, x >= 0
//! so that   sum_j v_ij q_j <= x     for every constraint i
//! ```
//!
//! e_j: error of classifier j; v_ij: its violation of constraint i (gamma less the bound); B: bound on the sum of the multipliers. The
//! multipliers lambda_i >= 0, sum <= B, are the program's dual solution: the slacks' reduced costs at the optimum. A tableau is dense and
//! small (constraints + 1 rows, classifiers + constraints + 1 columns), so nothing more is needed: a library for large sparse programs
//! would bring no speed here, and those in Rust do not hand out the dual.

/// How far a reduced cost may lie below 0 at the optimum.
const TOLERANCE: f64 = 1e-11;

/// Weights of the classifiers and multipliers of the constraints at a saddle point. `violations[j]` are those of classifier j.
///
/// # Panics
/// Without classifiers.
pub(crate) fn saddle(errors: &[f64], violations: &[Vec<f64>], bound: f64) -> (Vec<f64>, Vec<f64>) {
    let (classifiers, constraints) = (errors.len(), violations[0].len());
    // Columns: q, then x, then a slack a constraint, then the right-hand side. Rows: constraints, sum, costs.
    let (excess, slack) = (classifiers, classifiers + 1);
    let width = classifiers + constraints + 2;
    let mut tableau = vec![vec![0.0; width]; constraints + 2];
    for (row, line) in tableau.iter_mut().take(constraints).enumerate() {
        for (entry, violations) in line.iter_mut().zip(violations) {
            *entry = violations[row];
        }
        line[excess] = -1.0;
        line[slack + row] = 1.0;
    }
    let (sum, costs) = (constraints, constraints + 1);
    tableau[sum][..classifiers].fill(1.0);
    tableau[sum][width - 1] = 1.0;
    tableau[costs][..classifiers].copy_from_slice(errors);
    tableau[costs][excess] = bound;

    // A first corner: the first classifier alone, with the excess it needs.
    let mut basis: Vec<usize> = (0..constraints).map(|row| slack + row).chain([0]).collect();
    pivot(&mut tableau, &mut basis, sum, 0);
    let worst = (0..constraints).min_by(|&a, &b| tableau[a][width - 1].total_cmp(&tableau[b][width - 1]));
    if let Some(worst) = worst.filter(|&worst| tableau[worst][width - 1] < 0.0) {
        pivot(&mut tableau, &mut basis, worst, excess);
    }

    // The steepest column first; after many pivots the first one that helps (Bland), which cannot go round in circles. A cap ends what
    // rounding might keep going: the corner reached by then is a valid answer, if not the best, and the duality gap tells.
    for round in 0..20 * width {
        let helps = (0..width - 1).filter(|&column| tableau[costs][column] < -TOLERANCE);
        let entering = if round < 4 * width {
            helps.min_by(|&a, &b| tableau[costs][a].total_cmp(&tableau[costs][b]))
        } else {
            helps.into_iter().next()
        };
        let Some(entering) = entering else { break };
        let ratio = |row: usize| tableau[row][width - 1].max(0.0) / tableau[row][entering];
        let leaving = (0..costs)
            .filter(|&row| tableau[row][entering] > TOLERANCE)
            .min_by(|&a, &b| ratio(a).total_cmp(&ratio(b)).then(basis[a].cmp(&basis[b])));
        let Some(leaving) = leaving else { break };
        pivot(&mut tableau, &mut basis, leaving, entering);
    }

    let mut weights = vec![0.0; classifiers];
    for (row, &column) in basis.iter().enumerate().filter(|(_, column)| **column < classifiers) {
        weights[column] = tableau[row][width - 1].max(0.0);
    }
    let total: f64 = weights.iter().sum();
    for weight in &mut weights {
        *weight /= total;
    }
    let multipliers = (0..constraints).map(|row| tableau[costs][slack + row].max(0.0)).collect();
    (weights, multipliers)
}

/// Makes `column` basic in `row`.
fn pivot(tableau: &mut [Vec<f64>], basis: &mut [usize], row: usize, column: usize) {
    let scale = 1.0 / tableau[row][column];
    tableau[row].iter_mut().for_each(|entry| *entry *= scale);
    tableau[row][column] = 1.0;
    let chosen = tableau[row].clone();
    for (_, line) in tableau.iter_mut().enumerate().filter(|(other, _)| *other != row) {
        let factor = line[column];
        if factor != 0.0 {
            line.iter_mut().zip(&chosen).for_each(|(entry, chosen)| *entry -= factor * chosen);
            line[column] = 0.0;
        }
    }
    basis[row] = column;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn primal(errors: &[f64], violations: &[Vec<f64>], bound: f64, weights: &[f64]) -> f64 {
        let error: f64 = errors.iter().zip(weights).map(|(error, weight)| error * weight).sum();
        let of = |row: usize| violations.iter().zip(weights).map(|(own, weight)| own[row] * weight).sum::<f64>();
        error + bound * (0..violations[0].len()).map(of).fold(0.0, f64::max)
    }

    fn dual(errors: &[f64], violations: &[Vec<f64>], multipliers: &[f64]) -> f64 {
        let value = |(error, own): (&f64, &Vec<f64>)| error + own.iter().zip(multipliers).map(|(v, l)| v * l).sum::<f64>();
        errors.iter().zip(violations).map(value).fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn two_classifiers_are_mixed_until_the_constraint_holds() {
        // Errors .1 and .3, violations .2 and -.2 of one constraint: half each, error .2. Moving weight to the first gains .2 in error
        // and costs .4 of violation: multiplier .5.
        let (weights, multipliers) = saddle(&[0.1, 0.3], &[vec![0.2, -0.4], vec![-0.2, 0.0]], 100.0);
        assert!((weights[0] - 0.5).abs() < 1e-12 && (weights[1] - 0.5).abs() < 1e-12);
        assert!((multipliers[0] - 0.5).abs() < 1e-12 && multipliers[1].abs() < 1e-12);
        // With a small bound on the multipliers violating is cheaper than mixing.
        let (weights, multipliers) = saddle(&[0.1, 0.3], &[vec![0.2, -0.4], vec![-0.2, 0.0]], 0.25);
        assert_eq!((weights, multipliers), (vec![1.0, 0.0], vec![0.25, 0.0]));
    }

    proptest! {
        /// A feasible primal and a feasible dual point of equal value prove each other optimal.
        #[test]
        fn value_and_dual_value_meet(
            classifiers in proptest::collection::vec((0.0..1.0_f64, proptest::collection::vec(-0.5..0.5_f64, 6)), 1..40),
            bound in prop_oneof![Just(100.0), 0.1..10.0],
            ties in any::<bool>(),
        ) {
            // Ties: violations on a coarse grid and opposite in pairs, as gamma+ and gamma- of two groups are.
            let snap = |value: f64| if ties { (value * 8.0).round() / 8.0 } else { value };
            let errors: Vec<f64> = classifiers.iter().map(|(error, _)| snap(*error)).collect();
            let violations: Vec<Vec<f64>> = classifiers
                .iter()
                .map(|(_, own)| own.iter().enumerate().map(|(at, v)| if ties && at >= 3 { -snap(own[at - 3]) } else { snap(*v) } - 0.01).collect())
                .collect();
            let (weights, multipliers) = saddle(&errors, &violations, bound);
            prop_assert!(weights.iter().all(|weight| *weight >= 0.0) && (weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            prop_assert!(multipliers.iter().all(|value| *value >= 0.0) && multipliers.iter().sum::<f64>() <= bound + 1e-9);
            let (above, below) = (primal(&errors, &violations, bound, &weights), dual(&errors, &violations, &multipliers));
            prop_assert!((above - below).abs() < 1e-9, "{above} against {below}");
        }
    }
}
