//! A result that tasks write parts of.

use std::mem::MaybeUninit;

/// Where the values of a result will lie.
pub struct Out<O> {
    start: *mut MaybeUninit<O>,
    len: usize,
}

// SAFETY: whoever writes vouches for parts that are disjoint, and nobody reads before `filled` returns.
unsafe impl<O: Send> Sync for Out<O> {}

impl<O> Out<O> {
    /// A vector of `len` values, all of which `fill` writes.
    ///
    /// # Safety
    /// `fill` must write every value.
    pub unsafe fn filled(len: usize, fill: impl FnOnce(&Self)) -> Vec<O> {
        let mut values = Vec::with_capacity(len);
        fill(&Self {
            start: values.spare_capacity_mut().as_mut_ptr(),
            len,
        });
        // SAFETY: there is room for `len` values, and the caller vouches that all are written.
        unsafe { values.set_len(len) };
        values
    }

    /// `len` values from `at` on.
    ///
    /// # Safety
    /// Nobody else may have any of them at the same time.
    #[expect(
        clippy::mut_from_ref,
        reason = "that the parts are disjoint is the caller's part"
    )]
    #[inline(always)]
    pub unsafe fn part(&self, at: usize, len: usize) -> &mut [MaybeUninit<O>] {
        assert!(at <= self.len && len <= self.len - at);
        // SAFETY: the part lies within the room there is, and is the caller's alone.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(at), len) }
    }
}
