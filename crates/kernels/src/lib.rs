//! Dense `f32` kernels that networks of several crates share: matrix products and convolutions on the host.
//!
//! Everything takes and returns slices, holds no state, does no IO. Numbers are computed with unsafe code in this crate alone (the only
//! other unsafe code of the workspace confines decoders, in `evenhand-media`): each use checks its bounds first, in arithmetic that does
//! not wrap, and says why it is sound.

#![allow(clippy::inline_always, reason = "bodies must be compiled inside the functions that enable the processor's vectors")]

mod convolution;
#[allow(unsafe_code, reason = "vectors are read and written through pointers")]
mod lanes;
mod pooled;
mod product;

/// Values of a shape.
///
/// # Panics
/// When there are more than a number holds: a wrapped size would pass for a small one.
#[inline(always)]
fn extent<const N: usize>(sides: [usize; N]) -> usize {
    sides.into_iter().try_fold(1_usize, usize::checked_mul).expect("the shape has fewer values than the address space")
}

pub use convolution::{CHANNEL_STEP, Filter, filter_gradient};
pub use pooled::{NONE, Pooled, pool_backward, pool_forward, pool_sums, sums};
pub use product::{Grid, Threads, multiply};
