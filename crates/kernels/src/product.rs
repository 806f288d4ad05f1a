//! Matrix products over strided views.

use crate::extent;

/// How many threads a product may use. The result does not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Threads {
    /// The calling thread only.
    #[default]
    One,
    /// The threads of the current rayon pool.
    All,
}

/// A matrix seen in a slice: `rows x columns`, entry (r, c) at `r * row_stride + c * column_stride`.
#[derive(Debug, Clone, Copy)]
pub struct Grid<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Grid<'a> {
    /// A matrix stored row after row.
    ///
    /// # Panics
    /// When the slice holds fewer than `rows * columns` values.
    pub fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        Grid::strided(values, rows, columns, columns, 1)
    }

    /// A matrix with any strides (overlapping rows are allowed: a sliding window).
    ///
    /// # Panics
    /// When its last entry lies outside the slice.
    pub fn strided(values: &'a [f32], rows: usize, columns: usize, row_stride: usize, column_stride: usize) -> Self {
        assert!(fits(values.len(), rows, columns, row_stride, column_stride), "the slice holds the whole matrix");
        Grid { values, rows, columns, row_stride, column_stride }
    }

    /// The same values, rows and columns swapped.
    #[must_use]
    pub fn transposed(self) -> Self {
        Grid { rows: self.columns, columns: self.rows, row_stride: self.column_stride, column_stride: self.row_stride, ..self }
    }
}

fn fits(length: usize, rows: usize, columns: usize, row_stride: usize, column_stride: usize) -> bool {
    if rows == 0 || columns == 0 {
        return true;
    }
    // The product library counts in `isize`; a last place inside a slice of `f32` is below its end.
    let last = (rows - 1).checked_mul(row_stride).zip((columns - 1).checked_mul(column_stride)).and_then(|(a, b)| a.checked_add(b));
    last.is_some_and(|last| last < length)
}

/// `out = a b`, or `out += a b` when `accumulate`; `out` is stored row after row, `[a.rows, b.columns]`.
///
/// ```
/// use evenhand_kernels::{Grid, Threads, multiply};
///
/// let (a, b) = ([1.0, 2.0, 3.0, 4.0], [5.0, 6.0]);
/// let mut out = [0.0; 2];
/// multiply(&mut out, Grid::new(&a, 2, 2), Grid::new(&b, 2, 1), false, Threads::One);
/// assert_eq!(out, [17.0, 39.0]);
/// ```
///
/// # Panics
/// When the shapes do not fit.
pub fn multiply(out: &mut [f32], a: Grid<'_>, b: Grid<'_>, accumulate: bool, threads: Threads) {
    assert_eq!(a.columns, b.rows, "inner sizes agree");
    let (rows, columns) = (a.rows, b.columns);
    assert!(out.len() >= extent([rows, columns]), "the output holds the product");
    if rows == 0 || columns == 0 {
        return;
    }
    if a.columns == 0 {
        if !accumulate {
            out[..rows * columns].fill(0.0);
        }
        return;
    }
    let parallelism = match threads {
        Threads::One => gemm::Parallelism::None,
        Threads::All => gemm::Parallelism::Rayon(0),
    };
    #[allow(unsafe_code, reason = "the product library takes pointers")]
    // SAFETY: `Grid` was built inside its slice (`fits`), the output's length is asserted above, it cannot overlap the inputs because it
    // is borrowed mutably, and all strides are the ones those checks used.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            a.columns,
            out.as_mut_ptr(),
            1,
            columns as isize,
            accumulate,
            a.values.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.values.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            1.0_f32,
            1.0_f32,
            false,
            false,
            false,
            parallelism,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_by_hand() {
        let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let b = [1.0, 0.0, -1.0, 2.0, 0.5, 1.0];
        let mut out = [10.0; 4];
        multiply(&mut out, Grid::new(&a, 2, 3), Grid::new(&b, 3, 2), false, Threads::One);
        assert_eq!(out, [0.5, 7.0, 2.0, 16.0]);
        multiply(&mut out, Grid::new(&a, 2, 3), Grid::new(&b, 3, 2), true, Threads::All);
        assert_eq!(out, [1.0, 14.0, 4.0, 32.0]);
        // a' a
        let mut out = [0.0; 9];
        multiply(&mut out, Grid::new(&a, 2, 3).transposed(), Grid::new(&a, 2, 3), false, Threads::One);
        assert_eq!(out, [17.0, 22.0, 27.0, 22.0, 29.0, 36.0, 27.0, 36.0, 45.0]);
        // A window of two sliding over 1 2 3 4.
        let line = [1.0, 2.0, 3.0, 4.0];
        let mut out = [0.0; 3];
        multiply(&mut out, Grid::strided(&line, 3, 2, 1, 1), Grid::new(&[1.0, -1.0], 2, 1), false, Threads::One);
        assert_eq!(out, [-1.0; 3]);
    }

    #[test]
    #[should_panic(expected = "the slice holds the whole matrix")]
    fn a_view_beyond_its_slice_is_refused() {
        let _ = Grid::new(&[1.0; 5], 2, 3);
    }

    #[test]
    fn sizes_that_wrap_are_refused() {
        let values = [1.0; 8];
        let half = usize::MAX / 2 + 1;
        // 2 half wraps to 0: the last entry would seem to be the first.
        assert!(!fits(8, 3, 1, half, 1) && !fits(8, 1, 3, 1, half) && !fits(8, 2, 2, usize::MAX, 1));
        assert!(fits(8, 0, 3, half, half) && fits(8, 2, 4, 4, 1) && !fits(8, 2, 4, 5, 1));
        let tall = Grid::strided(&values, half, 1, 0, 1);
        let wide = Grid::strided(&values, 1, 2, 1, 1);
        let wraps = std::panic::catch_unwind(|| multiply(&mut [], tall, wide, false, Threads::One));
        assert!(wraps.is_err(), "half rows of two columns have room nowhere");
    }
}
