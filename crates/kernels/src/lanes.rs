//! 16 numbers that are worked on side by side, where the compiler does not see by itself that it can.

use crate::element::Element;

/// As many as a register of AVX-512 holds.
pub const LANES: usize = 16;

/// 16 values of f32. All methods are inlined into a function that was chosen by [`by_lanes`], so that they
/// become its instructions.
pub trait Lanes: Copy {
    fn zero() -> Self;
    fn load<T: Element>(from: &[T; LANES]) -> Self;
    fn store(self, to: &mut [f32; LANES]);
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn times(self, factor: f32) -> Self;
    /// `self · factor + other`, in one rounding or in two.
    fn times_and(self, factor: f32, other: Self) -> Self;
}

impl Lanes for [f32; LANES] {
    #[inline(always)]
    fn zero() -> Self {
        [0.0; LANES]
    }

    #[inline(always)]
    fn load<T: Element>(from: &[T; LANES]) -> Self {
        from.map(T::to_f32)
    }

    #[inline(always)]
    fn store(self, to: &mut [f32; LANES]) {
        *to = self;
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        std::array::from_fn(|i| self[i] + other[i])
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        std::array::from_fn(|i| self[i] - other[i])
    }

    #[inline(always)]
    fn times(self, factor: f32) -> Self {
        self.map(|x| x * factor)
    }

    #[inline(always)]
    fn times_and(self, factor: f32, other: Self) -> Self {
        std::array::from_fn(|i| self[i] * factor + other[i])
    }
}

#[cfg(target_arch = "x86_64")]
pub mod x86 {
    use std::arch::x86_64::*;

    use super::{Element, LANES, Lanes};

    /// One register. Only for functions that [`super::by_lanes`] chose for AVX-512.
    #[derive(Clone, Copy)]
    pub struct One(__m512);

    /// Two registers. Only for functions that [`super::by_lanes`] chose for AVX2 with FMA.
    #[derive(Clone, Copy)]
    pub struct Two([__m256; 2]);

    impl Lanes for One {
        #[inline(always)]
        fn zero() -> Self {
            // SAFETY: here and below, only code that runs with AVX-512 has a value of this type.
            Self(unsafe { _mm512_setzero_ps() })
        }

        #[inline(always)]
        fn load<T: Element>(from: &[T; LANES]) -> Self {
            // SAFETY: as above; 16 values are read, f32, or bf16 as the upper halves of such.
            Self(unsafe {
                match size_of::<T>() {
                    4 => _mm512_loadu_ps(from.as_ptr().cast()),
                    _ => {
                        let halves = _mm256_loadu_si256(from.as_ptr().cast());
                        let wide = _mm512_cvtepu16_epi32(halves);
                        _mm512_castsi512_ps(_mm512_slli_epi32::<16>(wide))
                    }
                }
            })
        }

        #[inline(always)]
        fn store(self, to: &mut [f32; LANES]) {
            // SAFETY: as above; there is room for 16 values.
            unsafe { _mm512_storeu_ps(to.as_mut_ptr(), self.0) }
        }

        #[inline(always)]
        fn plus(self, other: Self) -> Self {
            // SAFETY: as above.
            Self(unsafe { _mm512_add_ps(self.0, other.0) })
        }

        #[inline(always)]
        fn minus(self, other: Self) -> Self {
            // SAFETY: as above.
            Self(unsafe { _mm512_sub_ps(self.0, other.0) })
        }

        #[inline(always)]
        fn times(self, factor: f32) -> Self {
            // SAFETY: as above.
            Self(unsafe { _mm512_mul_ps(self.0, _mm512_set1_ps(factor)) })
        }

        #[inline(always)]
        fn times_and(self, factor: f32, other: Self) -> Self {
            // SAFETY: as above.
            Self(unsafe { _mm512_fmadd_ps(self.0, _mm512_set1_ps(factor), other.0) })
        }
    }

