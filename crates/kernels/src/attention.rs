//! Scaled dot-product attention that never holds more scores than a few rows of a few hundred keys.
//!
//! Keys and values are packed like weights, so that scores and their mixture of values are both tiles.
//! The softmax runs along with the keys: each row keeps the largest score so far, and what has been
//! summed under an older one is scaled down.

use std::ops::Range;

use rayon::prelude::*;

use crate::element::Element;
use crate::math;
use crate::norm::in_tasks;
use crate::out::Out;
use crate::pack::{Packed, Rows, Strided};
use crate::path::{Path, for_each_path};
use crate::tile::{COLUMNS, ROWS, Sums, Tile};

/// Tiles of queries of a task: their sums stay in the second-level cache with a block of keys and values.
const TILES: usize = 8;

/// Sizes of an attention. Queries are (b, n, h·d), keys and values (b, l, h·d), the result is as the queries.
#[derive(Debug, Clone, Copy)]
pub struct Heads {
    pub batch: usize,
    pub queries: usize,
    pub keys: usize,
    pub heads: usize,
    /// Channels of a head, at most [`Heads::WIDEST`].
    pub width: usize,
    /// What scores are multiplied with.
    pub scale: f32,
}

/// What is added to the scores.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bias<'a> {
    /// Per head and pair of positions, (h, n, l).
    pub pairs: Option<&'a [f32]>,
    /// Per batch item and key, (b, l).
    pub keys: Option<&'a [f32]>,
    /// Per batch item, query and key, (b, n, l).
    pub queries: Option<&'a [f32]>,
}

/// Attention on this processor's best path, with products of `T`, of queries, keys and values.
///
/// A query that no key is there for, or none with a score above −∞, gets zeros. What is not a number stays in the
/// query, the head's queries (of a key) or the channel (of a value) that it is in; so does what is infinite, as no number.
///
/// # Panics
/// If a slice does not have the size that `heads` says, or a head is too wide.
pub fn attention<T: Element, K: Element, O: Element>(
    q: &[f32],
    kv: [&[K]; 2],
    heads: Heads,
    bias: &Bias,
) -> Vec<O> {
    attention_on::<T, K, O>(Path::best(), q, kv, heads, bias)
}

/// [`attention`] on a given path.
///
/// # Panics
/// As [`attention`].
pub fn attention_on<T: Element, K: Element, O: Element>(
    path: Path,
    q: &[f32],
    [k, v]: [&[K]; 2],
    heads: Heads,
    bias: &Bias,
) -> Vec<O> {
    heads.check([q.len(), k.len(), v.len()], bias);
    let sides: Vec<(Packed<T>, Packed<T>)> = (0..heads.batch * heads.heads)
        .into_par_iter()
        .map(|i| {
            let at = (i / heads.heads, i % heads.heads);
            let keys = Packed::from_rows(path, &heads.strided(k, heads.keys, at, 1.0));
            let values = Packed::from_columns(path, &heads.strided(v, heads.keys, at, 1.0));
            (keys, values)
        })
        .collect();
    let blocks = heads.queries.div_ceil(TILES * ROWS);
    let run = |out: &Out<O>| {
        let task = |scratch: &mut Scratch<T>, task: usize| {
            let (i, block) = (task / blocks, task % blocks);
            let (item, head) = (i / heads.heads, i % heads.heads);
            let first = block * TILES * ROWS;
            let part = Part {
                path,
                heads,
                bias,
                item,
                head,
                rows: first..(first + TILES * ROWS).min(heads.queries),
            };
            part.run(
                &heads.strided(q, heads.queries, (item, head), heads.scale),
                &sides[i],
                scratch,
                out,
            );
        };
        in_tasks(sides.len() * blocks, Scratch::default, task);
    };
    // SAFETY: the tasks cover every batch item, head and query, and each writes its own.
    unsafe { Out::filled(q.len(), run) }
}

impl Heads {
    /// What goes through a tile at once.
    pub const WIDEST: usize = Tile::<f32>::DEPTH;

    fn row(&self) -> usize {
        self.heads * self.width
    }

