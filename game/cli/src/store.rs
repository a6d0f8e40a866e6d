//! Which store, and its key: `--store`, `--demo`, passphrase by prompt, file descriptor or file.
