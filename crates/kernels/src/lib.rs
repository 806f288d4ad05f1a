//! Dense `f32` kernels that networks of several crates share: matrix products and convolutions on the host.
//!
//! Everything takes and returns slices, holds no state, does no IO. This is the only crate that may contain unsafe code: each use checks
//! its bounds first and says why it is sound.

#![allow(clippy::inline_always, reason = "bodies must be compiled inside the functions that enable the processor's vectors")]

mod convolution;
#[allow(unsafe_code, reason = "vectors are read and written through pointers")]
mod lanes;
mod pooled;
mod product;

pub use convolution::{CHANNEL_STEP, Filter, filter_gradient};
pub use pooled::{NONE, Pooled, pool_backward, pool_forward, pool_sums, sums};
pub use product::{Grid, Threads, multiply};
