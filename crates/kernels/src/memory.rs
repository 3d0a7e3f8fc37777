//! Large blocks of memory, kept for whoever asks next.
//!
//! Activations are large, short-lived, and of few sizes. From the system, each would be fresh pages of 4 KiB
//! that fault one by one and are cleared first: a good part of what a cheap layer costs. Here they are
//! pages of 2 MiB, and what is given back is handed out again. What is in use and what is kept never come to
//! more than was ever in use at the same time.

use std::alloc::{GlobalAlloc, Layout, System};

/// The system's allocator, but for large blocks: `#[global_allocator] static A: Allocator = Allocator;`
pub struct Allocator;

/// Gives blocks that nobody uses back to the system.
pub fn trim() {
    #[cfg(target_os = "linux")]
    large::trim();
}

/// The most bytes that were in large blocks in use at the same time, since the last [`trim`]. 0 where the system keeps them.
pub fn peak() -> usize {
    #[cfg(target_os = "linux")]
    return large::peak();
    #[cfg(not(target_os = "linux"))]
    0
}

// SAFETY: whether a block is large depends on its layout alone, so it goes back to where it came from.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        #[cfg(target_os = "linux")]
        if large::is(layout) {
            return large::take(layout.size()).0;
        }
        // SAFETY: the caller's layout.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        #[cfg(target_os = "linux")]
        if large::is(layout) {
            let (block, fresh) = large::take(layout.size());
            if !fresh && !block.is_null() {
                // SAFETY: the block has at least that size.
                unsafe { block.write_bytes(0, layout.size()) };
            }
            return block;
        }
        // SAFETY: the caller's layout.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        #[cfg(target_os = "linux")]
        if large::is(layout) {
            return large::give(block, layout.size());
        }
        // SAFETY: a block of the system's, with its layout.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller vouches for size and alignment.
        let new = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        #[cfg(target_os = "linux")]
        if large::is(layout) || large::is(new) {
            if large::is(layout) && large::is(new) && large::same(layout.size(), size) {
                return block;
            }
            // SAFETY: as much as both hold, from one to the other; then the old one goes where it came from.
            unsafe {
                let moved = self.alloc(new);
                if !moved.is_null() {
                    block.copy_to_nonoverlapping(moved, size.min(layout.size()));
                    self.dealloc(block, layout);
                }
                return moved;
            }
        }
        // SAFETY: a block of the system's, with its layout.
        unsafe { System.realloc(block, layout, new.size()) }
    }
}

#[cfg(target_os = "linux")]
mod large {
    use std::alloc::Layout;
    use std::ptr::null_mut;
    use std::sync::{Mutex, MutexGuard};

    /// From here on a block is large.
    const LARGE: usize = 1 << 20;
    /// A huge page.
    const PAGE: usize = 2 << 20;
    /// Blocks that can be kept.
    const KEPT: usize = 64;

    struct Kept {
        /// Address and size, oldest first.
        blocks: [(usize, usize); KEPT],
        count: usize,
        /// Bytes of these, and of those in use.
        idle: usize,
        used: usize,
        /// The most bytes so far in use.
        peak: usize,
    }

    static KEEPER: Mutex<Kept> = Mutex::new(Kept {
        blocks: [(0, 0); KEPT],
        count: 0,
        idle: 0,
        used: 0,
        peak: 0,
    });

    fn keeper() -> MutexGuard<'static, Kept> {
        KEEPER
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub fn is(layout: Layout) -> bool {
        layout.size() >= LARGE && layout.align() <= 4096
    }

    /// What a block of `size` bytes takes: whole huge pages, in steps of an eighth so that sizes recur.
    fn class(size: usize) -> Option<usize> {
        let step = (size.checked_next_power_of_two()? / 16).max(PAGE);
        size.checked_next_multiple_of(step)
    }

    pub fn same(size: usize, other: usize) -> bool {
        class(size) == class(other)
    }

    /// A block, and whether it is fresh, all zeros. Null where there is none to be had.
    pub fn take(size: usize) -> (*mut u8, bool) {
        let Some(size) = class(size) else {
            return (null_mut(), false);
        };
        let mut keeper = keeper();
        let fits = |block: &(usize, usize)| block.1 == size;
        if let Some(i) = keeper.blocks[..keeper.count].iter().rposition(fits) {
            let (address, _) = keeper.remove(i);
            keeper.spend(size);
            return (address as *mut u8, false);
        }
        while keeper.count > 0 && keeper.used + keeper.idle + size > keeper.peak {
            let block = keeper.remove(0);
            unmap(block);
        }
        let address = map(size);
        if address == 0 {
            return (null_mut(), false);
        }
        keeper.spend(size);
        (address as *mut u8, true)
    }

