//! Vectors of `f32` and the processor features they need.

use std::sync::OnceLock;

/// What the processor offers, found out once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// Plain code.
    Plain,
    /// 256-bit vectors with fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 512-bit vectors.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// The widest vectors of this processor.
pub(crate) fn level() -> Level {
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| levels()[0])
}

/// All that this processor can do, the widest first; plain code always.
pub(crate) fn levels() -> Vec<Level> {
    let mut levels = Vec::new();
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        if is_x86_feature_detected!("avx512f") {
            levels.push(Level::Avx512);
        }
        levels.push(Level::Avx2);
    }
    levels.push(Level::Plain);
    levels
}

/// A vector of `f32`.
pub(crate) trait Lanes: Copy {
    /// Number of values.
    const WIDTH: usize;
    /// All lanes `value`.
    unsafe fn splat(value: f32) -> Self;
    /// `WIDTH` values from `place` on.
    unsafe fn load(place: *const f32) -> Self;
    /// Writes `WIDTH` values from `place` on.
    unsafe fn store(self, place: *mut f32);
    /// `self * factor + sum`.
    unsafe fn multiply_add(self, factor: Self, sum: Self) -> Self;
}

impl Lanes for [f32; 8] {
    const WIDTH: usize = 8;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        [value; 8]
    }

    #[inline(always)]
    unsafe fn load(place: *const f32) -> Self {
        // SAFETY: the caller vouches for 8 values.
        unsafe { place.cast::<[f32; 8]>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn store(self, place: *mut f32) {
        // SAFETY: the caller vouches for 8 places.
        unsafe { place.cast::<[f32; 8]>().write_unaligned(self) }
    }

    #[inline(always)]
    unsafe fn multiply_add(self, factor: Self, sum: Self) -> Self {
        std::array::from_fn(|lane| self[lane] * factor[lane] + sum[lane])
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256, __m512, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_storeu_ps, _mm512_fmadd_ps, _mm512_loadu_ps,
        _mm512_set1_ps, _mm512_storeu_ps,
    };

    use super::Lanes;

    macro_rules! lanes {
        ($vector:ty, $width:literal, $splat:ident, $load:ident, $store:ident, $multiply_add:ident) => {
            impl Lanes for $vector {
                const WIDTH: usize = $width;

                #[inline(always)]
                unsafe fn splat(value: f32) -> Self {
                    // SAFETY: the caller runs on a processor with this vector.
                    unsafe { $splat(value) }
                }

                #[inline(always)]
                unsafe fn load(place: *const f32) -> Self {
                    // SAFETY: as above, and the caller vouches for the values.
                    unsafe { $load(place) }
                }

                #[inline(always)]
                unsafe fn store(self, place: *mut f32) {
                    // SAFETY: as above, and the caller vouches for the places.
                    unsafe { $store(place, self) }
                }

                #[inline(always)]
                unsafe fn multiply_add(self, factor: Self, sum: Self) -> Self {
                    // SAFETY: the caller runs on a processor with this vector.
                    unsafe { $multiply_add(self, factor, sum) }
                }
            }
        };
    }

    lanes!(__m256, 8, _mm256_set1_ps, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_fmadd_ps);
    lanes!(__m512, 16, _mm512_set1_ps, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_fmadd_ps);
}
