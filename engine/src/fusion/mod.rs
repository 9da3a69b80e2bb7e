//! Aligned volumes shown as one.
