//! The encoded inputs of a model.

/// A dense row-major matrix of `f32`: `rows x columns`.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<f32>,
}

impl Matrix {
    /// Joins the values of all rows.
    ///
    /// # Panics
    /// When the number of values is not a multiple of `columns`.
    pub fn new(columns: usize, values: Vec<f32>) -> Self {
        assert!(columns > 0 && values.len().is_multiple_of(columns), "a matrix needs whole rows");
        Matrix { rows: values.len() / columns, columns, values }
    }

    /// Rows without a column: candidates that are known by their recordings alone.
    pub fn without_columns(rows: usize) -> Self {
        Matrix { rows, columns: 0, values: Vec::new() }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// One row.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.columns..(row + 1) * self.columns]
    }

    /// All values, row after row.
    pub fn values(&self) -> &[f32] {
        &self.values
    }
}