    impl Lanes for Two {
        #[inline(always)]
        fn zero() -> Self {
            // SAFETY: here and below, only code that runs with AVX2 and FMA has a value of this type.
            Self([unsafe { _mm256_setzero_ps() }; 2])
        }

        #[inline(always)]
        fn load<T: Element>(from: &[T; LANES]) -> Self {
            // SAFETY: as above; twice 8 values are read, f32, or bf16 as the upper halves of such.
            Self(unsafe {
                let from = from.as_ptr();
                match size_of::<T>() {
                    4 => {
                        let from: *const f32 = from.cast();
                        [_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(LANES / 2))]
                    }
                    _ => {
                        let halves = _mm256_loadu_si256(from.cast());
                        let low = _mm256_cvtepu16_epi32(_mm256_castsi256_si128(halves));
                        let high = _mm256_cvtepu16_epi32(_mm256_extracti128_si256::<1>(halves));
                        [
                            _mm256_castsi256_ps(_mm256_slli_epi32::<16>(low)),
                            _mm256_castsi256_ps(_mm256_slli_epi32::<16>(high)),
                        ]
                    }
                }
            })
        }

        #[inline(always)]
        fn store(self, to: &mut [f32; LANES]) {
            // SAFETY: as above; there is room for twice 8 values.
            unsafe {
                _mm256_storeu_ps(to.as_mut_ptr(), self.0[0]);
                _mm256_storeu_ps(to.as_mut_ptr().add(LANES / 2), self.0[1]);
            }
        }

        #[inline(always)]
        fn plus(self, other: Self) -> Self {
            // SAFETY: as above.
            Self(unsafe {
                [
                    _mm256_add_ps(self.0[0], other.0[0]),
                    _mm256_add_ps(self.0[1], other.0[1]),
                ]
            })
        }

        #[inline(always)]
        fn minus(self, other: Self) -> Self {
            // SAFETY: as above.
            Self(unsafe {
                [
                    _mm256_sub_ps(self.0[0], other.0[0]),
                    _mm256_sub_ps(self.0[1], other.0[1]),
                ]
            })
        }

        #[inline(always)]
        fn times(self, factor: f32) -> Self {
            // SAFETY: as above.
            Self(unsafe {
                [
                    _mm256_mul_ps(self.0[0], _mm256_set1_ps(factor)),
                    _mm256_mul_ps(self.0[1], _mm256_set1_ps(factor)),
                ]
            })
        }

        #[inline(always)]
        fn times_and(self, factor: f32, other: Self) -> Self {
            // SAFETY: as above.
            Self(unsafe {
                let factor = _mm256_set1_ps(factor);
                [
                    _mm256_fmadd_ps(self.0[0], factor, other.0[0]),
                    _mm256_fmadd_ps(self.0[1], factor, other.0[1]),
                ]
            })
        }
    }
}

/// Compiles a function of [`Lanes`] and an element once for each path. The body must be
/// `#[inline(always)]`.
macro_rules! by_lanes {
    ($vis:vis fn $name:ident<$T:ident: $bound:path>($($arg:ident: $ty:ty),* $(,)?) = $body:ident) => {
        $vis fn $name<$T: $bound>(path: $crate::Path, $($arg: $ty),*) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
            fn avx512<$T: $bound>($($arg: $ty),*) {
                $body::<$crate::lanes::x86::One, $T>($($arg),*)
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2<$T: $bound>($($arg: $ty),*) {
                $body::<$crate::lanes::x86::Two, $T>($($arg),*)
            }
            match path.0 {
                $crate::path::Level::Portable => {
                    $body::<[f32; $crate::lanes::LANES], $T>($($arg),*)
                }
                // SAFETY: a path exists only where the processor has its instructions.
                #[cfg(target_arch = "x86_64")]
                $crate::path::Level::Avx2 => unsafe { avx2::<$T>($($arg),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                $crate::path::Level::Avx512 => unsafe { avx512::<$T>($($arg),*) },
            }
        }
    };
}
pub(crate) use by_lanes;
