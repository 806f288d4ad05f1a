//! A sensitive attribute among the encoded inputs: what a row would read if the candidate were of another group.
//!
//! ```text
//! x        encoded row, group a
//! x(b)     = x, but in the attribute's columns v_b, the encoded values that rows of group b have there
//! ```
//!
//! Everything else of the row stays as it is, also what depends on the attribute in the world (a proxy). Two groups: x(b) is the flip.
//! One-hot, ordinal and scaled columns alike, because `v_b` is read off training rows.

use crate::{Matrix, UNKNOWN};

/// The encoded columns that hold an attribute, and their values for each of its groups; see [`crate::Encoder::sensitive_input`].
#[derive(Debug, Clone, PartialEq)]
pub struct SensitiveInput {
    attribute: String,
    columns: Vec<usize>,
    groups: Vec<Option<Vec<f32>>>,
}

impl SensitiveInput {
    /// Joins the parts: the encoded columns, and by group code their values; `None` for a group whose values are not known.
    ///
    /// # Panics
    /// When there are no columns, or a group has not a value for each.
    pub fn new(attribute: impl Into<String>, columns: Vec<usize>, groups: Vec<Option<Vec<f32>>>) -> Self {
        assert!(!columns.is_empty(), "an input has columns");
        assert!(groups.iter().flatten().all(|values| values.len() == columns.len()), "a group has a value for each column");
        SensitiveInput { attribute: attribute.into(), columns, groups }
    }

    /// Name of the attribute.
    pub fn attribute(&self) -> &str {
        &self.attribute
    }

    /// The encoded columns, ascending.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// What the columns hold in rows of a group; `None` for an unknown group, and for one that no training row had.
    pub fn values(&self, group: u32) -> Option<&[f32]> {
        self.groups.get(group as usize)?.as_deref()
    }

    /// By group code what the columns hold.
    pub fn groups(&self) -> &[Option<Vec<f32>>] {
        &self.groups
    }