    /// One head's part of `rows` rows of each item.
    fn strided<'a, U>(
        &self,
        values: &'a [U],
        rows: usize,
        (item, head): (usize, usize),
        scale: f32,
    ) -> Strided<'a, U> {
        Strided {
            values,
            start: item * rows * self.row() + head * self.width,
            stride: self.row(),
            count: rows,
            depth: self.width,
            scale,
        }
    }

    fn check(&self, [q, k, v]: [usize; 3], bias: &Bias) {
        let Self {
            batch,
            queries,
            keys,
            heads,
            ..
        } = *self;
        assert_eq!(q, batch * queries * self.row(), "queries");
        assert_eq!(k, batch * keys * self.row(), "keys");
        assert_eq!(v, k, "values");
        assert!(self.width <= Self::WIDEST, "a head of {}", self.width);
        assert!(bias.pairs.is_none_or(|b| b.len() == heads * queries * keys));
        assert!(bias.keys.is_none_or(|b| b.len() == batch * keys));
        assert!(
            bias.queries
                .is_none_or(|b| b.len() == batch * queries * keys)
        );
    }
}

/// Room that a thread uses again and again.
struct Scratch<T> {
    /// Rows of queries, then of weights.
    queries: Vec<T>,
    weights: Vec<T>,
    scores: Vec<Sums>,
    states: Vec<State>,
}

impl<T> Default for Scratch<T> {
    fn default() -> Self {
        Self {
            queries: Vec::new(),
            weights: Vec::new(),
            scores: Vec::new(),
            states: Vec::new(),
        }
    }
}

/// What a tile of queries has come to so far.
#[derive(Clone, Default)]
struct State {
    /// The largest score of each row.
    largest: [f32; ROWS],
    /// The sum of each row's weights.
    total: [f32; ROWS],
    /// The weighted sum of values, a tile for each 32 channels.
    mixed: Vec<Sums>,
}

impl State {
    /// What a row's mixed values are multiplied with at last. A row without any key to attend to comes to 0.
    fn factor(&self, row: usize) -> f32 {
        let empty = self.largest[row] == f32::NEG_INFINITY && !self.total[row].is_nan();
        if empty { 0.0 } else { 1.0 / self.total[row] }
    }
}

/// Some queries of one head.
struct Part<'a> {
    path: Path,
    heads: Heads,
    bias: &'a Bias<'a>,
    item: usize,
    head: usize,
    rows: Range<usize>,
}

impl Part<'_> {
    fn run<T: Element, O: Element>(
        &self,
        queries: &impl Rows<T>,
        (keys, values): &(Packed<T>, Packed<T>),
        scratch: &mut Scratch<T>,
        out: &Out<O>,
    ) {
        let (tile, width) = (Tile::<T>::new(self.path), self.heads.width);
        let padded = width.next_multiple_of(T::GROUP);
        let tiles = self.rows.len().div_ceil(ROWS);
        scratch
            .queries
            .resize(tiles * ROWS * Tile::<T>::STRIDE, T::default());
        scratch
            .weights
            .resize(ROWS * Tile::<T>::STRIDE, T::default());
        scratch
            .scores
            .resize(Tile::<T>::DEPTH / COLUMNS, [0.0; ROWS * COLUMNS]);
        let rows = scratch.queries.chunks_mut(Tile::<T>::STRIDE);
        for (row, to) in self.rows.clone().zip(rows) {
            queries.fetch(self.path, row, 0..width, &mut to[..width]);
            to[width..padded].fill(T::default());
        }
        let fresh = State {
            largest: [f32::NEG_INFINITY; ROWS],
            total: [0.0; ROWS],
            mixed: vec![[0.0; ROWS * COLUMNS]; width.div_ceil(COLUMNS)],
        };
        scratch.states.clear();
        scratch.states.resize(tiles, fresh);

        for first in (0..self.heads.keys).step_by(Tile::<T>::DEPTH) {
            let span = first..(first + Tile::<T>::DEPTH).min(self.heads.keys);
            let panels = first / COLUMNS..span.end.div_ceil(COLUMNS);
            let queries = scratch.queries.chunks(ROWS * Tile::<T>::STRIDE);
            for (i, (queries, state)) in queries.zip(&mut scratch.states).enumerate() {
                let scores = &mut scratch.scores[..panels.len()];
                for (scores, panel) in scores.iter_mut().zip(panels.clone()) {
                    scores.fill(0.0);
                    tile.add(padded, queries, keys.panel(panel, 0), scores);
                }
                let rows =
                    self.rows.start + i * ROWS..self.rows.end.min(self.rows.start + (i + 1) * ROWS);
                self.add_bias(scores, rows, span.clone());
                soften(self.path, scores, span.len(), state, &mut scratch.weights);
                let depth = span.len().next_multiple_of(T::GROUP);
                for (j, mixed) in state.mixed.iter_mut().enumerate() {
                    tile.add(depth, &scratch.weights, values.panel(j, first), mixed);
                }
            }
        }

        for (i, row) in self.rows.clone().enumerate() {
            let (state, r) = (&scratch.states[i / ROWS], i % ROWS);
            let at = (self.item * self.heads.queries + row) * self.heads.row() + self.head * width;
            // SAFETY: no other task has this query and head.
            let out = unsafe { out.part(at, width) };
            let factor = state.factor(r);
            for (out, mixed) in out.chunks_mut(COLUMNS).zip(&state.mixed) {
                for (out, mixed) in out.iter_mut().zip(&mixed[r * COLUMNS..]) {
                    out.write(O::from_f32(mixed * factor));
                }
            }
        }
    }

    /// Adds to the scores of `rows` and `keys` what is to be added.
    fn add_bias(&self, scores: &mut [Sums], rows: Range<usize>, keys: Range<usize>) {
        let Heads {
            queries: n,
            keys: l,
            ..
        } = self.heads;
        let mut add = |r: usize, bias: &[f32]| {
            for (scores, bias) in scores.iter_mut().zip(bias[keys.clone()].chunks(COLUMNS)) {
                for (score, bias) in scores[r * COLUMNS..].iter_mut().zip(bias) {
                    *score += bias;
                }
            }
        };
        for (r, row) in rows.enumerate() {
            if let Some(pairs) = self.bias.pairs {
                add(r, &pairs[(self.head * n + row) * l..][..l]);
            }
            if let Some(keys) = self.bias.keys {
                add(r, &keys[self.item * l..][..l]);
            }
            if let Some(queries) = self.bias.queries {
                add(r, &queries[(self.item * n + row) * l..][..l]);
            }
        }
    }
}

