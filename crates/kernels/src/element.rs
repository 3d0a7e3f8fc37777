//! What matrices are made of.

use half::bf16;

use crate::path::Path;
use crate::tile::{self, TileFn};

/// f32 or bf16. Products are summed in f32 whatever they are made of.
pub trait Element: Copy + Default + PartialEq + Send + Sync + 'static {
    /// How many values next to each other along a row of weights lie next to each other in a panel.
    const GROUP: usize;

    fn from_f32(x: f32) -> Self;
    fn from_bf16(x: bf16) -> Self;
    fn to_f32(self) -> f32;

    /// The tile's loop on a path.
    #[doc(hidden)]
    fn tile(path: Path) -> TileFn<Self>;
}

/// Two types at once, for a macro that knows one.
pub(crate) trait Elements {
    type In: Element;
    type Out: Element;
}

impl<I: Element, O: Element> Elements for (I, O) {
    type In = I;
    type Out = O;
}

impl Element for f32 {
    const GROUP: usize = 1;

    #[inline(always)]
    fn from_f32(x: f32) -> Self {
        x
    }

    #[inline(always)]
    fn from_bf16(x: bf16) -> Self {
        Element::to_f32(x)
    }

    #[inline(always)]
    fn to_f32(self) -> f32 {
        self
    }

    fn tile(path: Path) -> TileFn<Self> {
        tile::of_f32(path)
    }
}

impl Element for bf16 {
    const GROUP: usize = 2;

    /// To the nearest, ties to even; branchless, so that loops over it vectorise.
    #[inline(always)]
    fn from_f32(x: f32) -> Self {
        let bits = x.to_bits();
        let rounded = (bits.wrapping_add(0x7fff + ((bits >> 16) & 1))) >> 16;
        let quiet = (bits >> 16) | 0x40;
        let nan = (bits & 0x7fff_ffff) > 0x7f80_0000;
        bf16::from_bits(if nan { quiet } else { rounded } as u16)
    }

    #[inline(always)]
    fn from_bf16(x: bf16) -> Self {
        x
    }

    #[inline(always)]
    fn to_f32(self) -> f32 {
        f32::from_bits(u32::from(self.to_bits()) << 16)
    }

    fn tile(path: Path) -> TileFn<Self> {
        tile::of_bf16(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_as_half_does() {
        for i in 0..u32::MAX / 4099 {
            let x = f32::from_bits(i * 4099);
            let (ours, theirs) = (<bf16 as Element>::from_f32(x), bf16::from_f32(x));
            assert!(ours == theirs || ours.is_nan() && theirs.is_nan(), "{x}");
        }
    }
}
