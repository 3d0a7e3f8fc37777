//! Which instructions the processor has.

use std::fmt;
use std::sync::OnceLock;

/// Names a path below the processor's best, so that each can be tested on one machine.
const LOWERED_BY: &str = "KINORA_CPU";

/// A set of instructions that this processor is known to have: a value exists only where it does, so
/// whoever holds one may run that code. Ordered from slow to fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(pub(crate) Level);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// What every processor has.
    Portable,
    /// AVX2 with FMA: 8 sums to a register, bf16 widened on its way in.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 with its bf16 dot product: 16 sums to a register, two products to a sum and instruction.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Path {
    /// The fastest there is, or what `KINORA_CPU` (`portable`, `avx2` or `avx512`) lowers it to.
    pub fn best() -> Self {
        static BEST: OnceLock<Path> = OnceLock::new();
        *BEST.get_or_init(|| {
            let wanted = std::env::var(LOWERED_BY).unwrap_or_default();
            let mut paths = Self::available();
            if let Some(at) = paths.iter().position(|path| path.to_string() == wanted) {
                paths.truncate(at + 1);
            }
            paths.pop().unwrap_or(Path(Level::Portable))
        })
    }

    /// All that this processor can take, from slow to fast.
    pub fn available() -> Vec<Self> {
        #[allow(unused_mut)]
        let mut paths = vec![Path(Level::Portable)];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                paths.push(Path(Level::Avx2));
            }
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512bf16")
            {
                paths.push(Path(Level::Avx512));
            }
        }
        paths
    }

    /// Whether products of bf16 are faster here than products of f32.
    pub fn gains_from_bf16(self) -> bool {
        match self.0 {
            Level::Portable => false,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => false,
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => true,
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Level::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => "avx512",
        })
    }
}

/// Compiles a function once for each path, for loops that the compiler vectorises by itself. The body
/// must be `#[inline(always)]`: it takes on the instructions of the function it lands in.
macro_rules! for_each_path {
    ($(#[$meta:meta])* $vis:vis fn $name:ident $(<$T:ident: $bound:path>)? ($($arg:ident: $ty:ty),* $(,)?) = $body:expr) => {
        $(#[$meta])*
        $vis fn $name$(<$T: $bound>)?(path: $crate::Path, $($arg: $ty),*) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
            fn avx512$(<$T: $bound>)?($($arg: $ty),*) {
                $body($($arg),*)
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2$(<$T: $bound>)?($($arg: $ty),*) {
                $body($($arg),*)
            }
            match path.0 {
                $crate::path::Level::Portable => $body($($arg),*),
                // SAFETY: a path exists only where the processor has its instructions.
                #[cfg(target_arch = "x86_64")]
                $crate::path::Level::Avx2 => unsafe { avx2$(::<$T>)?($($arg),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                $crate::path::Level::Avx512 => unsafe { avx512$(::<$T>)?($($arg),*) },
            }
        }
    };
}
pub(crate) use for_each_path;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_is_available() {
        let paths = Path::available();
        assert!(paths.contains(&Path::best()) && paths.is_sorted());
    }
}