    pub fn give(block: *mut u8, size: usize) {
        let size = class(size).expect("it was taken");
        let mut keeper = keeper();
        keeper.used -= size;
        if keeper.count == KEPT {
            let oldest = keeper.remove(0);
            unmap(oldest);
        }
        let count = keeper.count;
        keeper.blocks[count] = (block as usize, size);
        keeper.count += 1;
        keeper.idle += size;
    }

    pub fn trim() {
        let mut keeper = keeper();
        while keeper.count > 0 {
            let block = keeper.remove(0);
            unmap(block);
        }
        keeper.peak = keeper.used;
    }

    /// Bytes in use or kept.
    #[cfg(test)]
    pub fn held() -> usize {
        let keeper = keeper();
        keeper.used + keeper.idle
    }

    pub fn peak() -> usize {
        keeper().peak
    }

    impl Kept {
        fn spend(&mut self, size: usize) {
            self.used += size;
            self.peak = self.peak.max(self.used);
        }

        fn remove(&mut self, i: usize) -> (usize, usize) {
            let block = self.blocks[i];
            self.blocks.copy_within(i + 1..self.count, i);
            self.count -= 1;
            self.idle -= block.1;
            block
        }
    }

    /// The address of fresh memory that begins with a huge page, or 0.
    fn map(size: usize) -> usize {
        let Some(more) = size.checked_add(PAGE) else {
            return 0;
        };
        // SAFETY: new memory, of which what lies before and after the block is given back at once.
        unsafe {
            let (access, kind) = (
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            );
            let start = libc::mmap(null_mut(), more, access, kind, -1, 0);
            if start == libc::MAP_FAILED {
                return 0;
            }
            let start = start as usize;
            let block = start.next_multiple_of(PAGE);
            for (from, to) in [(start, block), (block + size, start + more)] {
                if to > from {
                    libc::munmap(from as *mut _, to - from);
                }
            }
            // Advice: where it is not taken, pages are small.
            libc::madvise(block as *mut _, size, libc::MADV_HUGEPAGE);
            block
        }
    }

    fn unmap((address, size): (usize, usize)) {
        // SAFETY: such a block was mapped as a whole, and nobody has it.
        unsafe { libc::munmap(address as *mut _, size) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn no_more_is_kept_than_was_ever_in_use() {
        // Sizes that never recur, so that each block is a new one: what was given back must make room.
        let layout = |size: usize| Layout::from_size_align(size << 20, 16).expect("a layout");
        for size in (2..60).step_by(2) {
            // SAFETY: a block is given back with its layout.
            unsafe { Allocator.dealloc(Allocator.alloc(layout(size)), layout(size)) };
            assert!(large::held() <= peak(), "{size} MiB");
        }
    }

    #[test]
    fn blocks_come_back_and_zeros_are_zeros() {
        let layout = |size| Layout::from_size_align(size, 16).expect("a layout");
        for size in [100, 3 << 20, 5 << 20] {
            // SAFETY: blocks are used within their layouts and given back with them.
            unsafe {
                let first = Allocator.alloc(layout(size));
                first.write_bytes(7, size);
                Allocator.dealloc(first, layout(size));
                let second = Allocator.alloc_zeroed(layout(size));
                let bytes = std::slice::from_raw_parts(second, size);
                assert!(bytes.iter().all(|byte| *byte == 0));
                second.write_bytes(9, size);
                for larger in [size + 1, 4 * size, 64, size] {
                    // Grown and shrunk, it keeps what both hold.
                    let moved = Allocator.alloc(layout(size));
                    moved.write_bytes(9, size);
                    let moved = Allocator.realloc(moved, layout(size), larger);
                    let bytes = std::slice::from_raw_parts(moved, larger.min(size));
                    assert!(bytes.iter().all(|byte| *byte == 9));
                    Allocator.dealloc(moved, layout(larger));
                }
                Allocator.dealloc(second, layout(size));
            }
        }
        trim();
    }
}
