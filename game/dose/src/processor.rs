//! What this processor has. Code for it and code for any other give the same bits: nothing is fused.

/// Whether what is compiled for AVX2 may run here.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn has_avx2() -> bool {
    #[cfg(test)]
    if plain::ASKED.get() {
        return false;
    }
    std::arch::is_x86_feature_detected!("avx2")
}

#[cfg(test)]
pub(crate) mod plain {
    //! As on a processor that has nothing special.

    thread_local! {
        pub(super) static ASKED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
    }

    /// Does something so on this thread.
    pub(crate) fn on<R>(work: impl FnOnce() -> R) -> R {
        ASKED.set(true);
        let out = work();
        ASKED.set(false);
        out
    }
}
