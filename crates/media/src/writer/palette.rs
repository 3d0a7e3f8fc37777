//! The 255 colours that stand for a picture in a GIF.

use crate::Frame;

/// Colours are counted in 32³ bins and looked up in 64³.
const COUNT_BITS: u32 = 5;
const LOOKUP_BITS: u32 = 6;
const UNKNOWN: u16 = u16::MAX;

/// Up to 255 colours; index 255 is left free for "as before".
pub(super) struct Palette {
    colors: Vec<[u8; 3]>,
    /// The nearest colour of each lookup bin, found when first asked for.
    nearest: Vec<u16>,
    /// The mean squared error on the picture that it was made for.
    error: f64,
}

impl Palette {
    /// Splits the box of colours that varies most, again and again, at its mean.
    pub fn of(histogram: &Histogram) -> Self {
        let mut boxes = vec![ColorBox::new(histogram.bins.clone())];
        while boxes.len() < 255 {
            let widest =
                (0..boxes.len()).max_by(|a, b| boxes[*a].spread.total_cmp(&boxes[*b].spread));
            let Some(widest) = widest.filter(|i| boxes[*i].spread > 0.0) else {
                break;
            };
            let (low, high) = boxes.swap_remove(widest).split();
            boxes.extend([ColorBox::new(low), ColorBox::new(high)]);
        }
        let mut palette = Self {
            colors: boxes
                .iter()
                .map(|b| b.mean.map(|c| c.round() as u8))
                .collect(),
            nearest: vec![UNKNOWN; 1 << (3 * LOOKUP_BITS)],
            error: 0.0,
        };
        palette.error = palette.error_on(histogram);
        palette
    }

    /// Whether a picture is shown about as well as the one that the palette was made for.
    pub fn suits(&mut self, histogram: &Histogram) -> bool {
        self.error_on(histogram) <= 1.3 * self.error + 2.0
    }

    fn error_on(&mut self, histogram: &Histogram) -> f64 {
        let sum: f64 = histogram
            .bins
            .iter()
            .map(|bin| {
                let color = bin.mean();
                let index = self.index_of(color.map(|c| c.round() as u8));
                let near = self.color(index);
                let distance: f64 = (0..3)
                    .map(|i| (color[i] - f64::from(near[i])).powi(2))
                    .sum();
                distance * bin.count
            })
            .sum();
        sum / histogram.total.max(1.0)
    }

    pub fn color(&self, index: u8) -> [u8; 3] {
        self.colors[usize::from(index)]
    }

    /// The index of the colour nearest to `color`.
    pub fn index_of(&mut self, color: [u8; 3]) -> u8 {
        let bin = bin_of(color, LOOKUP_BITS);
        if self.nearest[bin] == UNKNOWN {
            let distance = |other: &[u8; 3]| -> u32 {
                (0..3)
                    .map(|i| u32::from(color[i].abs_diff(other[i])).pow(2))
                    .sum()
            };
            let best = (0..self.colors.len()).min_by_key(|i| distance(&self.colors[*i]));
            self.nearest[bin] = best.unwrap_or(0) as u16;
        }
        self.nearest[bin] as u8
    }

    /// 256 colours, three bytes each.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.colors.concat();
        bytes.resize(768, 0);
        bytes
    }
}

/// How often each colour occurs in a picture.
pub(super) struct Histogram {
    bins: Vec<Bin>,
    total: f64,
}

impl Histogram {
    pub fn of(frame: &Frame) -> Self {
        let mut bins = vec![Bin::default(); 1 << (3 * COUNT_BITS)];
        for pixel in frame.rgb().chunks_exact(3) {
            let bin = &mut bins[bin_of([pixel[0], pixel[1], pixel[2]], COUNT_BITS)];
            bin.count += 1.0;
            for (sum, value) in bin.sum.iter_mut().zip(pixel) {
                *sum += f64::from(*value);
            }
        }
        bins.retain(|bin| bin.count > 0.0);
        let total = bins.iter().map(|bin| bin.count).sum();
        Self { bins, total }
    }
}

fn bin_of(color: [u8; 3], bits: u32) -> usize {
    color
        .iter()
        .fold(0, |bin, c| bin << bits | usize::from(c >> (8 - bits)))
}

#[derive(Clone, Copy, Default)]
struct Bin {
    count: f64,
    sum: [f64; 3],
}

impl Bin {
    fn mean(&self) -> [f64; 3] {
        self.sum.map(|sum| sum / self.count)
    }
}

/// Colours that will be shown as their mean.
struct ColorBox {
    bins: Vec<Bin>,
    mean: [f64; 3],
    /// The axis along which they differ most, and by how much: squares summed over pixels.
    axis: usize,
    spread: f64,
}

impl ColorBox {
    fn new(bins: Vec<Bin>) -> Self {
        let count: f64 = bins.iter().map(|bin| bin.count).sum();
        let mean = [0, 1, 2].map(|i| bins.iter().map(|bin| bin.sum[i]).sum::<f64>() / count);
        let spread = [0, 1, 2].map(|i| -> f64 {
            bins.iter()
                .map(|bin| (bin.mean()[i] - mean[i]).powi(2) * bin.count)
                .sum()
        });
        let axis = (0..3)
            .max_by(|a, b| spread[*a].total_cmp(&spread[*b]))
            .unwrap_or(0);
        Self {
            spread: if bins.len() > 1 { spread[axis] } else { 0.0 },
            bins,
            mean,
            axis,
        }
    }

    /// Two parts that are not empty, as the bins differ along the axis.
    fn split(self) -> (Vec<Bin>, Vec<Bin>) {
        let (axis, middle) = (self.axis, self.mean[self.axis]);
        self.bins
            .into_iter()
            .partition(|bin| bin.mean()[axis] <= middle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_colours_are_kept_exactly() {
        let colors = [[10, 200, 30], [250, 0, 0], [0, 0, 90], [255, 255, 255]];
        let frame = Frame::from_fn(8, 8, |x, _| colors[x as usize % 4]).unwrap();
        let mut palette = Palette::of(&Histogram::of(&frame));
        for color in colors {
            let index = palette.index_of(color);
            assert_eq!(palette.color(index), color);
        }
    }

    #[test]
    fn a_gradient_is_close_and_another_scene_does_not_suit() {
        let warm = Frame::from_fn(128, 128, |x, y| [x as u8 * 2, y as u8, 20]).unwrap();
        let cold = Frame::from_fn(128, 128, |x, y| [10, y as u8 * 2, x as u8 * 2]).unwrap();
        let mut palette = Palette::of(&Histogram::of(&warm));
        assert!(palette.error < 40.0, "{}", palette.error);
        assert!(palette.suits(&Histogram::of(&warm)));
        assert!(!palette.suits(&Histogram::of(&cold)));
    }
}
