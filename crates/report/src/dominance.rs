//! Which points of gap and performance no other point dominates.
//!
//! ```text
//! dominates   one dominates other: g_one <= g_other and a_one >= a_other, one of them strictly      g: gap, a: performance
//! ```
//!
//! Source: the usual Pareto dominance, for a gap that shall be small and a performance that shall be high.

/// Whether one point dominates another; a point is gap and performance.
pub fn dominates(one: (f64, f64), other: (f64, f64)) -> bool {
    one.0 <= other.0 && one.1 >= other.1 && (one.0 < other.0 || one.1 > other.1)
}

/// Which points no other dominates, by rising gap.
pub fn front(points: &[(f64, f64)]) -> Vec<usize> {
    let mut front: Vec<usize> = (0..points.len()).filter(|&place| !points.iter().any(|other| dominates(*other, points[place]))).collect();
    front.sort_by(|&one, &other| points[one].0.total_cmp(&points[other].0));
    front
}