    /// The groups that a row of this group can be re-written to, ascending; none for a row of unknown group.
    pub fn others(&self, group: u32) -> impl Iterator<Item = u32> + '_ {
        let known = self.groups.iter().enumerate().filter(|(_, values)| values.is_some()).map(|(code, _)| code as u32);
        known.filter(move |&code| group != UNKNOWN && code != group)
    }

    /// Re-writes an encoded row as one of another group; false, and the row as it was, where that group's values are not known.
    ///
    /// # Panics
    /// When the row is not as wide as the encoder made it.
    pub fn write(&self, row: &mut [f32], group: u32) -> bool {
        let Some(values) = self.values(group) else { return false };
        for (&column, &value) in self.columns.iter().zip(values) {
            row[column] = value;
        }
        true
    }

    /// The matrix with each row re-written as one of the group in `to`; a row whose entry is [`UNKNOWN`] stays as it is.
    ///
    /// # Panics
    /// When `to` has not one entry a row, or the matrix is not as wide as the encoder made it.
    #[must_use]
    pub fn rewritten(&self, matrix: &Matrix, to: &[u32]) -> Matrix {
        assert_eq!(matrix.rows(), to.len(), "one group a row");
        let mut values = matrix.values().to_vec();
        for (row, &group) in values.chunks_exact_mut(matrix.columns().max(1)).zip(to) {
            self.write(row, group);
        }
        Matrix::new(matrix.columns(), values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CategoricalEncoding, Dataset, Encoder, Encoding, Feature, Groups, NumericEncoding, Values};

    fn category(name: &str, levels: &[&str], codes: &[u32]) -> Feature {
        let levels = levels.iter().map(|level| (*level).to_owned()).collect();
        Feature { name: name.to_owned(), values: Values::Categorical { levels, codes: codes.to_vec() }, sensitive: true }
    }

    fn number(name: &str, numbers: &[f64]) -> Feature {
        Feature { name: name.to_owned(), values: Values::Numeric(numbers.to_vec()), sensitive: true }
    }

    fn groups(name: &str, column: &str, levels: &[&str], codes: &[u32]) -> Groups {
        Groups::new(name, levels.iter().map(|level| (*level).to_owned()).collect(), codes.to_vec()).made_of(vec![column.to_owned()])
    }

    /// Four rows: years, sex (f, m, m, f), race (x, y, z, x).
    fn data() -> Dataset {
        let gender = groups("gender", "sex", &["f", "m"], &[0, 1, 1, 0]);
        let race = groups("race", "race", &["x", "y", "z"], &[0, 1, 2, 0]);
        let both = Groups::intersection(&[&gender, &race]);
        let white = race.against_rest("x").unwrap().renamed("white");
        Dataset {
            name: "hand".to_owned(),
            features: vec![
                number("years", &[1.0, 3.0, 5.0, 5.0]),
                category("sex", &["f", "m"], &[0, 1, 1, 0]),
                category("race", &["x", "y", "z"], &[0, 1, 2, 0]),
            ],
            sensitive: vec![gender, race, both, white],
            rows: vec![1, 2, 3, 4],
            ..Dataset::default()
        }
    }

    fn fitted(data: &Dataset, numeric: NumericEncoding, categorical: CategoricalEncoding, attribute: &str) -> Option<SensitiveInput> {
        Encoder::fit(data, Encoding { numeric, categorical }).unwrap().sensitive_input(data, attribute).unwrap()
    }

    #[test]
    fn every_encoding_by_hand() {
        use {CategoricalEncoding as C, NumericEncoding as N};
        let data = data();
        // One-hot: years, sex = f, sex = m, race = x, y, z.
        let input = fitted(&data, N::MinMax, C::OneHot, "gender").unwrap();
        assert_eq!((input.attribute(), input.columns()), ("gender", &[1, 2][..]));
        assert_eq!(input.groups(), [Some(vec![1.0, 0.0]), Some(vec![0.0, 1.0])]);
        // Ordinal codes 0, 1 and 0, 1, 2: scaled to [0, 1], or to mean 0 and spread 1 of the training rows.
        assert_eq!(fitted(&data, N::MinMax, C::Ordinal, "gender").unwrap().groups(), [Some(vec![0.0]), Some(vec![1.0])]);
        assert_eq!(fitted(&data, N::Standardise, C::Ordinal, "gender").unwrap().groups(), [Some(vec![-1.0]), Some(vec![1.0])]);
        let race = fitted(&data, N::MinMax, C::Ordinal, "race").unwrap();
        assert_eq!(race.groups(), [Some(vec![0.0]), Some(vec![0.5]), Some(vec![1.0])]);
        assert_eq!(race.others(1).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(race.others(UNKNOWN).count(), 0);
        // A number that codes the attribute.
        let mut coded = data;
        coded.features[1] = number("sex", &[1.0, 2.0, 2.0, 1.0]);
        assert_eq!(fitted(&coded, N::None, C::Ordinal, "gender").unwrap().groups(), [Some(vec![1.0]), Some(vec![2.0])]);
    }

    #[test]
    fn rows_are_rewritten_and_unknown_ones_stay() {
        let data = data();
        let encoder = Encoder::fit(&data, Encoding { numeric: NumericEncoding::MinMax, categorical: CategoricalEncoding::OneHot }).unwrap();
        let input = encoder.sensitive_input(&data, "gender").unwrap().unwrap();
        let matrix = encoder.transform(&data).unwrap();
        let flipped = input.rewritten(&matrix, &[1, 0, UNKNOWN, 0]);
        // The same as encoding rows whose column says so.
        let mut other = data;
        other.features[1] = category("sex", &["f", "m"], &[1, 0, 1, 0]);
        assert_eq!(flipped, encoder.transform(&other).unwrap());
        let mut row = matrix.row(0).to_vec();
        assert!(!input.write(&mut row, 7) && row == matrix.row(0));
    }

    #[test]
    fn an_intersection_takes_all_its_columns_along() {
        let input = fitted(&data(), NumericEncoding::MinMax, CategoricalEncoding::Ordinal, "gender x race").unwrap();
        assert_eq!(input.columns(), [1, 2]);
        assert_eq!(input.groups(), [Some(vec![0.0, 0.0]), Some(vec![1.0, 0.5]), Some(vec![1.0, 1.0])]);
    }

    #[test]
    fn what_the_group_does_not_settle_cannot_be_rewritten() {
        use {CategoricalEncoding as C, NumericEncoding as N};
        let mut data = data();
        // `not x` is y or z; no column holds `white` itself.
        assert_eq!(fitted(&data, N::MinMax, C::Ordinal, "white"), None);
        // Its groups as an input settle it, once the column they are made of is gone.
        data.features.push(category("white (group)", &["x", "not x"], &[0, 1, 1, 0]));
        assert_eq!(fitted(&data, N::MinMax, C::Ordinal, "white"), None);
        data.features.remove(2);
        assert_eq!(fitted(&data, N::MinMax, C::Ordinal, "white").unwrap().groups(), [Some(vec![0.0]), Some(vec![1.0])]);
        // An attribute that is no input, and a group that no training row has.
        data.features.remove(1);
        assert_eq!(fitted(&data, N::MinMax, C::Ordinal, "gender"), None);
        data.sensitive[3] = groups("white", "race", &["x", "not x", "w"], &[0, 1, 1, UNKNOWN]);
        let input = fitted(&data, N::MinMax, C::Ordinal, "white").unwrap();
        assert_eq!((input.values(0), input.values(2), input.values(UNKNOWN)), (Some(&[0.0][..]), None, None));
        assert_eq!(input.others(0).collect::<Vec<_>>(), [1]);
    }
}