for_each_path! {
    fn soften<T: Element>(
        scores: &mut [Sums],
        keys: usize,
        state: &mut State,
        weights: &mut [T],
    ) = soften_rows
}

/// Turns scores of `keys` keys into weights relative to the largest score of each row so far, and scales
/// down what has been summed before.
#[inline(always)]
fn soften_rows<T: Element>(scores: &mut [Sums], keys: usize, state: &mut State, weights: &mut [T]) {
    if let (Some(last), rest @ 1..) = (scores.last_mut(), keys % COLUMNS) {
        for row in last.as_chunks_mut::<COLUMNS>().0 {
            row[rest..].fill(f32::NEG_INFINITY);
        }
    }
    for (r, weights) in weights.chunks_mut(Tile::<T>::STRIDE).enumerate() {
        let at = r * COLUMNS..(r + 1) * COLUMNS;
        let mut lanes = [f32::NEG_INFINITY; COLUMNS];
        for scores in scores.iter() {
            for (lane, &score) in lanes.iter_mut().zip(&scores[at.clone()]) {
                *lane = if score > *lane { score } else { *lane };
            }
        }
        let before = state.largest[r];
        let largest = lanes.iter().fold(before, |a, &b| if b > a { b } else { a });
        // A row without a finite score so far must not make what comes later not a number.
        let shift = if largest == f32::NEG_INFINITY {
            0.0
        } else {
            largest
        };
        let mut lanes = [0f32; COLUMNS];
        for (scores, weights) in scores.iter().zip(weights.chunks_mut(COLUMNS)) {
            let scores: &[f32; COLUMNS] = scores[at.clone()].try_into().expect("a row of a tile");
            for ((lane, score), weight) in lanes.iter_mut().zip(scores).zip(weights) {
                let x = math::exp(score - shift);
                *lane += x;
                *weight = T::from_f32(x);
            }
        }
        let total: f32 = lanes.iter().sum();
        let factor = math::exp(before - shift);
        state.total[r] = state.total[r] * factor + total;
        state.largest[r] = largest;
        for mixed in &mut state.mixed {
            for mixed in &mut mixed[at.clone()] {
                *mixed *= factor;
            }
        }
    }
}

#[cfg(test)]
mod tests;
