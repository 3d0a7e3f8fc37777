//! Weights that stay in eight bits.

use std::marker::PhantomData;
use std::ops::Range;

use half::bf16;

use crate::element::Element;
use crate::pack::Weights;
use crate::path::{Path, for_each_path};
use crate::tile::COLUMNS;

/// Weights in eight bits with a scale for each column, laid out as [`Packed`](crate::Packed) lays out `T`: a quarter of
/// f32's memory, half of bf16's. A product widens a stretch of a panel at a time, 32 KiB that its rows then meet in the
/// first-level cache. A weight is value · scale, rounded to bf16, whatever `T` is: the same, bit for bit, as if all had
/// been widened before.
#[derive(Clone)]
pub struct Eight<T> {
    panels: Vec<i8>,
    /// Those of a panel's columns, each as often as a group has values.
    scales: Vec<f32>,
    depth: usize,
    columns: usize,
    of: PhantomData<fn() -> T>,
}

impl<T: Element> Eight<T> {
    /// From `values` of `columns` rows of `depth`, and a scale for each row.
    ///
    /// # Panics
    /// If there are not as many values or scales.
    pub fn new(values: &[i8], scales: &[f32], depth: usize) -> Self {
        let columns = scales.len();
        assert_eq!(values.len(), columns * depth, "{columns} × {depth} values");
        let panel = Self::panel(depth);
        let mut eight = Self {
            panels: vec![0; columns.div_ceil(COLUMNS) * panel],
            scales: vec![0.0; columns.next_multiple_of(COLUMNS) * T::GROUP],
            depth,
            columns,
            of: PhantomData,
        };
        for (column, scale) in scales.iter().enumerate() {
            eight.scales[column * T::GROUP..][..T::GROUP].fill(*scale);
            let groups = &mut eight.panels[column / COLUMNS * panel..][..panel];
            let groups = groups.chunks_exact_mut(COLUMNS * T::GROUP);
            let row = values[column * depth..][..depth].chunks(T::GROUP);
            for (to, from) in groups.zip(row) {
                to[column % COLUMNS * T::GROUP..][..from.len()].copy_from_slice(from);
            }
        }
        eight
    }

    /// Values of a panel.
    fn panel(depth: usize) -> usize {
        depth.next_multiple_of(T::GROUP) * COLUMNS
    }
}

impl<T: Element> Weights<T> for Eight<T> {
    fn depth(&self) -> usize {
        self.depth
    }

    fn columns(&self) -> usize {
        self.columns
    }

    fn stretch<'a>(
        &'a self,
        path: Path,
        i: usize,
        k: Range<usize>,
        room: &'a mut Vec<T>,
    ) -> &'a [T] {
        let len = Self::panel(k.len());
        let values = &self.panels[i * Self::panel(self.depth) + k.start * COLUMNS..][..len];
        let scales = &self.scales[i * COLUMNS * T::GROUP..][..COLUMNS * T::GROUP];
        room.resize(len, T::default());
        widen(path, values, scales, room);
        room
    }
}

for_each_path! {
    fn widen<T: Element>(values: &[i8], scales: &[f32], out: &mut [T]) = widen_loop
}

#[inline(always)]
fn widen_loop<T: Element>(values: &[i8], scales: &[f32], out: &mut [T]) {
    let lines = values.chunks_exact(scales.len());
    for (values, out) in lines.zip(out.chunks_exact_mut(scales.len())) {
        for ((out, value), scale) in out.iter_mut().zip(values).zip(scales) {
            let wide = <bf16 as Element>::from_f32(f32::from(*value) * scale);
            *out = T::from_bf16(wide);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::matmul::{Finish, multiply_on, numbers};
    use crate::pack::{Packed, Plain};

    fn check<T: Element>(m: usize, n: usize, k: usize, seed: u64) -> Result<(), TestCaseError> {
        let x = numbers::<T>(m * k, seed);
        let x = Plain::new(&x, m, k);
        let values = numbers::<f32>(n * k, seed + 1);
        let values: Vec<i8> = values.iter().map(|v| (v * 128.0) as i8).collect();
        let scales = numbers::<f32>(n, seed + 2);
        let wide = values.iter().enumerate();
        let wide = wide.map(|(i, v)| bf16::from_f32(f32::from(*v) * scales[i / k]).to_f32());
        let wide: Vec<T> = wide.map(T::from_f32).collect();
        let (eight, packed) = (
            Eight::<T>::new(&values, &scales, k),
            Packed::new(&wide, n, k),
        );
        for path in Path::available() {
            let y: Vec<f32> = multiply_on(path, &x, &eight, &Finish::default());
            let expected: Vec<f32> = multiply_on(path, &x, &packed, &Finish::default());
            let bits = |y: &[f32]| y.iter().map(|y| y.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&y), bits(&expected), "{}", path);
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn a_product_is_that_of_the_widened_weights(
            m in 0..60usize, n in 0..100usize, k in 0..700usize, seed in 0..1000u64,
        ) {
            check::<f32>(m, n, k, seed)?;
            check::<bf16>(m, n, k, seed)?;
        }
    }

    #[test]
    fn many_blocks_equal_one() {
        check::<f32>(130, 300, 1030, 1).expect("equal");
        check::<bf16>(130, 300, 1030, 2).expect("equal");
    }
}
